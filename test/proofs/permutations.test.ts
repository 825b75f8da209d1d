// "The tables are a function of the set of events received, never of their order or number": random histories, delivered in
// any order, with any duplicates, in any batches, end with the rows of the model.
//
// PERMUTATION_RUNS=20000 npx jest permutations     for a deep run. A failure prints its seed; PERMUTATION_SEED repeats it.

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Settings } from '../../contract/settings.js';
import { deliveries, describeHistory, histories } from '../support/builders/generate.js';
import { deliver } from '../support/builders/history.js';
import { memoryEngine } from '../support/emulators/memory-engine.js';
import { expectedRows } from '../support/model/model.js';
import { publicRows } from '../support/model/rows.js';

const RUNS = Number(process.env.PERMUTATION_RUNS ?? 144);
const SEED = process.env.PERMUTATION_SEED === undefined ? {} : { seed: Number(process.env.PERMUTATION_SEED) };

const SETTINGS: readonly Settings[] = (['charge', 'invoice'] as const).flatMap((transactionSource) =>
  (['delete', 'net'] as const).flatMap((partialRefund) =>
    (['ignore', 'lost', 'open'] as const).flatMap((disputes) =>
      (transactionSource === 'charge' ? (['paid'] as const) : (['paid', 'excluding_tax'] as const)).map(
        (amountBasis) => ({
          transactionSource,
          partialRefund,
          disputes,
          amountBasis,
          livemode: disputes === 'open' ? ('test' as const) : ('both' as const),
        }),
      ),
    ),
  ),
);
const RUNS_EACH = Math.ceil(RUNS / SETTINGS.length);

for (const settings of SETTINGS) {
  const { transactionSource, partialRefund, disputes, amountBasis } = settings;
  test(`${RUNS_EACH} histories in ${transactionSource} mode with partialRefund ${partialRefund}, disputes ${disputes}, amountBasis ${amountBasis}: any order, duplicates and batches`, async () => {
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
        const [rows, expected] = [publicRows(engine.rows()), expectedRows(history, settings)];
        if (undone.length > 0 || JSON.stringify(sortKeys(rows)) !== JSON.stringify(sortKeys(expected))) {
          expect({ undone, rows, history: describeHistory(batches) }).toEqual({
            undone: [],
            rows: expected,
            history: '',
          });
        }
      }),
      { numRuns: RUNS_EACH, ...SEED },
    );
    expect(count).toBeGreaterThanOrEqual(RUNS_EACH);
  }, 600_000);
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
