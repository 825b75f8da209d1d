// A queue, workers and tables in which nothing happens by itself: the scheduler decides which request lands next.
//
// The workers run the real `processBatch`. Each of their requests, and each pause between two attempts, waits here.

import { mustBeRetried } from '../../contract/outcomes.js';
import type { Settings } from '../../contract/settings.js';
import { processBatch } from '../../functions/worker/process-batch.js';
import type { Event } from '../support/builders/history.js';
import { type MemoryEngine, memoryEngine } from '../support/emulators/memory-engine.js';
import type { Action, Fate } from './actions.js';
import { describe, detail, isWrite, type Part, partsOf, target } from './requests.js';

export interface Message {
  /** The event's ID; a second message of the same event has a suffix. */
  readonly id: string;
  readonly event: Event;
}

export interface Queued extends Message {
  readonly body: string;
  /** The workers that have it now. */
  holders: number;
  /** How often it was handed out. */
  receipts: number;
  acknowledged: boolean;
}

export interface Worker {
  readonly number: number;
  readonly messages: readonly Queued[];
  readonly requests: Request[];
  readonly pauses: (() => void)[];
  state: 'alive' | 'timed out' | 'dead' | 'done';
}

export interface Request {
  readonly worker: Worker;
  readonly name: string;
  readonly input: unknown;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** A batch of which some items have been read or written: what is left, and what was read. */
  left?: Part[];
  read?: Record<string, unknown[]>;
  /** How often the SDK has sent it. */
  attempts: number;
}

/** How often each disturbance came about. */
export interface Counts {
  workers: number;
  requests: number;
  crashes: number;
  timeouts: number;
  failures: number;
  resent: number;
  late: number;
  unprocessed: number;
  stale: number;
  twice: number;
  regrouped: number;
  parallel: number;
}

export function noCounts(): Counts {
  return {
    workers: 0,
    requests: 0,
    crashes: 0,
    timeouts: 0,
    failures: 0,
    resent: 0,
    late: 0,
    unprocessed: 0,
    stale: 0,
    twice: 0,
    regrouped: 0,
    parallel: 0,
  };
}

/** A request that was held up in the network: its worker no longer waits for it. */
export interface Copy {
  readonly worker: number;
  readonly name: string;
  readonly input: unknown;
  readonly what: string;
}

export interface World {
  readonly engine: MemoryEngine;
  readonly queue: readonly Queued[];
  readonly workers: readonly Worker[];
  readonly copies: readonly Copy[];
  /** How many workers have reported their batch. */
  readonly finished: number;
  /** What must never happen, whatever the schedule. */
  readonly broken: string | undefined;
  deliver(messages: readonly Queued[], number?: number): void;
  request(request: Request, fate: Fate): void;
  /** Reads or writes one item of a batch request. */
  item(request: Request, index: number, stale: boolean): void;
  wake(worker: Worker): void;
  crash(worker: Worker): void;
  timeout(worker: Worker): void;
  late(copy: Copy): void;
  /** Waits until every worker waits for something. */
  settle(): Promise<void>;
}

export interface WorldOptions {
  readonly settings: Settings;
  readonly messages: readonly Message[];
  /** Items in a page of a query. */
  readonly pageSize?: number;
  /** Counts on in these. */
  readonly counts?: Counts;
  /** Tables to start with, instead of empty ones. */
  readonly engine?: MemoryEngine;
  /** Called with each step, as an action and in words. */
  readonly record?: (words: string, action?: Action) => void;
}

const bodies = new WeakMap<Event, string>();
function bodyOf(event: Event): string {
  let body = bodies.get(event);
  if (body === undefined) {
    body = JSON.stringify(event);
    bodies.set(event, body);
  }
  return body;
}

/** With no I/O behind it, a tick comes once every worker waits for us again: it runs when no microtask is left. */
const settle = () => new Promise<void>((resolve) => process.nextTick(resolve));

