// What happened to each event, put together from what the gateway answered and what the functions logged.

import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { type LogLine, parseLogLine } from '../contract/log-line.js';
import type { Activity } from '../local/activity.js';

/** One delivery of an event, or one refused request. */
export interface Entry {
  /** Counts up. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly eventId?: string;
  readonly eventType?: string;
  readonly objectId?: string;
  /** As the functions log it; `queued` until the worker has told more. */
  readonly outcome: string;
  readonly reason?: string;
  readonly attributed?: number;
}

/** A step on an event's way. */
export interface Step {
  readonly at: number;
  readonly where: 'webhook' | 'ingest' | 'worker';
  readonly what: string;
}

export interface History {
  /** Oldest first. */
  entries(): readonly Entry[];
  steps(eventId: string): readonly Step[];
  /** The body as it came, of an event whose signature was right, while this stack has been running. */
  payload(eventId: string): string | undefined;
  add(activity: Activity): void;
  /** Called with each entry that is new or has changed. @returns what ends the subscription */
  subscribe(listener: (entry: Entry) => void): () => void;
}

/** The latest are kept. */
const KEPT_ENTRIES = 2_000;
const KEPT_PAYLOADS = 1_000;
/** So much of the log of earlier runs is read, in bytes. */
const LOG_TAIL = 4 * 1024 * 1024;

/** What the worker will try again. */
const RETRIED = new Set(['failed', 'not_understood']);

export function createHistory(): History {
  const entries = new Map<number, Entry>();
  const steps = new Map<string, Step[]>();
  const payloads = new Map<string, string>();
  const pending = new Map<string, number[]>();
  const listeners = new Set<(entry: Entry) => void>();
  let sequence = 0;

  const put = (entry: Entry) => {
    entries.set(entry.sequence, entry);
    forgetOldest(entries, KEPT_ENTRIES);
    for (const listener of listeners) listener(entry);
  };
  const step = (eventId: string, each: Step) => {
    steps.set(eventId, [...(steps.get(eventId) ?? []), each].slice(-100));
    forgetOldest(steps, KEPT_ENTRIES);
  };

  const onLine = (functionName: string, log: LogLine, at: number) => {
    const { event_id: eventId, event_type: eventType, object_id: objectId, outcome = '', reason, attributed } = log;
    const about = {
      ...(eventId ? { eventId } : {}),
      ...(eventType ? { eventType } : {}),
      ...(objectId ? { objectId } : {}),
      outcome,
      ...(reason ? { reason } : {}),
      ...(attributed ? { attributed } : {}),
    };
    if (eventId)
      step(eventId, {
        at,
        where: functionName === 'ingest' ? 'ingest' : 'worker',
        what: reason ? `${outcome} (${reason})` : outcome,
      });
    if (functionName === 'ingest') {
      const entry = { sequence: ++sequence, at, ...about };
      if (outcome === 'queued') pending.set(eventId!, [...(pending.get(eventId!) ?? []), entry.sequence]);
      put(entry);
      return;
    }
    // What waits longest is answered first: deliveries of one event are all alike.
    const waiting = eventId ? (pending.get(eventId) ?? []) : [];
    const found = waiting.map((each) => entries.get(each)).find((entry) => entry !== undefined);
    put({ ...(found ?? { sequence: ++sequence, at }), ...about });
    if (!eventId || RETRIED.has(outcome)) return;
    if (waiting.length > 1) pending.set(eventId, waiting.slice(1));
    else pending.delete(eventId);
  };

  return {
    entries: () => [...entries.values()],
    steps: (eventId) => steps.get(eventId) ?? [],
    payload: (eventId) => payloads.get(eventId),
    add(activity) {
      if (activity.kind === 'line') {
        const log = parseLogLine(activity.line);
        if (log?.outcome === undefined) return;
        onLine(activity.functionName, log, Date.parse(log.timestamp ?? '') || activity.at);
      } else if (activity.kind === 'request') {
        const eventId = activity.body === undefined ? undefined : idIn(activity.body);
        if (eventId === undefined) return;
        step(eventId, {
          at: activity.at,
          where: 'webhook',
          what: `answered ${activity.status} in ${activity.duration} ms`,
        });
        // Only what was answered 200 was signed by a secret of this stack: nobody else may say what an event holds.
        if (activity.status !== 200) return;
        payloads.set(eventId, activity.body!);
        forgetOldest(payloads, KEPT_PAYLOADS);
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function forgetOldest<T>(map: Map<T, unknown>, kept: number): void {
  if (map.size <= kept) return;
  for (const key of map.keys()) {
    map.delete(key);
    if (map.size <= kept) return;
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

/** The lines at the end of a log file, each with the function that its `service` names. */
export function logTail(file: string): Activity[] {
  if (!existsSync(file)) return [];
  const { size } = statSync(file);
  const length = Math.min(size, LOG_TAIL);
  const buffer = Buffer.alloc(length);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, buffer, 0, length, size - length);
  closeSync(descriptor);
  return buffer
    .toString('utf8')
    .split('\n')
    .map((line): Activity => {
      const log = parseLogLine(line) as { service?: string } | undefined;
      return { kind: 'line', at: 0, functionName: log?.service ?? '', line };
    });
}
