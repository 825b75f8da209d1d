// A queue, workers and tables in which nothing happens by itself: each request of a worker, and each pause between two of its
// attempts, waits here until a scheduler takes one of the steps of `steps.ts`.

import type { Settings } from '../../contract/settings.js';
import { processBatch } from '../../functions/worker/process-batch.js';
import type { Event } from '../support/builders/history.js';
import { type MemoryEngine, memoryEngine } from '../support/emulators/memory-engine.js';
import type { Action } from './actions.js';
import type { Part } from './requests.js';

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

/** How often each disturbance came about, and how often a history held what only some histories hold. */
export interface Counts {
  workers: number;
  requests: number;
  crashes: number;
  timeouts: number;
  failures: number;
  resent: number;
  late: number;
  /** Of the late requests, those whose worker had run out of time, or had died. */
  afterTimeout: number;
  afterDeath: number;
  unprocessed: number;
  /** Answers of queries that more pages follow. */
  pages: number;
  stale: number;
  twice: number;
  regrouped: number;
  parallel: number;
  /** Messages with an event that the history holds in another API version, too. */
  renderings: number;
  /** Messages with a `#` in an ID or a key. */
  hashes: number;
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
    afterTimeout: 0,
    afterDeath: 0,
    unprocessed: 0,
    pages: 0,
    stale: 0,
    twice: 0,
    regrouped: 0,
    parallel: 0,
    renderings: 0,
    hashes: 0,
  };
}

/** A request that was held up in the network: its worker no longer waits for it. */
export interface Copy {
  readonly worker: number;
  /** What the worker was when it stopped waiting. */
  readonly state: Worker['state'];
  readonly name: string;
  readonly input: unknown;
  readonly what: string;
}

/** All there is at one moment. Only the steps change it. */
export interface World {
  readonly settings: Settings;
  readonly engine: MemoryEngine;
  readonly processBatch: typeof processBatch;
  readonly queue: readonly Queued[];
  /** Those that have a batch. */
  readonly workers: Worker[];
  readonly copies: Copy[];
  readonly counts: Counts;
  readonly record: WorldOptions['record'];
  /** How many workers have reported their batch. */
  finished: number;
  /** The greatest number of a worker so far. */
  lastNumber: number;
  /** What must never happen, whatever the schedule. */
  broken: string | undefined;
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
  /** The worker function's work, instead of the real one. */
  readonly processBatch?: World['processBatch'];
  /** Called with each step, in words and as an action. */
  readonly record?: ((words: string, action?: Action) => void) | undefined;
}

export function createWorld({
  settings,
  messages,
  pageSize,
  record,
  counts = noCounts(),
  engine = memoryEngine(pageSize === undefined ? {} : { pageSize }),
  processBatch: work = processBatch,
}: WorldOptions): World {
  const queue = messages.map(
    (message): Queued => ({ ...message, body: bodyOf(message.event), holders: 0, receipts: 0, acknowledged: false }),
  );
  const start = { finished: 0, lastNumber: 0, broken: undefined };
  return { settings, engine, processBatch: work, queue, workers: [], copies: [], counts, record, ...start };
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

/** A history that takes more steps than this does not come to rest. */
export const MOST_STEPS = 3000;

/** Whether no message is left and no worker works. */
export function isDone(world: World): boolean {
  return world.workers.length === 0 && world.queue.every((message) => message.acknowledged);
}
