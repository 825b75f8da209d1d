import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import { createReader, type Reader } from '../../reader/reader.js';
import { type Engine, startEngine } from '../support/engine.js';
import { charge, customer, event, NOON } from '../support/events.js';
import { deliver } from '../support/history.js';

const ROOT = join(__dirname, '..', '..');
let engine: Engine;
let reader: Reader;
beforeAll(async () => {
  engine = await startEngine();
  reader = createReader({
    client: engine.client,
    customersTable: engine.tables.customers,
    transactionsTable: engine.tables.transactions,
  });
  const settings = DEFAULT_SETTINGS;
  await deliver(engine, settings, [
    [event('customer.created', customer('acme', { metadata: { customer_key: 'acme', partner_key: 'ada' } }))],
    [1, 2, 3].map((n) =>
      event('charge.succeeded', charge({ id: `ch_${n}`, created: NOON + n, currency: n === 3 ? 'eur' : 'usd' })),
    ),
    [event('charge.refunded', charge({ id: 'ch_4', refunded: true }))],
  ]);
});
afterAll(() => engine.stop());

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test('reads by key, by customer, by partner and by time', async () => {
  expect(await reader.customer('acme')).toMatchObject({ partner_key: 'ada', email: 'a@example.com' });
  expect(await reader.customer('nobody')).toBeUndefined();
  expect(await reader.transaction('ch_4')).toMatchObject({ status: 'deleted' });
  expect((await all(reader.customersOf('ada'))).map(({ customer_key }) => customer_key)).toEqual(['acme']);
  const ids = async (range?: object) =>
    (await all(reader.transactionsOf('acme', range))).map(({ transaction_id }) => transaction_id);
  expect(await ids()).toEqual(['ch_1', 'ch_2', 'ch_3']);
  expect(await ids({ from: NOON + 2 })).toEqual(['ch_2', 'ch_3']);
  expect(await ids({ from: NOON + 2, before: NOON + 3 })).toEqual(['ch_2']);
  expect(await ids({ from: 5, before: 5 })).toEqual([]);
  expect(await all(reader.customers())).toHaveLength(1);
  expect(await all(reader.transactions())).toHaveLength(4);
});

test('the example of docs/reader.md runs as printed', async () => {
  const [, example] = /```js\n([\s\S]+?)```/.exec(readFileSync(join(ROOT, 'docs', 'reader.md'), 'utf8'))!;
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.example-'));
  try {
    const file = join(folder, 'example.mjs');
    writeFileSync(
      file,
      example!.replace("'stripe-partner-sync/reader'", JSON.stringify(join(ROOT, 'reader', 'reader.ts'))),
    );
    // Not spawnSync: the engine that it reads is in this process.
    const run = promisify(execFile)(process.execPath, ['--import', require.resolve('tsx'), file], {
      env: {
        PATH: process.env.PATH,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        AWS_ENDPOINT_URL_DYNAMODB: await endpointOf(engine),
        CUSTOMERS_TABLE: engine.tables.customers,
        TRANSACTIONS_TABLE: engine.tables.transactions,
      },
    });
    expect(await run).toEqual({ stdout: '{"usd":4000,"eur":2000}\n', stderr: '' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

async function endpointOf({ client }: Engine): Promise<string> {
  const endpoint = await client.config.endpoint!();
  return `${endpoint.protocol}//${endpoint.hostname}:${endpoint.port}`;
}
