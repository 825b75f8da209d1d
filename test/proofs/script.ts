// A schedule, step by step: which worker runs how far, and what happens to which request. Requests are named for what they
// do, so that a schedule still makes sense when the store asks in another order; one that is not made is passed over.

import type { Settings } from '../../contract/settings.js';
import type { Fate } from '../simulator/actions.js';
import { allWaiting, withoutClock } from '../simulator/pauses.js';
import { describe, partsOf } from '../simulator/requests.js';
import { runSchedule } from '../simulator/schedule.js';
import { crash, deliver, landLate, resolveItem, resolveRequest, wake } from '../simulator/steps.js';
import { createWorld, type Request } from '../simulator/world.js';
import type { Event } from '../support/builders/history.js';
import { expectedRows } from '../support/model/model.js';
import type { Rows } from '../support/model/rows.js';

export interface Script {
  /** A new worker receives messages; it makes no request yet. An event may be given to a second worker: then both have its message. */
  start(worker: string, ...events: Event[]): Promise<void>;
  /** Lets the worker's requests through until one like this waits, or until it is done. */
  until(worker: string, like: RegExp): Promise<void>;
  /** What becomes of the worker's request like this, if it waits. */
  request(worker: string, like: RegExp, fate: Fate): Promise<void>;
  /** Lets one item of its batch read through before the others; the whole request, if it holds no other item or not this one. */
  readFirst(worker: string, item: RegExp): Promise<void>;
  /** Lets all its requests through. */
  finish(worker: string): Promise<void>;
  /** It makes no request again. What it had under way is held up, and its messages come back unless another worker acknowledged them. */
  die(worker: string): Promise<void>;
  /** Everything that was held up in the network lands now. */
  landLate(): Promise<void>;
  /** `start` and `finish`. */
  apply(worker: string, ...events: Event[]): Promise<void>;
}

/** Plays a schedule to its end; what was not acknowledged is then delivered once more. @returns the rows, and what they must be */
export async function play(
  settings: Settings,
  events: readonly Event[],
  schedule: (script: Script) => Promise<void>,
): Promise<{ rows: Rows; expected: Rows }> {
  return withoutClock(async () => {
    const messages = events.map((event) => ({ id: `${event.id} ${event.api_version ?? ''}`, event }));
    const world = createWorld({ settings, messages });
    const names: string[] = [];
    const find = (name: string) => world.workers.find(({ number }) => number === names.indexOf(name) + 1);
    const waiting = (name: string, like: RegExp): Request | undefined =>
      find(name)?.requests.find((request) => like.test(describe(request.name, request.input)));
    const script: Script = {
      async start(name, ...batch) {
        names.push(name);
        deliver(
          world,
          batch.map((event) => world.queue.find((message) => message.event === event)!),
          names.length,
        );
        await allWaiting();
      },
      async until(name, like) {
        for (let worker = find(name); worker && !waiting(name, like); worker = find(name)) {
          if (worker.requests.length > 0) resolveRequest(world, worker.requests[0]!, 'landed');
          else wake(world, worker);
          await allWaiting();
        }
      },
      async request(name, like, fate) {
        const request = waiting(name, like);
        if (!request) return;
        resolveRequest(world, request, fate);
        await allWaiting();
      },
      async readFirst(name, item) {
        const request = waiting(name, /^read /);
        if (!request) return;
        const parts = partsOf(request.name, request.input);
        const index = parts.findIndex(({ what }) => item.test(what));
        if (parts.length > 1 && index >= 0) resolveItem(world, request, index, false);
        else resolveRequest(world, request, 'landed');
        await allWaiting();
      },
      finish: (name) => script.until(name, /^(?!)/),
      async die(name) {
        const worker = find(name);
        if (worker) crash(world, worker);
        await allWaiting();
      },
      async landLate() {
        for (const copy of [...world.copies]) landLate(world, copy);
      },
      async apply(name, ...batch) {
        await script.start(name, ...batch);
        await script.finish(name);
      },
    };
    await schedule(script);
    const broken = await runSchedule(world, []);
    if (broken) throw new Error(broken);
    return { rows: world.engine.rows(), expected: expectedRows(events, settings) };
  });
}
