// Decides at random what happens next.
//
// Random schedules are not drawn evenly. Most races need a worker that stalls for long, a request that lands next to the write
// that it disturbs, or a redelivery together with a newer event; each history draws how much of that it gets.

import type { Fate } from './actions.js';
import { createLateCopies, type LateCopies } from './late-copies.js';
import { allWaiting } from './pauses.js';
import type { Disturbances } from './profiles.js';
import type { Random } from './random.js';
import { countItems, isBatch, isHint, isWrite, target } from './requests.js';
import { crash, deliver, landLate, resolveItem, resolveRequest, timeOut, wake } from './steps.js';
import { isDone, MOST_STEPS, type Queued, type Request, type Worker, type World } from './world.js';

/** After this many receipts a message is delivered without disturbances, because it would become a dead letter. */
const MOST_ATTEMPTS = 3;

/** Runs to the end by random choices. @returns why it has no end */
export async function runAtRandom(world: World, random: Random, may: Disturbances): Promise<string | undefined> {
  const run = createRun(world, random, may);
  for (let step = 0; step < MOST_STEPS; step++) {
    if (world.broken) return world.broken;
    if (!takeStep(run)) return undefined;
    await allWaiting();
  }
  return `not at rest after ${MOST_STEPS} steps`;
}

interface Run {
  readonly world: World;
  readonly random: Random;
  readonly may: Disturbances;
  readonly mood: Mood;
  readonly late: LateCopies;
  /** Workers that make no request until so many workers have finished. */
  readonly stalled: Map<Worker, number>;
  /** The worker that ran last. */
  current: Worker | undefined;
  disturbancesLeft: number;
  /** How often a message that a worker has may still be handed to a second one. */
  secondCopiesLeft: number;
}

type Mood = ReturnType<typeof drawMood>;

/** The order of the draws is part of what a seed means. */
function drawMood(random: Random, may: Disturbances) {
  const isParallel = may.concurrency || may.twice;
  return {
    mostWorkers: isParallel ? random.pick([2, 2, 3]) : 1,
    largestBatch: random.pick([1, 1, 2, 3, 8]),
    /** How likely the worker that ran last goes on. */
    goesOn: random.pick([0.95, 0.85, 0.6, 0.3]),
    delivers: random.pick([0.05, 0.3, 0.8]),
    disturbs: random.pick([0.03, 0.1, 0.3]),
    stalls: isParallel ? random.pick([0, 0.05, 0.2]) : 0,
    splits: random.pick([0.1, 0.5]),
    inOrder: random.chance(0.5),
    /** A few at most: a history with one is as likely as one with many. */
    mostDisturbances: random.pick([1, 1, 2, 3]),
    mostSecondCopies: may.twice ? random.pick([1, 2]) : 0,
  };
}

function createRun(world: World, random: Random, may: Disturbances): Run {
  const mood = drawMood(random, may);
  return {
    world,
    random,
    may,
    mood,
    late: createLateCopies(world, random, may),
    stalled: new Map(),
    current: undefined,
    disturbancesLeft: mood.mostDisturbances,
    secondCopiesLeft: mood.mostSecondCopies,
  };
}

/** Does one thing. @returns whether there was anything left to do */
function takeStep(run: Run): boolean {
  const { world, random, mood } = run;
  if (world.workers.length === 0 || random.chance(mood.delivers)) {
    const batch = chooseBatch(run);
    if (batch) {
      deliver(world, batch);
      return true;
    }
  }
  const worker = chooseWorker(run);
  if (worker) {
    runWorker(run, worker);
    return true;
  }
  return !isDone(world) || landLast(run);
}

/** Long after: whatever was held up may still land, or never will. @returns whether anything was held up */
function landLast({ world, random, late }: Run): boolean {
  const copy = late.last();
  if (!copy) return false;
  if (random.chance(0.8)) landLate(world, copy);
  else late.lose(copy);
  return true;
}

