// The memory engine against a real engine: the same requests, and after each the same answer; at the end the same tables.

import { BatchGetCommand, BatchWriteCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_SETTINGS } from '../../../contract/settings.js';
import {
  type Item,
  type ItemKey,
  readItem,
  readItems,
  readPartition,
  replaceItem,
  type StoreContext,
  updateItem,
  writeKeys,
} from '../../../functions/store/requests.js';
import { charge, customer, event } from '../builders/events.js';
import { deliveries, histories } from '../builders/generate.js';
import { deliver } from '../builders/history.js';
import { type Engine, startEngine } from './engine.js';
import { memoryEngine } from './memory-engine.js';

let real: Engine;
beforeAll(async () => {
  real = await startEngine();
});
afterAll(() => real.stop());
beforeEach(() => real.clear());

type Sent = { constructor: new (input: never) => never; input: object };

/** Sends each request to both engines, and compares what they answer. */
function both() {
  const memory = memoryEngine();
  const seen = new Map<string, number>();
  const rename = (value: unknown) =>
    JSON.parse(
      Object.entries(memory.tables).reduce(
        (text, [name, table]) => text.replaceAll(real.tables[name as 'links'], table),
        JSON.stringify(value),
      ),
    );
  const send = async (command: Sent) => {
    const shape = shapeOf(command);
    seen.set(shape, (seen.get(shape) ?? 0) + 1);
    const twin = new command.constructor(rename(command.input) as never);
    const [expected, actual] = await Promise.allSettled([real.client.send(command as never), memory.client.send(twin)]);
    expect(outcome(actual)).toEqual(rename(outcome(expected)));
    if (expected.status === 'rejected') throw expected.reason;
    return expected.value;
  };
  const context: StoreContext = { tables: real.tables, client: { send: send as never } };
  return { context, memory, seen };
}

/** A request without its values: the command, its expressions, and how consistent it is. */
function shapeOf(command: Sent): string {
  const {
    ConditionExpression,
    KeyConditionExpression,
    ConsistentRead,
    RequestItems = {},
  } = command.input as {
    ConditionExpression?: string;
    KeyConditionExpression?: string;
    ConsistentRead?: boolean;
    RequestItems?: Record<string, { ConsistentRead?: boolean }>;
  };
  const consistent = ConsistentRead ?? Object.values(RequestItems)[0]?.ConsistentRead;
  return [command.constructor.name, ConditionExpression ?? KeyConditionExpression, consistent]
    .filter((part) => part !== undefined)
    .join(' ');
}

function outcome(settled: PromiseSettledResult<unknown>) {
  if (settled.status === 'rejected') return { error: settled.reason.name };
  const { Responses, Items, LastEvaluatedKey } = settled.value as {
    Responses?: Record<string, object[]>;
    Items?: object[];
    LastEvaluatedKey?: object;
  };
  const texts = (items: object[]) => items.map((item) => JSON.stringify(canonical(item)));
  return {
    responses: Object.fromEntries(
      Object.entries(Responses ?? {}).map(([table, items]) => [table, texts(items).sort()]),
    ),
    // In the order of the sort key.
    items: texts(Items ?? []),
    more: LastEvaluatedKey !== undefined,
  };
}

function canonical(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(canonical);
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => [name, canonical(each)]);
}

/** A link that moves after its charge: few random histories alone might sweep no dependents. */
const SWEEP = [
  [event('charge.succeeded', charge({ id: 'ch_sweep', customer: 'cus_sweep' }))],
  [event('customer.created', customer('swept', { id: 'cus_sweep' }), 1)],
  [event('customer.updated', customer('swept again', { id: 'cus_sweep' }), 2)],
];

test('every request of random histories gets the same answer, and the rows are the same', async () => {
  const shapes = new Set<string>();
  for (const transactionSource of ['charge', 'invoice'] as const) {
    const cases = histories(transactionSource).chain(deliveries);
    const settings = fc.record({
      partialRefund: fc.constantFrom('delete' as const, 'net' as const),
      disputes: fc.constantFrom('lost' as const, 'open' as const),
    });
    await fc.assert(
      fc.asyncProperty(cases, settings, async (batches, chosen) => {
        await real.clear();
        const { context, memory, seen } = both();
        await deliver(context, { ...DEFAULT_SETTINGS, ...chosen, transactionSource }, [...SWEEP, ...batches]);
        for (const shape of seen.keys()) shapes.add(shape);
        expect(memory.rows()).toEqual(await real.rows());
      }),
      { numRuns: Number(process.env.ENGINE_RUNS ?? 2) },
    );
  }
  // These are all that the store sends.
  expect([...shapes].sort()).toEqual([
    'BatchGetCommand false',
    'BatchGetCommand true',
    'BatchWriteCommand',
    'PutCommand #revision = :revision',
    'PutCommand attribute_not_exists(#key)',
    'QueryCommand pk = :pk AND begins_with(sk, :prefix) true',
    'QueryCommand pk = :pk true',
  ]);
}, 300_000);

