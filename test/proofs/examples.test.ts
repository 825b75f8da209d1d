// The worked examples of the contract, in many orders, event by event and in batches, with duplicates.
//
// EXAMPLE_ORDERS=720 npx jest examples     delivers every example of up to six events in each of its orders, and 720 orders of the others.

import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import { deliver, type Event, type Example, examples, permutations } from '../support/builders/history.js';
import { seeded, shuffle } from '../support/builders/workload.js';
import { type Engine, startEngine } from '../support/emulators/engine.js';
import { memoryEngine } from '../support/emulators/memory-engine.js';
import { expectedRows } from '../support/model/model.js';

/** How many orders of each example are delivered; an example that has no more than these, in all of them. */
const ORDERS = Number(process.env.EXAMPLE_ORDERS ?? 2);
/** A real engine is slow: each example is delivered to it once, or in a deep run and to Amazon's engine in three ways. */
const REAL_DELIVERIES = process.env.EXAMPLE_ORDERS || process.env.TEST_DYNAMODB_ENDPOINT ? 3 : 1;
const SEED = 20250331;

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.stop());

let deliveries = 0;
afterAll(() => {
  process.stdout.write(`worked examples: ${examples().length} histories in ${deliveries} deliveries\n`);
});

test('there are 35 examples, and every setting that changes rows is among them', () => {
  const all = examples();
  expect(all).toHaveLength(35);
  const used = (name: keyof Example['settings']) => new Set(all.map(({ settings }) => settings[name]));
  expect(used('transactionSource')).toEqual(new Set(['charge', 'invoice']));
  expect(used('partialRefund')).toEqual(new Set(['delete', 'net']));
  expect(used('amountBasis')).toEqual(new Set(['paid', 'excluding_tax']));
});

describe('the worked examples, through the worker', () => {
  for (const example of examples()) {
    const { events } = example;
    const settings = { ...DEFAULT_SETTINGS, ...example.settings };
    const expected = {
      customers: sorted(example.customers, 'customer_key'),
      transactions: sorted(example.transactions, 'transaction_id'),
    };

    test(`${example.name}: ${example.rule}`, async () => {
      const random = seeded(SEED);
      const orders =
        factorial(events.length) <= ORDERS
          ? permutations(events)
          : [events, [...events].reverse(), ...Array.from({ length: ORDERS - 2 }, () => shuffle(events, random))];
      for (const order of orders) {
        for (const batches of waysToDeliver(order, random)) {
          const memory = memoryEngine();
          await deliverAll(memory, settings, batches);
          // Jest's own comparison is slow; it explains what this one finds.
          if (!isDeepStrictEqual(memory.rows(), expected))
            expect({ batches: ids(batches), rows: memory.rows() }).toEqual({ batches: ids(batches), rows: expected });
        }
      }
      expect(expectedRows(events, settings)).toEqual(expected);
    }, 600_000);

    test(`${example.name}, on a real engine`, async () => {
      const random = seeded(SEED);
      const twice = [...events, ...events];
      const ways = [cut(shuffle(twice, random), random), alone(events), alone([...twice].reverse())];
      for (const batches of ways.slice(0, REAL_DELIVERIES)) {
        await engine.clear();
        await deliverAll(engine, settings, batches);
        expect(await engine.rows()).toEqual(expected);
      }
    });
  }
});

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

/** One by one; in one batch; cut at random, with duplicates at random places. */
function waysToDeliver(order: readonly Event[], random: () => number): Event[][][] {
  const again = [...order];
  for (const event of order) if (random() < 0.5) again.splice(Math.floor(random() * (again.length + 1)), 0, event);
  return [alone(order), [[...order]], cut(again, random)];
}

function alone(events: readonly Event[]): Event[][] {
  return events.map((event) => [event]);
}

function cut(events: readonly Event[], random: () => number): Event[][] {
  const batches: Event[][] = [[]];
  for (const event of events) {
    if (random() < 0.5) batches.push([]);
    batches.at(-1)!.push(event);
  }
  return batches;
}

async function deliverAll(...delivery: Parameters<typeof deliver>) {
  deliveries++;
  const results = await deliver(...delivery);
  const wrong = results.filter(({ outcome }) => outcome === 'failed' || outcome === 'not_understood');
  if (wrong.length > 0) expect(wrong).toEqual([]);
}

function ids(batches: readonly (readonly Event[])[]): string {
  return batches.map((batch) => batch.map(({ id }) => id).join(' ')).join(' | ');
}

function sorted(rows: readonly Record<string, unknown>[], key: string) {
  return [...rows].sort((a, b) => (String(a[key]) < String(b[key]) ? -1 : 1));
}
