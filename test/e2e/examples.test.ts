// The worked examples of the contract, in every order that is practical, alone and in batches, with duplicates.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import { type Engine, startEngine } from '../support/engine.js';
import { deliver, examples, permutations } from '../support/history.js';
import { memoryEngine } from '../support/memory-engine.js';
import { expectedRows } from '../support/model.js';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.stop());

describe('the worked examples, through the worker', () => {
  for (const example of examples()) {
    test(`${example.name}: ${example.rule}`, async () => {
      const settings = { ...DEFAULT_SETTINGS, ...example.settings };
      const expected = {
        customers: sorted(example.customers, 'customer_key'),
        transactions: sorted(example.transactions, 'transaction_id'),
      };
      // All orders on the memory engine; on a real one the true order, its reverse, and all of it twice.
      const orders =
        example.events.length <= 6 ? permutations(example.events) : [example.events, [...example.events].reverse()];
      for (const order of orders) {
        for (const batches of [order.map((event) => [event]), [order], [...order, ...order].map((event) => [event])]) {
          const memory = memoryEngine();
          await deliverAll(memory, settings, batches);
          expect(memory.rows()).toEqual(expected);
        }
      }
      for (const order of [example.events, [...example.events, ...example.events].reverse()]) {
        await engine.clear();
        await deliverAll(
          engine,
          settings,
          order.map((event) => [event]),
        );
        expect(await engine.rows()).toEqual(expected);
      }
      expect(expectedRows(example.events, settings)).toEqual(expected);
    });
  }
});

async function deliverAll(...delivery: Parameters<typeof deliver>) {
  const results = await deliver(...delivery);
  expect(results.filter(({ outcome }) => outcome === 'failed' || outcome === 'not_understood')).toEqual([]);
}

function sorted(rows: readonly Record<string, unknown>[], key: string) {
  return [...rows].sort((a, b) => (String(a[key]) < String(b[key]) ? -1 : 1));
}
