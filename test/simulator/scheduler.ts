// Decides what happens next: at random, from a schedule, or in the plainest way.
//
// Random schedules are not drawn evenly. Most races need a worker that stalls for long, a request that lands next to the write
// that it disturbs, or a redelivery together with a newer event; each history draws how much of that it gets.

import type { Action, Fate } from './actions.js';
import type { Disturbances } from './profiles.js';
import type { Random } from './random.js';
import { describe, isHint, isWrite } from './requests.js';
import { type Copy, itemOf, type Queued, type Request, type Worker, type World } from './world.js';

/** A history that takes more steps than this does not come to rest. */
const MOST_STEPS = 3000;
/** After this many receipts a message is delivered without disturbances, because it would become a dead letter. */
const MOST_ATTEMPTS = 3;

export function isDone(world: World): boolean {
  return world.workers.length === 0 && world.queue.every((message) => message.acknowledged);
}

/** Runs to the end by random choices. @returns why it has no end */
export async function runAtRandom(world: World, random: Random, may: Disturbances): Promise<string | undefined> {
  const chooser = createChooser(world, random, may);
  for (let step = 0; step < MOST_STEPS; step++) {
    if (world.broken) return world.broken;
    if (!chooser.step()) return undefined;
    await world.settle();
  }
  return `not at rest after ${MOST_STEPS} steps`;
}

function createChooser(world: World, random: Random, may: Disturbances) {
  const mood = {
    mostWorkers: may.concurrency || may.twice ? random.pick([2, 2, 3]) : 1,
    largestBatch: random.pick([1, 1, 2, 3, 8]),
    /** How likely the worker that ran last goes on. */
    goesOn: random.pick([0.95, 0.85, 0.6, 0.3]),
    delivers: random.pick([0.05, 0.3, 0.8]),
    disturbs: random.pick([0.03, 0.1, 0.3]),
    stalls: may.concurrency || may.twice ? random.pick([0, 0.05, 0.2]) : 0,
    splits: random.pick([0.1, 0.5]),
    inOrder: random.chance(0.5),
  };
  /** A few disturbances at most: a history with one is as likely as one with many. */
  let left = random.pick([1, 1, 2, 3]);
  let handedOutTwice = may.twice ? random.pick([1, 2]) : 0;
  let current: Worker | undefined;
  const stalled = new Map<Worker, number>();
  const known = new Map<Copy, 'soon' | 'same item' | 'after a worker' | 'last' | 'never'>();
  const born = new Map<Copy, number>();

  const dispositionOf = (copy: Copy) => {
    let disposition = known.get(copy);
    if (!disposition) {
      disposition = may.late
        ? random.pick(['soon', 'same item', 'same item', 'after a worker', 'last', 'last'])
        : 'never';
      known.set(copy, disposition);
      born.set(copy, world.finished);
    }
    return disposition;
  };
  /** A copy that lands right now; `next` is the item that the next request writes. */
  const dueCopy = (next: string | undefined) =>
    world.copies.find((copy) => {
      const disposition = dispositionOf(copy);
      if (disposition === 'soon') return random.chance(0.15);
      if (disposition === 'same item') return next !== undefined && itemOf(copy) === next && random.chance(0.7);
      return disposition === 'after a worker' && world.finished > born.get(copy)! && random.chance(0.3);
    });

  const delivery = (): Queued[] | undefined => {
    if (world.workers.length >= mood.mostWorkers) return undefined;
    const waiting = world.queue.filter((message) => !message.acknowledged && message.holders === 0);
    const again =
      handedOutTwice > 0 ? world.queue.filter((message) => !message.acknowledged && message.holders === 1) : [];
    if (again.length > 0 && random.chance(0.4)) {
      handedOutTwice--;
      return [random.pick(again), ...(waiting.length > 0 && random.chance(0.3) ? [random.pick(waiting)] : [])];
    }
    if (waiting.length === 0) return undefined;
    const redelivered = waiting.some((message) => message.receipts > 0);
    // What failed comes back together with others more often than alone.
    const size = 1 + random.below(Math.min(waiting.length, redelivered ? 4 : mood.largestBatch));
    return (mood.inOrder && !redelivered ? waiting : random.shuffle(waiting)).slice(0, size);
  };

  const chooseWorker = (): Worker | undefined => {
    for (const [worker, until] of stalled)
      if (world.finished >= until || worker.state !== 'alive') stalled.delete(worker);
    const ready = world.workers.filter((worker) => !stalled.has(worker));
    if (ready.length === 0) return world.workers.length > 0 ? random.pick(world.workers) : undefined;
    if (current && ready.includes(current) && random.chance(mood.goesOn)) return current;
    current = random.pick(ready);
    return current;
  };

  const mayDisturb = (worker: Worker) =>
    left > 0 &&
    worker.state === 'alive' &&
    worker.messages.every((message) => message.receipts <= MOST_ATTEMPTS) &&
    random.chance(mood.disturbs);

  const fateOf = (request: Request): Fate => {
    if (isHint(request.name, request.input) && random.chance(0.2)) return 'landed-stale';
    if (!may.failures || !mayDisturb(request.worker)) return 'landed';
    left--;
    const fates: Fate[] = ['failed', 'failed', 'landed-failed', 'landed-resent'];
    if (may.late && isWrite(request.name)) fates.push('late-resent', 'late-resent', 'late-failed', 'late-failed');
    return random.pick(fates);
  };

  const runWorker = (worker: Worker) => {
    const { requests, pauses } = worker;
    if (requests.length === 0) return pauses.length > 0 ? world.wake(worker) : undefined;
    if (may.crashes && mayDisturb(worker)) {
      left--;
      return random.chance(0.8) || !may.failures ? world.crash(worker) : world.timeout(worker);
    }
    if (random.chance(mood.stalls) && world.workers.length > 0 && !stalled.has(worker)) {
      stalled.set(worker, world.finished + random.pick([1, 1, 2]));
      return undefined;
    }
    const request = random.chance(0.7) ? requests[0]! : random.pick(requests);
    const copy = dueCopy(itemOf(request));
    if (copy) return world.late(copy);
    if (may.batches && isBatch(request) && random.chance(mood.splits)) return split(request);
    return world.request(request, fateOf(request));
  };

  const split = (request: Request) => {
    const { left: parts } = request;
    if (parts && parts.length > 0 && left > 0 && random.chance(0.3)) {
      left--;
      return world.request(request, 'partly');
    }
    if (parts?.length === 0) return world.request(request, 'landed');
    const count = parts?.length ?? countItems(request);
    return count > 1 || parts
      ? world.item(request, random.below(count), random.chance(0.2))
      : world.request(request, fateOf(request));
  };

  return {
    /** Does one thing. @returns whether there was anything left to do */
    step(): boolean {
      if (world.workers.length === 0 || random.chance(mood.delivers)) {
        const batch = delivery();
        if (batch) {
          world.deliver(batch);
          return true;
        }
      }
      const worker = chooseWorker();
      if (worker) {
        runWorker(worker);
        return true;
      }
      if (!isDone(world)) return true;
      // Long after: whatever was held up may still land, or never will.
      const copy = world.copies.find((each) => dispositionOf(each) !== 'never');
      if (!copy) return false;
      if (random.chance(0.8)) world.late(copy);
      else known.set(copy, 'never');
      return true;
    },
  };
}