function chooseBatch(run: Run): Queued[] | undefined {
  const { world, random, mood } = run;
  if (world.workers.length >= mood.mostWorkers) return undefined;
  const heldBy = (count: number) => world.queue.filter((message) => !message.acknowledged && message.holders === count);
  const waiting = heldBy(0);
  const again = run.secondCopiesLeft > 0 ? heldBy(1) : [];
  if (again.length > 0 && random.chance(0.4)) {
    run.secondCopiesLeft--;
    return [random.pick(again), ...(waiting.length > 0 && random.chance(0.3) ? [random.pick(waiting)] : [])];
  }
  if (waiting.length === 0) return undefined;
  const redelivered = waiting.some((message) => message.receipts > 0);
  // What failed comes back together with others more often than alone.
  const size = 1 + random.below(Math.min(waiting.length, redelivered ? 4 : mood.largestBatch));
  return (mood.inOrder && !redelivered ? waiting : random.shuffle(waiting)).slice(0, size);
}

function chooseWorker(run: Run): Worker | undefined {
  const { world, random, mood, stalled } = run;
  for (const [worker, until] of stalled)
    if (world.finished >= until || worker.state !== 'alive') stalled.delete(worker);
  const ready = world.workers.filter((worker) => !stalled.has(worker));
  if (ready.length === 0) return world.workers.length > 0 ? random.pick(world.workers) : undefined;
  if (run.current && ready.includes(run.current) && random.chance(mood.goesOn)) return run.current;
  run.current = random.pick(ready);
  return run.current;
}

/** What happens to a worker: one of its requests, unless something else comes first. */
function runWorker(run: Run, worker: Worker): void {
  const { world, random, may, mood, stalled } = run;
  if (worker.requests.length === 0) {
    if (worker.pauses.length > 0) wake(world, worker);
  } else if (may.crashes && mayDisturb(run, worker)) {
    run.disturbancesLeft--;
    if (random.chance(0.65) || !may.failures) crash(world, worker);
    else timeOut(world, worker);
  } else if (random.chance(mood.stalls) && !stalled.has(worker)) {
    stalled.set(worker, world.finished + random.pick([1, 1, 2]));
  } else runRequest(run, worker);
}

/** A request of the worker, unless one that was held up lands just before it. */
function runRequest(run: Run, { requests }: Worker): void {
  const { world, random, may, mood, late } = run;
  const request = random.chance(0.7) ? requests[0]! : random.pick(requests);
  const copy = late.due(target(request.name, request.input));
  if (copy) landLate(world, copy);
  else if (may.batches && isBatch(request.name) && random.chance(mood.splits)) splitBatch(run, request);
  else resolveRequest(world, request, chooseFate(run, request));
}

function chooseFate(run: Run, request: Request): Fate {
  const { random, may } = run;
  if (isHint(request.name, request.input) && random.chance(0.2)) return 'landed-stale';
  if (!may.failures || !mayDisturb(run, request.worker)) return 'landed';
  run.disturbancesLeft--;
  const fates: Fate[] = ['failed', 'failed', 'landed-failed', 'landed-resent'];
  if (may.late && isWrite(request.name)) fates.push('late-resent', 'late-resent', 'late-failed', 'late-failed');
  return random.pick(fates);
}

/** Reads or writes a single item of a batch, answers the batch, or leaves the rest of it unprocessed. */
function splitBatch(run: Run, request: Request): void {
  const { world, random } = run;
  const { left } = request;
  const count = left?.length ?? countItems(request.input);
  if (left && count > 0 && run.disturbancesLeft > 0 && random.chance(0.3)) {
    run.disturbancesLeft--;
    resolveRequest(world, request, 'partly');
  } else if (count === 0) resolveRequest(world, request, 'landed');
  else if (count > 1 || left) resolveItem(world, request, random.below(count), random.chance(0.2));
  else resolveRequest(world, request, chooseFate(run, request));
}

function mayDisturb({ random, mood, disturbancesLeft }: Run, worker: Worker): boolean {
  return (
    disturbancesLeft > 0 &&
    worker.state === 'alive' &&
    worker.messages.every((message) => message.receipts <= MOST_ATTEMPTS) &&
    random.chance(mood.disturbs)
  );
}
