// Random choices that a seed determines.

import { seeded } from '../support/builders/workload.js';

export interface Random {
  /** From 0 to below 1. */
  next(): number;
  /** An integer from 0 to below the limit. */
  below(limit: number): number;
  chance(share: number): boolean;
  pick<T>(values: readonly T[]): T;
  /** The values in a random order, in place. */
  shuffle<T>(values: T[]): T[];
}

export function randomFrom(seed: number): Random {
  // Neighbouring seeds must not begin alike.
  const next = seeded(Math.imul(seed ^ (seed >>> 16), 0x45d9f3b) ^ 0x9e3779b9);
  next();
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    next,
    below,
    chance: (share) => next() < share,
    pick: (values) => values[below(values.length)]!,
    shuffle(values) {
      for (let i = values.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [values[i], values[j]] = [values[j]!, values[i]!];
      }
      return values;
    },
  };
}