function isBatch(request: Request): boolean {
  return request.name === 'BatchGetCommand' || request.name === 'BatchWriteCommand';
}

function countItems(request: Request): number {
  const tables = Object.values((request.input as { RequestItems: Record<string, { Keys?: unknown[] }> }).RequestItems);
  return tables.reduce((sum, each) => sum + (Array.isArray(each) ? each.length : each.Keys!.length), 0);
}

/** Follows a schedule, leaving out what is not possible (any more), and then ends in the plainest way. */
export async function runSchedule(world: World, actions: readonly Action[]): Promise<string | undefined> {
  for (const action of actions) {
    if (world.broken) return world.broken;
    if (take(world, action)) await world.settle();
  }
  for (let step = 0; step < MOST_STEPS; step++) {
    if (world.broken) return world.broken;
    const [worker] = world.workers;
    if (worker) {
      if (worker.requests.length > 0) world.request(worker.requests[0]!, 'landed');
      else if (worker.pauses.length > 0) world.wake(worker);
    } else {
      const message = world.queue.find((each) => !each.acknowledged);
      if (!message) return undefined;
      world.deliver([message]);
    }
    await world.settle();
  }
  return `not at rest after ${MOST_STEPS} steps`;
}

function take(world: World, action: Action): boolean {
  if (action.do === 'deliver') {
    const batch = action.messages
      .map((id) => world.queue.find((message) => message.id === id))
      .filter((message) => message !== undefined)
      .filter((message) => !message.acknowledged && !world.workers.some((w) => w.number === action.worker));
    if (batch.length > 0) world.deliver(batch, action.worker);
    return batch.length > 0;
  }
  if (action.do === 'late') {
    const copy =
      world.copies.find(({ worker, what }) => worker === action.worker && what === action.what) ??
      world.copies.find(({ what }) => what === action.what);
    if (copy) world.late(copy);
    return copy !== undefined;
  }
  const worker = world.workers.find(({ number }) => number === action.worker);
  if (!worker) return false;
  switch (action.do) {
    case 'wake':
      if (worker.pauses.length > 0) world.wake(worker);
      return true;
    case 'crash':
      world.crash(worker);
      return true;
    case 'timeout':
      world.timeout(worker);
      return true;
    case 'request': {
      const request = find(worker, action.what);
      if (!request || (action.fate === 'partly' && !isHalfDone(request))) return false;
      world.request(request, action.fate);
      return true;
    }
    case 'item': {
      const request = find(worker, action.what);
      if (!request || !isBatch(request)) return false;
      const index = request.left?.findIndex(({ what }) => what === action.item) ?? 0;
      if (index < 0) return false;
      world.item(request, index, action.stale);
      return true;
    }
  }
}

function isHalfDone(request: Request): boolean {
  return request.left !== undefined && request.left.length > 0;
}

/** The request of that name; where history or schedule have shrunk, the first of the same kind. */
function find(worker: Worker, what: string): Request | undefined {
  const texts = worker.requests.map(({ name, input }) => describe(name, input));
  const exact = texts.indexOf(what);
  const kind = what.split(' ')[0]!;
  return worker.requests[exact >= 0 ? exact : texts.findIndex((text) => text.startsWith(kind))];
}
