// The requests that the store is made of, against a real engine: dynalite, or the one that TEST_DYNAMODB_ENDPOINT names.

import { BatchGetCommand, BatchWriteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  chunks,
  type Item,
  type ItemKey,
  inParallel,
  keyText,
  readItem,
  readItems,
  readPartition,
  replaceItem,
  updateItem,
  writeKeys,
} from '../../functions/store/requests.js';
import { type Engine, startEngine } from '../support/emulators/engine.js';
import { intercepted } from '../support/fakes/intercepted.js';
import { rule } from '../support/rule.js';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.stop());
beforeEach(() => engine.clear());

const row = (id: string): ItemKey => ({ table: engine.tables.transactions, key: { transaction_id: id } });
const link = (pk: string, sk: string): ItemKey => ({ table: engine.tables.links, key: { pk, sk } });
const put = ({ table, key }: ItemKey, item: Item = {}) =>
  engine.client.send(new PutCommand({ TableName: table, Item: { ...item, ...key } }));
/** What a batch request asks for, by table. */
const requestsOf = <T>(input: object) => Object.entries((input as { RequestItems: Record<string, T> }).RequestItems);

describe('replaceItem', () => {
  test('puts an item where there was none, once', async () => {
    expect(await replaceItem(engine, row('ch_1'), undefined, { amount: 1 })).toEqual({
      transaction_id: 'ch_1',
      amount: 1,
      _revision: 1,
    });
    expect(await replaceItem(engine, row('ch_1'), undefined, { amount: 2 })).toBeUndefined();
    expect(await readItem(engine, row('ch_1'))).toMatchObject({ amount: 1, _revision: 1 });
  });
  test('checks the item itself, not others of its partition', async () => {
    await put(link('charge#1', 'evidence'));
    expect(await replaceItem(engine, link('charge#1', 'link'), undefined, {})).toMatchObject({ _revision: 1 });
    expect(await replaceItem(engine, link('charge#1', 'evidence'), undefined, {})).toBeUndefined();
  });
  test(
    rule('Every write of a row increments its `_revision`, so a delayed request never meets the same row again.'),
    async () => {
      const first = await replaceItem(engine, row('ch_1'), undefined, { amount: 1 });
      const second = await replaceItem(engine, row('ch_1'), first, { amount: 2 });
      // The row says again what it said at first.
      const third = await replaceItem(engine, row('ch_1'), second, { amount: 1 });
      expect([first, second, third].map((item) => item?._revision)).toEqual([1, 2, 3]);
      expect(await replaceItem(engine, row('ch_1'), first, { amount: 9 })).toBeUndefined();
      expect(await replaceItem(engine, row('ch_1'), second, { amount: 9 })).toBeUndefined();
      expect(await readItem(engine, row('ch_1'))).toEqual({ transaction_id: 'ch_1', amount: 1, _revision: 3 });
    },
  );
  test('replaces the whole item: attributes that the new one lacks are removed', async () => {
    const read = await replaceItem(engine, row('ch_1'), undefined, { amount: 1, customer_key: 'acme' });
    await replaceItem(engine, row('ch_1'), read, { amount: 2 });
    expect(await readItem(engine, row('ch_1'))).toEqual({ transaction_id: 'ch_1', amount: 2, _revision: 2 });
  });
  test('an item of a pre-release build has no revision: it is replaced once, by the writer that read it', async () => {
    const old = { transaction_id: 'ch_1', amount: 1, version: '1', expires_at: 5 };
    await put(row('ch_1'), old);
    expect(await replaceItem(engine, row('ch_1'), undefined, { amount: 9 })).toBeUndefined();
    expect(await replaceItem(engine, row('ch_1'), old, { amount: 2 })).toMatchObject({ amount: 2, _revision: 1 });
    expect(await replaceItem(engine, row('ch_1'), old, { amount: 9 })).toBeUndefined();
    expect(await readItem(engine, row('ch_1'))).toEqual({ transaction_id: 'ch_1', amount: 2, _revision: 1 });
  });
  test('an item of a pre-release build that such a build rewrote in the meantime is not replaced', async () => {
    const old = { transaction_id: 'ch_1', amount: 1, version: '1' };
    await put(row('ch_1'), { ...old, version: '2' });
    expect(await replaceItem(engine, row('ch_1'), old, { amount: 9 })).toBeUndefined();
    expect(await replaceItem(engine, row('ch_1'), { ...old, version: '2' }, { amount: 2 })).toMatchObject({
      amount: 2,
    });
    // An item without a version, such as a customer that only an own key names.
    await put(row('ch_2'));
    expect(await replaceItem(engine, row('ch_2'), row('ch_2').key, { amount: 3 })).toMatchObject({ _revision: 1 });
  });
  test('an item that was deleted is not replaced', async () => {
    const read = await replaceItem(engine, row('ch_1'), undefined, {});
    await engine.clear();
    expect(await replaceItem(engine, row('ch_1'), read, {})).toBeUndefined();
  });
  test('any other error is thrown', async () => {
    const failing = intercepted(engine, () => {
      throw Object.assign(new Error('down'), { name: 'InternalServerError' });
    });
    await expect(replaceItem(failing, row('ch_1'), undefined, {})).rejects.toThrow('down');
    const missing = { table: 'missing', key: { transaction_id: 'x' } };
    await expect(replaceItem(engine, missing, undefined, {})).rejects.toThrow();
  });
});

