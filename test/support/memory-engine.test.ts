// The memory engine against a real engine: the same requests, and after each the same answer and the same tables.

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import { type Connection, readItems, readPartition, writeLinks } from '../../functions/store/connection.js';
import { type Engine, startEngine } from './engine.js';
import { deliveries, histories } from './generate.js';
import { deliver } from './history.js';
import { memoryEngine } from './memory-engine.js';

let real: Engine;
beforeAll(async () => {
  real = await startEngine();
});
afterAll(() => real.stop());

/** Sends each request to both engines, and compares what they answer. */
function both(): { connection: Connection; memory: ReturnType<typeof memoryEngine>; count: () => number } {
  const memory = memoryEngine();
  let count = 0;
  const send = async (command: { constructor: new (input: never) => never; input: object }) => {
    count++;
    const rename = (text: string) =>
      Object.entries(memory.tables).reduce(
        (all, [name, table]) => all.replaceAll(real.tables[name as 'links'], table),
        text,
      );
    const twin = new command.constructor(JSON.parse(rename(JSON.stringify(command.input))) as never);
    const [expected, actual] = await Promise.allSettled([real.client.send(command as never), memory.client.send(twin)]);
    expect(outcome(actual)).toEqual(
      rename(JSON.stringify(outcome(expected))) === '' ? '' : JSON.parse(rename(JSON.stringify(outcome(expected)))),
    );
    if (expected.status === 'rejected') throw expected.reason;
    return expected.value;
  };
  return { connection: { tables: real.tables, client: { send } as never }, memory, count: () => count };
}

function outcome(settled: PromiseSettledResult<unknown>) {
  if (settled.status === 'rejected') return { error: settled.reason.name };
  const { Responses, Items, LastEvaluatedKey } = settled.value as {
    Responses?: Record<string, object[]>;
    Items?: object[];
    LastEvaluatedKey?: object;
  };
  const sorted = (items: object[]) => [...items].map((item) => JSON.stringify(Object.entries(item).sort())).sort();
  return {
    responses: Object.fromEntries(Object.entries(Responses ?? {}).map(([table, items]) => [table, sorted(items)])),
    items: (Items ?? []).map((item) => JSON.stringify(Object.entries(item).sort())),
    more: LastEvaluatedKey !== undefined,
  };
}

test('every request of random histories is answered alike, and leaves the same rows', async () => {
  let requests = 0;
  for (const transactionSource of ['charge', 'invoice'] as const) {
    const cases = histories(transactionSource).chain(deliveries);
    await fc.assert(
      fc.asyncProperty(cases, fc.constantFrom('delete' as const, 'net' as const), async (batches, partialRefund) => {
        await real.clear();
        const { connection, memory, count } = both();
        await deliver(connection, { ...DEFAULT_SETTINGS, transactionSource, partialRefund }, batches);
        requests += count();
        expect(memory.rows()).toEqual(await real.rows());
      }),
      { numRuns: Number(process.env.ENGINE_RUNS ?? 15) },
    );
  }
  expect(requests).toBeGreaterThan(200);
}, 300_000);

test('more keys than one request takes are read and written in several, and a long partition in pages', async () => {
  await real.clear();
  const items = Array.from({ length: 230 }, (_, i) => ({
    pk: 'many',
    sk: String(i).padStart(4, '0'),
    filler: 'x'.repeat(6000),
  }));
  for (const engine of [real, memoryEngine({ pageSize: 50 })]) {
    await writeLinks(engine, [...items, ...items]);
    const keys = items.map(({ pk, sk }) => ({ table: engine.tables.links, key: { pk, sk } }));
    expect((await readItems(engine, [...keys, ...keys])).size).toBe(230);
    expect(await readPartition(engine, 'many')).toEqual(items);
    expect(await readPartition(engine, 'many', '001')).toEqual(items.slice(10, 20));
  }
}, 60_000);
