// Follows a recorded schedule, whose history and steps may have shrunk since.

import type { Action } from './actions.js';
import { allWaiting } from './pauses.js';
import { describe, isBatch } from './requests.js';
import { crash, deliver, landLate, resolveItem, resolveRequest, timeOut, wake } from './steps.js';
import { MOST_STEPS, type Request, type Worker, type World } from './world.js';

type Of<Do extends Action['do']> = Extract<Action, { readonly do: Do }>;

/** Takes the steps that are (still) possible, and then ends in the plainest way. @returns why it has no end */
export async function runSchedule(world: World, actions: readonly Action[]): Promise<string | undefined> {
  for (const action of actions) {
    if (world.broken) return world.broken;
    if (take(world, action)) await allWaiting();
  }
  for (let step = 0; step < MOST_STEPS; step++) {
    if (world.broken) return world.broken;
    if (!takePlainStep(world)) return undefined;
    await allWaiting();
  }
  return `not at rest after ${MOST_STEPS} steps`;
}

/** One worker after the other, one message at a time, without disturbances. @returns whether there was anything left to do */
function takePlainStep(world: World): boolean {
  const [worker] = world.workers;
  if (worker) {
    if (worker.requests.length > 0) resolveRequest(world, worker.requests[0]!, 'landed');
    else if (worker.pauses.length > 0) wake(world, worker);
    return true;
  }
  const message = world.queue.find((each) => !each.acknowledged);
  if (message) deliver(world, [message]);
  return message !== undefined;
}

/** @returns whether the step was possible */
function take(world: World, action: Action): boolean {
  if (action.do === 'deliver') return takeDelivery(world, action);
  if (action.do === 'late') return takeLate(world, action);
  const worker = world.workers.find(({ number }) => number === action.worker);
  if (!worker) return false;
  switch (action.do) {
    case 'wake':
      if (worker.pauses.length > 0) wake(world, worker);
      return true;
    case 'crash':
      crash(world, worker);
      return true;
    case 'timeout':
      timeOut(world, worker);
      return true;
    case 'request':
      return takeRequest(world, worker, action);
    case 'item':
      return takeItem(world, worker, action);
  }
}

function takeDelivery(world: World, { messages, worker }: Of<'deliver'>): boolean {
  if (world.workers.some(({ number }) => number === worker)) return false;
  const batch = messages
    .map((id) => world.queue.find((message) => message.id === id))
    .filter((message) => message !== undefined)
    .filter((message) => !message.acknowledged);
  if (batch.length > 0) deliver(world, batch, worker);
  return batch.length > 0;
}

function takeLate(world: World, { worker, what }: Of<'late'>): boolean {
  const copy =
    world.copies.find((each) => each.worker === worker && each.what === what) ??
    world.copies.find((each) => each.what === what);
  if (copy) landLate(world, copy);
  return copy !== undefined;
}

function takeRequest(world: World, worker: Worker, { what, fate }: Of<'request'>): boolean {
  const request = find(worker, what);
  if (!request || (fate === 'partly' && !isHalfDone(request))) return false;
  resolveRequest(world, request, fate);
  return true;
}

function takeItem(world: World, worker: Worker, { what, item, stale }: Of<'item'>): boolean {
  const request = find(worker, what);
  if (!request || !isBatch(request.name)) return false;
  const index = request.left?.findIndex((part) => part.what === item) ?? 0;
  if (index < 0) return false;
  resolveItem(world, request, index, stale);
  return true;
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
