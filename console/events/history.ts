// What happened to each event, assembled from the gateway's responses and the functions' log lines.

import { type LogLine, parseLogLine } from '../../contract/log-line.js';
import { mustBeRetried, type WorkerOutcome } from '../../contract/outcomes.js';
import type { Activity, RequestActivity } from '../../local/activity.js';

/** One delivery of an event, or one rejected request. */
export interface Entry {
  /** Increases by one. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly eventId?: string;
  readonly eventType?: string;
  readonly objectId?: string;
  /** As the functions log it; `queued` until the worker has logged an outcome. */
  readonly outcome: string;
  readonly reason?: string;
  readonly attributed?: number;
}

/** A step in the processing of an event. */
export interface Step {
  readonly at: number;
  readonly where: 'webhook' | 'ingest' | 'worker';
  readonly what: string;
}

export interface History {
  /** Oldest first. */
  entries(): readonly Entry[];
  steps(eventId: string): readonly Step[];
  /** The body of an event that was received during this run, with a valid signature. */
  payload(eventId: string): string | undefined;
  add(activity: Activity): void;
  /** Calls the listener with each entry that is new or has changed. @returns a function that ends the subscription */
  subscribe(listener: (entry: Entry) => void): () => void;
}

const KEPT_ENTRIES = 2_000;
const KEPT_PAYLOADS = 1_000;
const KEPT_STEPS_PER_EVENT = 100;

export function createHistory(): History {
  const entries = createEntries();
  const steps = new Map<string, Step[]>();
  const payloads = new Map<string, string>();

  const addStep = (eventId: string, step: Step) => {
    steps.set(eventId, [...(steps.get(eventId) ?? []), step].slice(-KEPT_STEPS_PER_EVENT));
    forgetOldest(steps, KEPT_ENTRIES);
  };
  const addLine = (where: 'ingest' | 'worker', log: LogLine, at: number) => {
    const { event_id: eventId, outcome = '', reason } = log;
    if (eventId) addStep(eventId, { at, where, what: reason ? `${outcome} (${reason})` : outcome });
    if (where === 'ingest') entries.received(describedBy(log), at);
    else entries.processed(describedBy(log), at);
  };
  const addRequest = ({ at, status, duration, body }: RequestActivity) => {
    const eventId = body === undefined ? undefined : idIn(body);
    if (eventId === undefined) return;
    addStep(eventId, { at, where: 'webhook', what: `responded ${status} in ${duration} ms` });
    // A 200 means that the signature was valid: an unsigned request must not define what an event contains.
    if (status !== 200) return;
    payloads.set(eventId, body!);
    forgetOldest(payloads, KEPT_PAYLOADS);
  };

  return {
    entries: entries.list,
    steps: (eventId) => steps.get(eventId) ?? [],
    payload: (eventId) => payloads.get(eventId),
    add(activity) {
      if (activity.kind === 'request') addRequest(activity);
      if (activity.kind !== 'line') return;
      const log = parseLogLine(activity.line);
      // The change feed's lines are about rows.
      if (log?.outcome === undefined || log.service === 'feed') return;
      const where = activity.functionName === 'ingest' ? 'ingest' : 'worker';
      addLine(where, log, Date.parse(log.timestamp ?? '') || activity.at);
    },
    subscribe: entries.subscribe,
  };
}

type Description = Omit<Entry, 'sequence' | 'at'>;

function describedBy(log: LogLine): Description {
  const { event_id: eventId, event_type: eventType, object_id: objectId, outcome = '', reason, attributed } = log;
  return {
    ...(eventId ? { eventId } : {}),
    ...(eventType ? { eventType } : {}),
    ...(objectId ? { objectId } : {}),
    outcome,
    ...(reason ? { reason } : {}),
    ...(attributed ? { attributed } : {}),
  };
}

function createEntries() {
  const entries = new Map<number, Entry>();
  /** The deliveries of an event that the worker has not finished, oldest first. */
  const pending = new Map<string, number[]>();
  const listeners = new Set<(entry: Entry) => void>();
  let sequence = 0;

  const put = (entry: Entry) => {
    entries.set(entry.sequence, entry);
    forgetOldest(entries, KEPT_ENTRIES);
    for (const listener of listeners) listener(entry);
  };
  return {
    list: () => [...entries.values()],
    subscribe(listener: (entry: Entry) => void) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    received(description: Description, at: number) {
      const { eventId, outcome } = description;
      const entry = { sequence: ++sequence, at, ...description };
      if (outcome === 'queued' && eventId) pending.set(eventId, [...(pending.get(eventId) ?? []), entry.sequence]);
      put(entry);
    },
    processed(description: Description, at: number) {
      const { eventId, outcome } = description;
      // Deliveries of one event are identical, so the oldest one gets the outcome.
      const waiting = eventId ? (pending.get(eventId) ?? []) : [];
      const found = waiting.map((each) => entries.get(each)).find((entry) => entry !== undefined);
      put({ ...(found ?? { sequence: ++sequence, at }), ...description });
      if (!eventId || mustBeRetried({ outcome: outcome as WorkerOutcome })) return;
      if (waiting.length > 1) pending.set(eventId, waiting.slice(1));
      else pending.delete(eventId);
    },
  };
}

function forgetOldest<T>(map: Map<T, unknown>, kept: number): void {
  for (const key of map.keys()) {
    if (map.size <= kept) return;
    map.delete(key);
  }
}

function idIn(body: string): string | undefined {
  try {
    const id: unknown = JSON.parse(body)?.id;
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}
