// What a simulated run may be disturbed by. Each disturbance alone, and all of them together.

import type { Random } from './random.js';

export interface Disturbances {
  /** Several workers in parallel, and events that Stripe delivers twice. */
  readonly concurrency: boolean;
  /** Workers die between two requests; their messages come back, regrouped into new batches. */
  readonly crashes: boolean;
  /** Requests fail before or after they took effect; the SDK sends them again, or gives up. */
  readonly failures: boolean;
  /** Batch reads and writes happen item by item, part of them is left unprocessed, and queries come in small pages. */
  readonly batches: boolean;
  /** Requests whose sender has given up on them, or has died, land any time later. */
  readonly late: boolean;
  /** SQS hands out one message twice, and the copy that is finished first acknowledges it. */
  readonly twice: boolean;
}

const NONE: Disturbances = {
  concurrency: false,
  crashes: false,
  failures: false,
  batches: false,
  late: false,
  twice: false,
};

/** Each profile by its name; `all` draws a new mixture for each history. */
export const PROFILES: Readonly<Record<string, (random: Random) => Disturbances>> = {
  concurrency: () => ({ ...NONE, concurrency: true }),
  crashes: () => ({ ...NONE, crashes: true }),
  failures: () => ({ ...NONE, failures: true }),
  // Alone it would never meet another worker, and reads at different moments would be reads at one moment.
  batches: () => ({ ...NONE, batches: true, concurrency: true }),
  // A request is late because its worker gave up on it or died.
  late: () => ({ ...NONE, late: true, crashes: true, failures: true }),
  // Without a death, both copies would be finished.
  twice: () => ({ ...NONE, twice: true, concurrency: true, crashes: true }),
  all: (random) => {
    const drawn = () => random.chance(0.7);
    return {
      concurrency: drawn(),
      crashes: drawn(),
      failures: drawn(),
      batches: drawn(),
      late: drawn(),
      twice: drawn(),
    };
  },
};
