// "The tables are a function of the set of events received, never of their order or number": random histories, delivered in
// any order, with any duplicates, in any batches, end in the rows that the model names.
//
// PERMUTATION_RUNS=20000 npx jest permutations     for a deep run; the seed of a failure is printed and can be given back
// in PERMUTATION_SEED.

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.js';
import { deliveries, describeHistory, histories } from '../support/generate.js';
import { deliver } from '../support/history.js';
import { memoryEngine } from '../support/memory-engine.js';
import { expectedRows } from '../support/model.js';

const RUNS = Number(process.env.PERMUTATION_RUNS ?? 2_000);
const SEED = process.env.PERMUTATION_SEED === undefined ? {} : { seed: Number(process.env.PERMUTATION_SEED) };

for (const transactionSource of ['charge', 'invoice'] as const) {
  for (const partialRefund of ['delete', 'net'] as const) {
    const settings: Settings = { ...DEFAULT_SETTINGS, transactionSource, partialRefund };
    test(`${RUNS / 4} histories in ${transactionSource} mode with partialRefund ${partialRefund}: any order, duplicates and batches`, async () => {
      const cases = histories(transactionSource).chain((history) =>
        deliveries(history).map((batches) => ({ history, batches })),
      );
      let count = 0;
      await fc.assert(
        fc.asyncProperty(cases, async ({ history, batches }) => {
          count++;
          const engine = memoryEngine({ pageSize: 2 });
          const results = await deliver(engine, settings, batches);
          const undone = results.filter(({ outcome }) => outcome === 'failed' || outcome === 'not_understood');
          const [rows, expected] = [engine.rows(), expectedRows(history, settings)];
          if (undone.length > 0 || JSON.stringify(sortKeys(rows)) !== JSON.stringify(sortKeys(expected))) {
            expect({ undone, rows, history: describeHistory(batches) }).toEqual({
              undone: [],
              rows: expected,
              history: '',
            });
          }
        }),
        { numRuns: RUNS / 4, ...SEED },
      );
      expect(count).toBeGreaterThanOrEqual(RUNS / 4);
    }, 600_000);
  }
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sortKeys(each)]),
  );
}