/** The world whose worker runs at the moment: its pauses belong to it. */
let running: Worker | undefined;
const realSetTimeout = globalThis.setTimeout;

/** While the work is done, a pause of a worker ends when the schedule says so. */
export async function withoutClock<T>(work: () => Promise<T>): Promise<T> {
  globalThis.setTimeout = ((wake: () => void) => {
    if (!running) throw new Error('a pause outside a worker');
    running.pauses.push(wake);
  }) as never;
  try {
    return await work();
  } finally {
    globalThis.setTimeout = realSetTimeout;
  }
}

export function createWorld({
  settings,
  messages,
  pageSize,
  record,
  counts = noCounts(),
  engine = memoryEngine(pageSize === undefined ? {} : { pageSize }),
}: WorldOptions): World {
  const queue = messages.map(
    (message): Queued => ({ ...message, body: bodyOf(message.event), holders: 0, receipts: 0, acknowledged: false }),
  );
  const workers: Worker[] = [];
  const copies: Copy[] = [];
  let finished = 0;
  let lastNumber = 0;
  let broken: string | undefined;

  const whatIs = (request: Pick<Request, 'name' | 'input'>) => describe(request.name, request.input);
  const say = (action: () => Action, words: () => string) => record?.(words(), action());
  const forget = (request: Request) => request.worker.requests.splice(request.worker.requests.indexOf(request), 1);
  const release = (worker: Worker) => {
    for (const message of worker.messages) message.holders--;
    workers.splice(workers.indexOf(worker), 1);
  };
  const holdUp = (request: Request) => {
    if (!isWrite(request.name)) return;
    const parts: readonly { name: string; input: unknown }[] =
      request.name === 'BatchWriteCommand' ? (request.left ?? partsOf(request.name, request.input)) : [request];
    for (const { name, input } of parts)
      copies.push({ worker: request.worker.number, name, input, what: describe(name, input) });
  };

  /** Applies what is left of a request. @returns its answer, or the error that is its answer */
  const apply = (request: Request, stale: boolean): { output?: unknown; error?: unknown } => {
    try {
      if (!request.left) return { output: engine.answer(request.name, request.input, stale) };
      while (request.left.length > 0) applyPart(request, 0, stale);
      return { output: { Responses: request.read } };
    } catch (error) {
      if ((error as Error).name !== 'ConditionalCheckFailedException') throw error;
      return { error };
    }
  };
  const applyPart = (request: Request, index: number, stale: boolean) => {
    const [part] = request.left!.splice(index, 1);
    const { Responses } = engine.answer(part!.name, part!.input, stale) as { Responses?: Record<string, unknown[]> };
    for (const [table, items] of Object.entries(Responses ?? {})) {
      request.read ??= {};
      request.read[table] = [...(request.read[table] ?? []), ...items];
    }
  };
  const resend = (request: Request) => {
    request.attempts++;
    delete request.left;
    delete request.read;
  };
  const settleWith = (request: Request, { output, error }: { output?: unknown; error?: unknown }) => {
    forget(request);
    running = request.worker;
    if (error !== undefined) request.reject(error);
    else request.resolve(output);
  };

  const world: World = {
    engine,
    queue,
    workers,
    copies,
    get finished() {
      return finished;
    },
    get broken() {
      return broken;
    },
    settle,
    deliver(batch, number = lastNumber + 1) {
      lastNumber = Math.max(lastNumber, number);
      const worker: Worker = { number, messages: batch, requests: [], pauses: [], state: 'alive' };
      workers.push(worker);
      counts.workers++;
      if (workers.length > 1) counts.parallel++;
      if (batch.some(({ holders }) => holders > 0)) counts.twice++;
      if (batch.length > 1 && batch.some(({ receipts }) => receipts > 0)) counts.regrouped++;
      for (const message of batch) {
        message.holders++;
        message.receipts++;
      }
      say(
        () => ({ do: 'deliver', worker: number, messages: batch.map(({ id }) => id) }),
        () => `worker ${number} receives ${batch.map(({ id, event }) => `${id} (${event.type})`).join(' and ')}`,
      );
      const client = {
        send: (command: { constructor: { name: string }; input: unknown }) =>
          new Promise((resolve, reject) => {
            const { name } = command.constructor;
            if (worker.state === 'timed out') reject(failure('AbortError'));
            else worker.requests.push({ worker, name, input: command.input, resolve, reject, attempts: 1 });
          }),
      };
      const signal = {
        throwIfAborted() {
          if (worker.state === 'timed out') throw failure('AbortError');
        },
      };
      running = worker;
      processBatch(
        { tables: engine.tables, client: client as never, signal: signal as never },
        settings,
        batch.map(({ id, body }) => ({ messageId: id, body })),
      ).then(
        (results) => {
          if (worker.state === 'dead') return;
          const failed = new Set<string>();
          for (const result of results) {
            if (result.outcome === 'not_understood')
              broken ??= `${result.messageId} is not understood: ${result.reason}`;
            if (mustBeRetried(result)) failed.add(result.messageId);
          }
          for (const message of batch) if (!failed.has(message.id)) message.acknowledged = true;
          worker.state = 'done';
          finished++;
          release(worker);
          record?.(
            `worker ${number} is done${failed.size > 0 ? `; it reports as failed ${[...failed].join(', ')}` : ''}`,
          );
        },
        (error) => {
          broken ??= `processBatch throws: ${error}`;
          release(worker);
        },
      );
    },
    request(request, fate) {
      const what = record && whatIs(request);
      const { worker } = request;
      let answer: { output?: unknown; error?: unknown } = {};
      counts.requests++;
      if (fate.endsWith('failed')) counts.failures++;
      if (fate.endsWith('resent')) counts.resent++;
      if (fate === 'partly') counts.unprocessed++;
      if (fate === 'landed-stale') counts.stale++;
      if (fate.startsWith('landed')) answer = apply(request, fate === 'landed-stale');
      if (fate === 'late-resent' || fate === 'late-failed') holdUp(request);
      say(
        () => ({ do: 'request', worker: worker.number, what: what!, fate }),
        () => `worker ${worker.number}: ${what}${outcome(request, fate, answer)}`,
      );
      if (fate === 'landed-resent' || fate === 'late-resent') resend(request);
      else if (fate === 'landed' || fate === 'landed-stale') settleWith(request, answer);
      else if (fate === 'partly') settleWith(request, { output: partial(request) });
      else settleWith(request, { error: failure('TimeoutError') });
    },
    item(request, index, stale) {
      request.left ??= partsOf(request.name, request.input);
      const what = record && whatIs(request);
      const item = request.left[index]!.what;
      applyPart(request, index, stale);
      say(
        () => ({ do: 'item', worker: request.worker.number, what: what!, item, stale }),
        () => {
          const done = isWrite(request.name) ? 'written' : stale ? 'read as it was before' : 'read';
          return `worker ${request.worker.number}: ${what}: ${item} is ${done} now`;
        },
      );
    },
    wake(worker) {
      say(
        () => ({ do: 'wake', worker: worker.number }),
        () => `worker ${worker.number}: its pause is over`,
      );
      running = worker;
      worker.pauses.shift()!();
    },
    crash(worker) {
      say(
        () => ({ do: 'crash', worker: worker.number }),
        () => `worker ${worker.number} dies${underWay(worker)}`,
      );
      counts.crashes++;
      worker.state = 'dead';
      for (const request of worker.requests) holdUp(request);
      release(worker);
    },
    timeout(worker) {
      say(
        () => ({ do: 'timeout', worker: worker.number }),
        () => `worker ${worker.number} runs out of time${underWay(worker)}`,
      );
      counts.timeouts++;
      worker.state = 'timed out';
      running = worker;
      for (const request of worker.requests.splice(0)) {
        holdUp(request);
        request.reject(failure('AbortError'));
      }
      for (const wake of worker.pauses.splice(0)) wake();
    },
    late(copy) {
      copies.splice(copies.indexOf(copy), 1);
      counts.late++;
      let words = 'takes effect only now';
      try {
        engine.answer(copy.name, copy.input);
      } catch (error) {
        if ((error as Error).name !== 'ConditionalCheckFailedException') throw error;
        words = 'arrives only now, and its condition does not hold';
      }
      say(
        () => ({ do: 'late', worker: copy.worker, what: copy.what }),
        () => `worker ${copy.worker}’s ${copy.what}${written(copy.name, copy.input)} ${words}`,
      );
    },
  };
  return world;
}