describe('updateItem', () => {
  const increment = (current: Item | undefined) => ({ count: Number(current?.count ?? 0) + 1 });

  test('starts from the known item, and reads only if that is out of date', async () => {
    const { item } = await updateItem(engine, row('ch_1'), undefined, increment);
    let reads = 0;
    const counted = intercepted(engine, (name, _, send) => {
      if (name === 'BatchGetCommand') reads++;
      return send();
    });
    expect(await updateItem(counted, row('ch_1'), item, increment)).toEqual({
      item: { transaction_id: 'ch_1', count: 2, _revision: 2 },
      written: true,
    });
    expect(reads).toBe(0);
    // `item` and "none" are both out of date now.
    expect((await updateItem(counted, row('ch_1'), item, increment)).item).toMatchObject({ count: 3 });
    expect((await updateItem(counted, row('ch_1'), undefined, increment)).item).toMatchObject({ count: 4 });
    expect(reads).toBe(2);
  });
  test('loses none of many concurrent updates', async () => {
    await Promise.all(Array.from({ length: 8 }, () => updateItem(engine, row('ch_1'), undefined, increment)));
    expect(await readItem(engine, row('ch_1'))).toMatchObject({ count: 8, _revision: 8 });
  });
  test('writes nothing if the item needs no change, even if only the second read shows that', async () => {
    expect(await updateItem(engine, row('ch_1'), { count: 7 }, () => undefined)).toEqual({
      item: { count: 7 },
      written: false,
    });
    await put(row('ch_1'), { count: 5, _revision: 3 });
    const once = (current: Item | undefined) => (current ? undefined : { count: 1 });
    expect(await updateItem(engine, row('ch_1'), undefined, once)).toEqual({
      item: { transaction_id: 'ch_1', count: 5, _revision: 3 },
      written: false,
    });
  });
});

describe('readItems', () => {
  const ids = Array.from({ length: 230 }, (_, i) => `ch_${i}`);
  type Asked = { Keys: Item[]; ConsistentRead: boolean };

  test('reads any number of keys of all tables, each key once', async () => {
    const acme = { table: engine.tables.customers, key: { customer_key: 'acme' } };
    await writeKeys(engine, ids.map(row));
    await put(acme, { name: 'Ann' });
    await put(link('customer#cus_a', 'link'), { customer_key: 'acme' });
    const sizes: number[] = [];
    const counted = intercepted(engine, (_, input, send) => {
      sizes.push(requestsOf<Asked>(input).flatMap(([, { Keys }]) => Keys).length);
      return send();
    });
    const keys = [...ids.map(row), acme, link('customer#cus_a', 'link'), row('none'), ...ids.map(row)];
    const found = await readItems(counted, keys);
    expect(sizes.sort()).toEqual([100, 100, 33]);
    for (const id of ids) expect(found.get(row(id))).toEqual({ transaction_id: id });
    expect(found.get(acme)).toEqual({ customer_key: 'acme', name: 'Ann' });
    expect(found.get(link('customer#cus_a', 'link'))).toMatchObject({ customer_key: 'acme' });
    expect(found.get(row('none'))).toBeUndefined();
    await readItems(counted, []);
    expect(sizes).toHaveLength(3);
  });
  test('is strongly consistent unless asked for a hint', async () => {
    const asked: boolean[] = [];
    const counted = intercepted(engine, (_, input, send) => {
      for (const [, { ConsistentRead }] of requestsOf<Asked>(input)) asked.push(ConsistentRead);
      return send();
    });
    await readItems(counted, [row('ch_1'), link('a', 'b')], { consistent: false });
    await readItems(counted, [row('ch_1')]);
    await readItem(counted, row('ch_1'));
    expect(asked).toEqual([false, false, true, true]);
  });
  test('only the keys that the engine did not process are requested again', async () => {
    const keys = [...ids.slice(0, 9).map(row), link('a', 'b'), link('a', 'c')];
    await writeKeys(engine, keys);
    const asked: number[] = [];
    // The first answers cover all but the last two keys of each table.
    const partial = intercepted(engine, async (_, input) => {
      const requests = requestsOf<Asked>(input);
      asked.push(requests.flatMap(([, { Keys }]) => Keys).length);
      const at = asked.length < 3 ? -2 : Number.POSITIVE_INFINITY;
      const part = (...range: [number, number?]) =>
        Object.fromEntries(
          requests
            .map(([table, request]) => [table, { ...request, Keys: request.Keys.slice(...range) }] as const)
            .filter(([, { Keys }]) => Keys.length > 0),
        );
      const now = part(0, at);
      const { Responses } =
        Object.keys(now).length > 0 ? await engine.client.send(new BatchGetCommand({ RequestItems: now })) : {};
      return { Responses, UnprocessedKeys: part(at) };
    });
    const found = await readItems(partial, [...keys, row('none')]);
    for (const each of keys) expect(found.get(each)).toEqual(each.key);
    expect(asked).toEqual([12, 4, 4]);
  });
});

