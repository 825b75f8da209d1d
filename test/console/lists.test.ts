// The lists of the console answer after one request, however large the table is.

import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Target } from '../../cli/target.js';
import { parseFilter } from '../../console/tables/filter.js';
import { createLists, readNewest, readPage } from '../../console/tables/lists.js';
import { type Engine, startEngine } from '../support/emulators/engine.js';

const ROWS = 1_500;
let engine: Engine;
/** Requests to the engine, in order. */
let sent: object[] = [];
/** Scans after this many wait until they are let through. */
let held = Number.POSITIVE_INFINITY;
let release = () => {};

beforeAll(async () => {
  engine = await startEngine();
  for (let from = 0; from < ROWS; from += 25)
    await engine.client.send(
      new BatchWriteCommand({
        RequestItems: {
          [engine.tables.transactions]: Array.from({ length: 25 }, (_, i) => ({
            PutRequest: { Item: transaction(from + i) },
          })),
        },
      }),
    );
  engine.client.middlewareStack.add(
    (next) => async (args) => {
      sent.push(args.input);
      if (scans().length > held && 'ProjectionExpression' in args.input)
        await new Promise<void>((resolve) => (release = resolve));
      return next(args);
    },
    { step: 'initialize', name: 'count' },
  );
}, 60_000);
afterAll(() => engine?.stop());

const transaction = (i: number) => ({
  transaction_id: `ch_${i}`,
  ...{
    status: 'recorded',
    source: 'charge',
    amount: 100,
    amount_net: 100,
    currency: 'usd',
    created: 1_750_000_000 + i,
  },
});
const target = () => ({ dynamodb: engine.client, tables: engine.tables }) as unknown as Target;
const ALL = parseFilter({});
const scans = () => sent.filter((input) => 'ProjectionExpression' in input);

test('the first page of a large table comes after one request of 200 rows, with rows, while the rest is unread', async () => {
  sent = [];
  held = 1;
  const lists = createLists(target());
  const growing = await lists.openForPage('transactions', ALL);
  expect(scans()[0]).toMatchObject({ Limit: 200 });
  expect([growing.positions, growing.read]).toEqual([undefined, 200]);
  const shown = await readNewest(target(), growing);
  expect(shown).toHaveLength(50);
  const created = shown.map((row) => (row as { created: number }).created);
  expect(created).toEqual(created.toSorted((a, b) => b - a));

  held = Number.POSITIVE_INFINITY;
  release();
  const list = await lists.openForPage('transactions', ALL);
  expect(list).toBe(growing);
  const { rows, total } = await readPage(target(), list, {});
  expect(total).toBe(ROWS);
  expect(rows[0]).toEqual(transaction(ROWS - 1));
}, 30_000);

test('a small table is complete in the first response', async () => {
  const list = await createLists(target()).openForPage('customers', ALL);
  expect(list.positions).toEqual([]);
});

test('an engine that fails is an error, not a page that waits, and the next page asks it again', async () => {
  let asked = 0;
  const dynamodb = { send: async () => Promise.reject(new Error(`down ${++asked}`)) };
  const lists = createLists({ dynamodb, tables: engine.tables } as unknown as Target);
  await expect(lists.openForPage('transactions', ALL)).rejects.toThrow('down 1');
  await expect(lists.openForPage('transactions', ALL)).rejects.toThrow('down 2');
});