function failure(name: string): Error {
  return Object.assign(new Error('simulated'), { name });
}

/** The answer of a batch of which only a part was read or written. */
function partial(request: Request): unknown {
  const unprocessed: Record<string, { Keys: unknown[] } | unknown[]> = {};
  for (const { input } of request.left!) {
    for (const [table, each] of Object.entries(input.RequestItems as Record<string, { Keys: unknown[] } | unknown[]>)) {
      const known = unprocessed[table];
      if (Array.isArray(each)) unprocessed[table] = [...((known as unknown[]) ?? []), ...each];
      else unprocessed[table] = { ...each, Keys: [...((known as { Keys: unknown[] })?.Keys ?? []), ...each.Keys] };
    }
  }
  return request.name === 'BatchGetCommand'
    ? { Responses: request.read, UnprocessedKeys: unprocessed }
    : { UnprocessedItems: unprocessed };
}

/** Which items one more request would be about, to find those that meet. */
export function itemOf(request: Pick<Request, 'name' | 'input'>): string | undefined {
  return target(request.name, request.input);
}

function written(name: string, input: unknown): string {
  const { Item, ExpressionAttributeValues } = input as {
    Item?: unknown;
    ExpressionAttributeValues?: Record<string, unknown>;
  };
  if (name === 'PutCommand') return ` {${detail(Item)}}`;
  if (name !== 'UpdateCommand') return '';
  const values = Object.entries(ExpressionAttributeValues ?? {}).map(([key, value]) => [key.slice(1), value]);
  return ` {${values.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(', ')}}`;
}

