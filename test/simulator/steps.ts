// All that can happen in the simulated world. Each step happens at once, is counted, and is recorded in words and as an action.

import type { Fate } from './actions.js';
import { type Answer, apply, applyPart, holdUp, isFailedCondition, partialAnswer } from './effects.js';
import { invoke, release, sdkError } from './invocation.js';
import { resume } from './pauses.js';
import { describe, isWrite } from './requests.js';
import { outcome, underWay, written } from './words.js';
import type { Copy, Counts, Queued, Request, Worker, World } from './world.js';

/** A new worker receives a batch of messages. */
export function deliver(world: World, batch: readonly Queued[], number = world.lastNumber + 1): void {
  const worker: Worker = { number, messages: batch, requests: [], pauses: [], state: 'alive' };
  world.lastNumber = Math.max(world.lastNumber, number);
  world.workers.push(worker);
  countDelivery(world, batch);
  for (const message of batch) {
    message.holders++;
    message.receipts++;
  }
  world.record?.(`worker ${number} receives ${batch.map(({ id, event }) => `${id} (${event.type})`).join(' and ')}`, {
    do: 'deliver',
    worker: number,
    messages: batch.map(({ id }) => id),
  });
  invoke(world, worker);
}

function countDelivery({ counts, workers }: World, batch: readonly Queued[]): void {
  counts.workers++;
  if (workers.length > 1) counts.parallel++;
  if (batch.some(({ holders }) => holders > 0)) counts.twice++;
  if (batch.length > 1 && batch.some(({ receipts }) => receipts > 0)) counts.regrouped++;
}

/** A request of a worker meets its fate. */
export function resolveRequest(world: World, request: Request, fate: Fate): void {
  const { worker } = request;
  const answer = fate.startsWith('landed') ? apply(world, request, fate === 'landed-stale') : {};
  countRequest(world.counts, fate, answer);
  if (fate === 'late-resent' || fate === 'late-failed') holdUp(world, request);
  if (world.record) {
    const what = describe(request.name, request.input);
    const words = `worker ${worker.number}: ${what}${outcome(request, fate, answer)}`;
    world.record(words, { do: 'request', worker: worker.number, what, fate });
  }
  if (fate.endsWith('resent')) resend(request);
  else if (fate.endsWith('failed')) answerWith(request, { error: sdkError('TimeoutError') });
  else answerWith(request, fate === 'partly' ? partialAnswer(request) : answer);
}

function countRequest(counts: Counts, fate: Fate, { output }: Answer): void {
  counts.requests++;
  if (fate.endsWith('failed')) counts.failures++;
  if (fate.endsWith('resent')) counts.resent++;
  if (fate === 'partly') counts.unprocessed++;
  if (fate === 'landed-stale') counts.stale++;
  if ((output as { LastEvaluatedKey?: unknown } | undefined)?.LastEvaluatedKey) counts.pages++;
}

function answerWith(request: Request, { output, error }: Answer): void {
  const { worker } = request;
  worker.requests.splice(worker.requests.indexOf(request), 1);
  resume(worker);
  if (error !== undefined) request.reject(error);
  else request.resolve(output);
}

/** The SDK sends it again, all of it. */
function resend(request: Request): void {
  request.attempts++;
  delete request.left;
  delete request.read;
}

/** One item of a batch request is read or written, before the others. */
export function resolveItem(world: World, request: Request, index: number, stale: boolean): void {
  const item = applyPart(world, request, index, stale).what;
  if (!world.record) return;
  const { number } = request.worker;
  const what = describe(request.name, request.input);
  const done = isWrite(request.name) ? 'written' : stale ? 'read as it was before' : 'read';
  world.record(`worker ${number}: ${what}: ${item} is ${done} now`, { do: 'item', worker: number, what, item, stale });
}

/** A pause before the worker's next attempt is over. */
export function wake(world: World, worker: Worker): void {
  world.record?.(`worker ${worker.number}: its pause is over`, { do: 'wake', worker: worker.number });
  resume(worker);
  worker.pauses.shift()!();
}

/** The worker dies between two requests; its messages come back. */
export function crash(world: World, worker: Worker): void {
  world.record?.(`worker ${worker.number} dies${underWay(worker)}`, { do: 'crash', worker: worker.number });
  world.counts.crashes++;
  worker.state = 'dead';
  for (const request of worker.requests) holdUp(world, request);
  release(world, worker);
}

/** The function's time is over: the worker gives up what it waits for, and reports what it did not do. */
export function timeOut(world: World, worker: Worker): void {
  world.record?.(`worker ${worker.number} runs out of time${underWay(worker)}`, {
    do: 'timeout',
    worker: worker.number,
  });
  world.counts.timeouts++;
  worker.state = 'timed out';
  resume(worker);
  for (const request of worker.requests.splice(0)) {
    holdUp(world, request);
    request.reject(sdkError('AbortError'));
  }
  for (const end of worker.pauses.splice(0)) end();
}

/** A write that was held up in the network takes effect, unless its condition no longer holds. */
export function landLate(world: World, copy: Copy): void {
  world.copies.splice(world.copies.indexOf(copy), 1);
  countLate(world.counts, copy);
  let words = 'takes effect only now';
  try {
    world.engine.answer(copy.name, copy.input);
  } catch (error) {
    if (!isFailedCondition(error)) throw error;
    words = 'arrives only now, and its condition does not hold';
  }
  world.record?.(`worker ${copy.worker}’s ${copy.what}${written(copy.name, copy.input)} ${words}`, {
    do: 'late',
    worker: copy.worker,
    what: copy.what,
  });
}

function countLate(counts: Counts, { state }: Copy): void {
  counts.late++;
  if (state === 'timed out') counts.afterTimeout++;
  if (state === 'dead') counts.afterDeath++;
}
