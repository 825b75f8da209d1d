// `node --import tsx test/packed/reader-lambda.ts FOLDER`: bundles the Lambda function of docs/reader.md with the package that is
// installed in the folder, and runs the bundle where nothing is installed, against a real engine.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { startDynamodb } from '../../local/emulators/dynamodb.js';
import { startEngine } from '../support/emulators/engine.js';

const LARGEST_KILOBYTES = 700;

const installed = resolve(process.argv[2]!);
const esbuild = createRequire(import.meta.url).resolve('esbuild/bin/esbuild');
const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'reader.md'), 'utf8');
const [, source] = /```js handler\.mjs\n([\s\S]+?)```/.exec(page)!;
const [, flags] = /npx esbuild handler\.mjs (.+) --outfile=handler\.js/.exec(page)!;
const empty = mkdtempSync(join(tmpdir(), 'reader-lambda-'));
process.env.TEST_DYNAMODB_ENDPOINT ??= await startDynamodb(0, undefined);
const engine = await startEngine();
try {
  writeFileSync(join(installed, 'handler.mjs'), source!);
  const bundle = join(empty, 'handler.js');
  execFileSync(esbuild, ['handler.mjs', ...flags!.split(' '), '--log-level=warning', `--outfile=${bundle}`], {
    cwd: installed,
    stdio: 'inherit',
  });
  await fill();
  assert.deepEqual(await invoke(bundle, { partner: 'ada', day: '2025-02-28' }), { usd: 200 + 55, eur: 100 });
  assert.deepEqual(await invoke(bundle, { partner: 'nobody', day: '2025-02-28' }), {});
  const kilobytes = Math.round(statSync(bundle).size / 1024);
  assert.ok(kilobytes <= LARGEST_KILOBYTES, `the bundle has ${kilobytes} KiB, not at most ${LARGEST_KILOBYTES}`);
  process.stdout.write(`the reader in a Lambda function: a bundle of ${kilobytes} KiB, and what ada earns is right\n`);
} finally {
  await engine.stop();
  rmSync(empty, { recursive: true, force: true });
}
// The engine in this process would keep it alive.
process.exit();

/** Live payments of two of ada's customers, one of them deleted, and one in test mode. */
async function fill(): Promise<void> {
  const put = (TableName: string, Item: Record<string, unknown>) =>
    engine.client.send(new PutCommand({ TableName, Item }));
  for (const customer_key of ['acme', 'bits']) await put(engine.tables.customers, { customer_key, partner_key: 'ada' });
  const created = Date.UTC(2025, 0, 10) / 1000;
  const row = { status: 'recorded', currency: 'usd', livemode: true, customer_key: 'acme', created, amount_net: 1000 };
  const rows: Record<string, unknown>[] = [
    { ...row },
    { ...row, created: created + 1, amount_net: 1100 },
    { ...row, customer_key: 'bits', currency: 'eur', amount_net: 500 },
    { ...row, livemode: false },
    { ...row, customer_key: undefined, deleted_customer_key: 'acme', status: 'deleted' },
    { ...row, created: created + 90 * 86_400 },
  ];
  for (const [i, each] of rows.entries())
    await put(engine.tables.transactions, { transaction_id: `ch_${i}`, ...JSON.parse(JSON.stringify(each)) });
}

/** As Lambda's runtime calls it: a new process that loads the file and knows the tables from its environment. */
async function invoke(bundle: string, event: object): Promise<unknown> {
  const call = `require('./handler.js').handler(${JSON.stringify(event)}).then((it) => console.log(JSON.stringify(it)))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', call], {
    cwd: join(bundle, '..'),
    env: {
      PATH: process.env.PATH,
      CUSTOMERS_TABLE: engine.tables.customers,
      TRANSACTIONS_TABLE: engine.tables.transactions,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    },
  });
  return JSON.parse(stdout);
}
