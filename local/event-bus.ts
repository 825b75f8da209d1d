// The local stack's EventBridge: accepts the change feed's events by PutEvents, and keeps the latest for the console.

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';

/** As PutEvents has it, and as EventBridge would deliver it. */
export interface BusEvent {
  readonly id: string;
  readonly source: string;
  readonly 'detail-type': string;
  /** ISO 8601. */
  readonly time: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

interface Entry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
  /** Unix seconds. */
  readonly Time?: number;
}

interface EntryResult {
  readonly EventId?: string;
  readonly ErrorCode?: string;
  readonly ErrorMessage?: string;
}

export interface EventBus {
  /** The latest events, oldest first. */
  recent(): readonly BusEvent[];
  /** @returns what ends the subscription */
  subscribe(listener: (event: BusEvent) => void): () => void;
  /** Answers PutEvents. @throws {RefusedError} for a request that EventBridge would refuse as a whole */
  put(entries: readonly Entry[]): EntryResult[];
}

/** What PutEvents answers with status 400. */
export class RefusedError extends Error {
  override readonly name = 'ValidationException';
}

const KEPT = 1000;
/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html */
const MAX_ENTRIES = 10;
const MAX_BYTES = 256 * 1024;
const TIME_BYTES = 14;

/** @param refuse names the error code of an entry that is not accepted */
export function createEventBus(refuse: (entry: Entry) => string | undefined = () => undefined): EventBus {
  const events: BusEvent[] = [];
  const listeners = new Set<(event: BusEvent) => void>();
  return {
    recent: () => events,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    put(entries) {
      if (entries.length < 1 || entries.length > MAX_ENTRIES)
        throw new RefusedError(`a request has 1 to ${MAX_ENTRIES} entries, not ${entries.length}`);
      if (entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > MAX_BYTES)
        throw new RefusedError(`the entries of a request have at most ${MAX_BYTES} bytes`);
      return entries.map((entry) => {
        const code = refuse(entry) ?? malformed(entry);
        if (code !== undefined) return { ErrorCode: code, ErrorMessage: code };
        const event = toEvent(entry);
        events.push(event);
        if (events.length > KEPT) events.splice(0, KEPT / 2);
        for (const listener of listeners) listener(event);
        return { EventId: event.id };
      });
    },
  };
}

/** An HTTP server that answers PutEvents. */
export function createEventBusServer(bus: EventBus): Server {
  return createServer(async (request, response) => {
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
    try {
      if (request.headers['x-amz-target'] !== 'AWSEvents.PutEvents')
        return answer(400, { __type: 'UnknownOperationException', message: 'only PutEvents is known here' });
      const Entries = bus.put(JSON.parse(await bodyOf(request)).Entries ?? []);
      answer(200, { Entries, FailedEntryCount: Entries.filter(({ ErrorCode }) => ErrorCode).length });
    } catch (error) {
      const { name, message } = error as Error;
      answer(error instanceof RefusedError ? 400 : 500, { __type: name, message });
    }
  });
}

function malformed({ Source, DetailType, Detail }: Entry): string | undefined {
  if (!Source || !DetailType || !Detail) return 'InvalidArgument';
  try {
    const detail: unknown = JSON.parse(Detail);
    return typeof detail === 'object' && detail !== null && !Array.isArray(detail) ? undefined : 'MalformedDetail';
  } catch {
    return 'MalformedDetail';
  }
}

function toEvent({ Source = '', DetailType = '', Detail = '', Time }: Entry): BusEvent {
  const time = (Time === undefined ? new Date() : new Date(Time * 1000)).toISOString();
  return { id: randomUUID(), source: Source, 'detail-type': DetailType, time, detail: JSON.parse(Detail) };
}

function sizeOf({ Source = '', DetailType = '', Detail = '' }: Entry): number {
  return TIME_BYTES + [Source, DetailType, Detail].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  request.setEncoding('utf8');
  for await (const chunk of request) body += chunk;
  return body;
}
