import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import { createReader, type Reader } from '../../reader/reader.js';
import { charge, customer, event, NOON } from '../support/builders/events.js';
import { deliver, type Event } from '../support/builders/history.js';
import { type Engine, startEngine } from '../support/emulators/engine.js';

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
    [event('charge.refunded', charge({ id: 'ch_4', refunded: true, amount_refunded: 2000 }))],
    [live(event('charge.succeeded', charge({ id: 'ch_live', created: NOON + 9, currency: 'usd' })))],
    [event('charge.succeeded', charge({ id: 'ch_unknown', customer: 'cus_unknown', created: NOON }))],
    [live(event('charge.succeeded', charge({ id: 'ch_unknown_live', customer: null, created: NOON + 9 })))],
  ]);
});
afterAll(() => engine.stop());

function live(test: Event): Event {
  return { ...test, livemode: true, data: { object: { ...test.data.object, livemode: true } } };
}

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
  expect(await ids()).toEqual(['ch_1', 'ch_2', 'ch_3', 'ch_live']);
  expect(await ids({ from: NOON + 2 })).toEqual(['ch_2', 'ch_3', 'ch_live']);
  expect(await ids({ from: NOON + 2, before: NOON + 3 })).toEqual(['ch_2']);
  expect(await ids({ from: 5, before: 5 })).toEqual([]);
  expect(await all(reader.customers())).toHaveLength(1);
  expect(await all(reader.transactions())).toHaveLength(7);
});

test('keeps live and test payments apart', async () => {
  const idsOf = async (transactions: AsyncIterable<{ transaction_id: string }>) =>
    (await all(transactions)).map(({ transaction_id }) => transaction_id).sort();
  expect(await idsOf(reader.transactionsOf('acme', { livemode: true }))).toEqual(['ch_live']);
  expect(await idsOf(reader.transactionsOf('acme', { livemode: false }))).toEqual(['ch_1', 'ch_2', 'ch_3']);
  expect(await idsOf(reader.transactions({ livemode: true }))).toEqual(['ch_live', 'ch_unknown_live']);
  expect(await idsOf(reader.unattributedTransactions())).toEqual(['ch_unknown', 'ch_unknown_live']);
  expect(await idsOf(reader.unattributedTransactions({ livemode: false }))).toEqual(['ch_unknown']);
  expect(await idsOf(reader.unattributedTransactions({ before: NOON + 9 }))).toEqual(['ch_unknown']);
});

test('leaves out internal attributes, which start with `_`', async () => {
  const raw = await engine.client.send(
    new GetCommand({ TableName: engine.tables.transactions, Key: { transaction_id: 'ch_1' } }),
  );
  expect(Object.keys(raw.Item!).filter((name) => name.startsWith('_'))).not.toEqual([]);
  const rows = [
    await reader.transaction('ch_1'),
    ...(await all(reader.transactions())),
    ...(await all(reader.customers())),
  ];
  for (const row of rows) expect(Object.keys(row!).filter((name) => name.startsWith('_'))).toEqual([]);
});

describe('the example of docs/reader.md', () => {
  const [, example] = /```ts\n([\s\S]+?)```/.exec(readFileSync(join(ROOT, 'docs', 'reader.md'), 'utf8'))!;
  // Inside node_modules, so that the AWS SDK is found from it.
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.example-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('compiles under `strict`', () => {
    writeFileSync(join(folder, 'example.ts'), example!);
    const compilerOptions = {
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      target: 'ES2023',
      lib: ['ES2024'],
      module: 'NodeNext',
      types: ['node'],
      skipLibCheck: true,
      noEmit: true,
      paths: { 'stripe-partner-sync/reader': [join(ROOT, 'reader', 'reader.ts')] },
    };
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['example.ts'] }));
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, '']);
  });

  test('runs as printed', async () => {
    const file = join(folder, 'run.mts');
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
    expect(await run).toEqual({ stdout: '{"usd":2000}\n', stderr: '' });
  });
});

async function endpointOf({ client }: Engine): Promise<string> {
  const endpoint = await client.config.endpoint!();
  return `${endpoint.protocol}//${endpoint.hostname}:${endpoint.port}`;
}