describe('the requests of the store', () => {
  type Step =
    | { readonly kind: 'replace'; readonly at: ItemKey; readonly age: number }
    | { readonly kind: 'old'; readonly at: ItemKey; readonly version: { version?: string } }
    | { readonly kind: 'update'; readonly at: ItemKey; readonly known: boolean }
    | { readonly kind: 'read'; readonly consistent: boolean }
    | { readonly kind: 'keys'; readonly pks: readonly string[] }
    | { readonly kind: 'query'; readonly pk: string; readonly prefix: string | undefined };
  const pk = fc.constantFrom('customer#cus_a', 'charge##');
  const sk = fc.constantFrom('link', 'transaction#1', 'transaction##2');
  const steps = (tables: StoreContext['tables']): fc.Arbitrary<Step> => {
    const at = fc.oneof(
      fc.constantFrom('ch_1', '#').map((id): ItemKey => ({ table: tables.transactions, key: { transaction_id: id } })),
      fc.tuple(pk, sk).map(([p, s]): ItemKey => ({ table: tables.links, key: { pk: p, sk: s } })),
    );
    return fc.oneof(
      fc.record({ kind: fc.constant('replace' as const), at, age: fc.nat(2) }),
      fc.record({
        kind: fc.constant('old' as const),
        at,
        version: fc.constantFrom({}, { version: '1' }, { version: '2' }),
      }),
      fc.record({ kind: fc.constant('update' as const), at, known: fc.boolean() }),
      fc.record({ kind: fc.constant('read' as const), consistent: fc.boolean() }),
      fc.record({ kind: fc.constant('keys' as const), pks: fc.array(pk, { minLength: 1, maxLength: 3 }) }),
      fc.record({ kind: fc.constant('query' as const), pk, prefix: fc.constantFrom(undefined, 'transaction#', 'x') }),
    );
  };

  test('get the same answers in any order: matching and other revisions, items of pre-release builds, both kinds of reads', async () => {
    const sequences = fc.array(steps(real.tables), { minLength: 5, maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(sequences, async (sequence) => {
        await real.clear();
        const { context } = both();
        /** Each state of each item that was read, newest last. */
        const known = new Map<string, (Item | undefined)[]>();
        let count = 0;
        for (const step of sequence) await run(step, context, known, () => ++count);
      }),
      { numRuns: Number(process.env.ENGINE_RUNS ?? 2) },
    );
  }, 120_000);

  async function run(step: Step, context: StoreContext, known: Map<string, (Item | undefined)[]>, next: () => number) {
    const { links, transactions } = context.tables;
    switch (step.kind) {
      case 'replace': {
        const states = known.get(JSON.stringify(step.at)) ?? [undefined];
        await replaceItem(context, step.at, states.at(-1 - step.age), { n: next(), list: [{ a: 1 }], flag: true });
        known.set(JSON.stringify(step.at), [...states, await readItem(context, step.at)]);
        return;
      }
      case 'old':
        // As pre-release builds wrote it: without a revision.
        await context.client.send(
          new PutCommand({ TableName: step.at.table, Item: { ...step.at.key, n: next(), ...step.version } }),
        );
        return;
      case 'update': {
        const current = step.known ? await readItem(context, step.at) : undefined;
        await updateItem(context, step.at, current, (item) => (item?.n === 7 ? undefined : { n: next() }));
        return;
      }
      case 'read': {
        const keys = ['link', 'transaction#1'].map((each) => ({ table: links, key: { pk: 'charge##', sk: each } }));
        const row = { table: transactions, key: { transaction_id: 'ch_1' } };
        await readItems(context, [...keys, row], { consistent: step.consistent });
        return;
      }
      case 'keys':
        await writeKeys(
          context,
          step.pks.map((each) => ({ table: links, key: { pk: each, sk: 'transaction#1' } })),
        );
        return;
      case 'query':
        for await (const _ of readPartition(context, step.pk, step.prefix));
    }
  }
});

test('many keys are read and written in several requests, and a long partition in pages', async () => {
  const sks = Array.from({ length: 230 }, (_, i) => `transaction#${String(i).padStart(4, '0')}`);
  for (const engine of [real, memoryEngine({ pageSize: 50 })]) {
    const keys = sks.map((each) => ({ table: engine.tables.links, key: { pk: 'many', sk: each } }));
    await writeKeys(engine, [...keys, ...keys]);
    const found = await readItems(engine, keys);
    expect(keys.map((at) => found.get(at))).toEqual(keys.map(({ key }) => key));
    const pages: Item[][] = [];
    for await (const page of readPartition(engine, 'many', 'transaction#001')) pages.push(page);
    expect(pages.flat()).toEqual(keys.slice(10, 20).map(({ key }) => key));
    const all: Item[][] = [];
    for await (const page of readPartition(engine, 'many')) all.push(page);
    expect(all.flat()).toEqual(keys.map(({ key }) => key));
    if (engine !== real) expect(all.map((page) => page.length)).toEqual([50, 50, 50, 50, 30]);
  }
}, 60_000);

describe('the memory engine refuses', () => {
  const memory = memoryEngine();
  const { links } = memory.tables;
  test('a query or a batch read without ConsistentRead', async () => {
    const Keys = [{ pk: 'a', sk: 'b' }];
    await expect(memory.client.send(new BatchGetCommand({ RequestItems: { [links]: { Keys } } }))).rejects.toThrow(
      'not strongly consistent',
    );
    const query = { TableName: links, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': 'a' } };
    await expect(memory.client.send(new QueryCommand(query))).rejects.toThrow('not strongly consistent');
  });
  test('a change to an item that was read or written', async () => {
    const Item = { pk: 'a', sk: 'b', list: [1] };
    await memory.client.send(new PutCommand({ TableName: links, Item }));
    expect(() => Item.list.push(2)).toThrow(TypeError);
    const read = (await readItem(memory, { table: links, key: { pk: 'a', sk: 'b' } }))!;
    expect(() => Object.assign(read, { sk: 'c' })).toThrow(TypeError);
  });
  test('no deletion in a batch write', async () => {
    const request = { DeleteRequest: { Key: { pk: 'a', sk: 'b' } } };
    await memory.client.send(new BatchWriteCommand({ RequestItems: { [links]: [request] } }));
    expect(await readItem(memory, { table: links, key: { pk: 'a', sk: 'b' } })).toBeUndefined();
  });
});