describe('writeKeys', () => {
  const keys = Array.from({ length: 60 }, (_, i) => `transaction#${i}`);

  test('writes any number of items, each item once', async () => {
    const sizes: number[] = [];
    const counted = intercepted(engine, (_, input, send) => {
      sizes.push(requestsOf<Item[]>(input).flatMap(([, requests]) => requests).length);
      return send();
    });
    const all = keys.map((sk) => link('customer#cus_a', sk));
    await writeKeys(counted, [...all, ...all]);
    expect(sizes.sort()).toEqual([10, 25, 25]);
    const found = await readItems(engine, all);
    for (const at of all) expect(found.get(at)).toEqual(at.key);
    await writeKeys(counted, []);
    expect(sizes).toHaveLength(3);
  });
  test('only the items that the engine did not process are written again', async () => {
    const some = keys.slice(0, 7).map((sk) => link('customer#cus_a', sk));
    const asked: number[] = [];
    const partial = intercepted(engine, async (_, input) => {
      const [[table, requests]] = requestsOf<Item[]>(input) as [[string, Item[]]];
      asked.push(requests.length);
      await engine.client.send(new BatchWriteCommand({ RequestItems: { [table]: requests.slice(0, 3) } }));
      return requests.length > 3 ? { UnprocessedItems: { [table]: requests.slice(3) } } : {};
    });
    await writeKeys(partial, some);
    expect(asked).toEqual([7, 4, 1]);
    const found = await readItems(engine, some);
    for (const at of some) expect(found.get(at)).toEqual(at.key);
  });
});

test('unprocessed items are given up after the time limit', async () => {
  const never = intercepted(engine, (_, input) => ({
    UnprocessedKeys: Object.fromEntries(requestsOf(input)),
    UnprocessedItems: Object.fromEntries(requestsOf(input)),
  }));
  const over = { ...never, signal: AbortSignal.abort(new Error('the time is over')) };
  await expect(readItems(over, [row('ch_1')])).rejects.toThrow('the time is over');
  await expect(writeKeys(over, [row('ch_1')])).rejects.toThrow('the time is over');
});

test('the items of a partition come page by page, from the prefix on', async () => {
  const filler = 'x'.repeat(6000);
  const keys = Array.from({ length: 230 }, (_, i) => link('many', `transaction#${String(i).padStart(4, '0')}`));
  await inParallel([...keys, link('many', 'link'), link('other', 'transaction#1')], async (at) => {
    await put(at, { filler });
  });
  const sizes: number[] = [];
  const read: unknown[] = [];
  for await (const page of readPartition(engine, 'many', 'transaction#')) {
    sizes.push(page.length);
    read.push(...page.map(({ sk }) => sk));
  }
  expect(sizes.length).toBeGreaterThan(1);
  expect(read).toEqual(keys.map(({ key }) => key.sk));
  const whole: unknown[] = [];
  for await (const page of readPartition(engine, 'many')) whole.push(...page.map(({ sk }) => sk));
  expect(whole).toEqual(['link', ...read]);
}, 60_000);

describe('inParallel', () => {
  test('waits for all of the work before it throws the first error', async () => {
    const done: number[] = [];
    const numbers = Array.from({ length: 100 }, (_, i) => i + 1);
    const work = inParallel(numbers, async (n) => {
      // The first to fail is the first to end.
      if (n !== 1) await new Promise((resolve) => setImmediate(resolve));
      if (n % 2 === 1) throw new Error(`failed at ${n}`);
      done.push(n);
    });
    await expect(work).rejects.toThrow(/^failed at 1$/);
    expect(done).toEqual(numbers.filter((n) => n % 2 === 0));
  });
  test('runs at most 32 in parallel', async () => {
    let now = 0;
    let most = 0;
    await inParallel(Array.from({ length: 100 }), async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
    });
    expect(most).toBe(32);
  });
});

test('chunks contain every item once, in order', () => {
  expect([chunks([1, 2, 3], 2), chunks([], 2)]).toEqual([[[1, 2], [3]], []]);
});

test('two keys have the same text only if they are the same', () => {
  expect(keyText({ table: 't', key: { pk: 'a', sk: 'b' } })).toBe(keyText({ table: 't', key: { sk: 'b', pk: 'a' } }));
  const texts = [
    { table: 't', key: { pk: 'a', sk: 'b' } },
    { table: 't', key: { pk: 'a","b', sk: '' } },
    { table: 't', key: { pk: 'a' } },
    { table: 'u', key: { pk: 'a' } },
  ].map((at) => keyText(at as ItemKey));
  expect(new Set(texts).size).toBe(texts.length);
});