function outcome(request: Request, fate: Fate, { output, error }: { output?: unknown; error?: unknown }): string {
  const effect = error
    ? 'its condition does not hold'
    : output === undefined || isWrite(request.name)
      ? 'landed'
      : found(output);
  const sets = written(request.name, request.input);
  switch (fate) {
    case 'landed':
      return `${sets}: ${effect}`;
    case 'landed-stale':
      return `, as it was before: ${effect}`;
    case 'landed-resent':
      return `${sets}: ${effect}; the answer is lost, and the SDK sends it again`;
    case 'late-resent':
      return `${sets}: held up in the network, and the SDK sends it again`;
    case 'failed':
      return `${sets}: failed without effect`;
    case 'landed-failed':
      return `${sets}: ${effect}; the answer is lost, and the worker sees a failure`;
    case 'late-failed':
      return `${sets}: held up in the network, and the worker sees a failure`;
    case 'partly':
      return `: answered, the rest unprocessed: ${request.left!.map(({ what }) => what).join(' + ')}`;
  }
}

function found(output: unknown): string {
  const { Responses, Items } = output as { Responses?: Record<string, unknown[]>; Items?: unknown[] };
  const items = [...Object.values(Responses ?? {}).flat(), ...(Items ?? [])] as Record<string, unknown>[];
  if (items.length === 0) return 'found nothing';
  return `found ${items
    .map((item) => `${item.sk ?? item.transaction_id ?? item.customer_key}${detail(item) ? ` {${detail(item)}}` : ''}`)
    .join(' and ')}`;
}

function underWay(worker: Worker): string {
  const writes = worker.requests.filter(({ name }) => isWrite(name));
  return writes.length === 0
    ? ''
    : `, with under way: ${writes.map(({ name, input }) => describe(name, input)).join('; ')}`;
}
