// Time in the simulator: a worker's pause between two attempts ends when the schedule says so, never by the clock.

import type { Worker } from './world.js';

/** The worker whose code runs at the moment: the pauses that begin belong to it. */
let running: Worker | undefined;
const realSetTimeout = globalThis.setTimeout;

/** To be called before a worker gets an answer or its pause ends, because its code runs next. */
export function resume(worker: Worker): void {
  running = worker;
}

/** While the work is done, no timer runs: each pause waits at its worker. */
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

/**
 * Waits until every worker waits for an answer or the end of a pause. With no I/O behind the tables, the next tick comes
 * once no microtask is left.
 */
export function allWaiting(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
