// `npm run bench:scan -- --dynamodb URL [--transactions N] [--customers N] [--rounds N] [--segments N]`: how long `report` and
// `owed` take compared with a bare parallel scan of the same tables, and how much memory. Each reading runs in a separate process. `--keep`
// leaves the tables, and the next run with `--keep` reads them again instead of writing new ones. Amazon's DynamoDB Local sorts a whole
// segment for each page: give it many segments.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DeleteTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { bundle } from '../lib/bundling/bundle.js';
import { createTable } from '../local/tables.js';
import { tableDefinitions } from '../test/support/stack/tables.js';
import { median, type Result, result } from './measure.js';
import type { Reading, ScanJob } from './scan-job.js';

const { values } = parseArgs({
  options: {
    dynamodb: { type: 'string' },
    transactions: { type: 'string', default: '1000000' },
    customers: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    segments: { type: 'string', default: '4' },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
if (!values.dynamodb) throw new Error('name an engine with --dynamodb URL, such as Amazon’s DynamoDB Local');
const endpoint = values.dynamodb;
const AWS = { region: 'us-east-1', accessKeyId: 'bench', secretAccessKey: 'bench' };
const LARGEST_MEGABYTES = 200;
const READINGS: readonly Reading[] = ['bare scan', 'report', 'owed', 'owed by history'];

const raw = new DynamoDBClient({ region: AWS.region, credentials: AWS, endpoint });
const client = DynamoDBDocumentClient.from(raw);
const suffix = values.keep ? `${values.customers}-${values.transactions}` : String(process.pid);
const tables = { customers: `customers-scan-${suffix}`, transactions: `transactions-scan-${suffix}` };
const folder = mkdtempSync(join(tmpdir(), 'bench-scan-'));
try {
  await bundle(join(import.meta.dirname, 'scan-job.ts'), folder);
  const { TableNames = [] } = await raw.send(new ListTablesCommand({}));
  if (!TableNames.includes(tables.transactions)) {
    for (const name of ['customers', 'transactions'] as const)
      await createTable(raw, tables[name], (await tableDefinitions())[name]);
    await fill(Number(values.customers), Number(values.transactions));
  }
  const results = measure(Number(values.rounds));
  for (const each of results)
    process.stdout.write(
      values.json
        ? `${JSON.stringify(each)}\n`
        : `${each.name}: ${each.ours.toFixed(1)} ${each.unit}${each.reference === null ? '' : `, ${each.referenceName} ${each.reference.toFixed(1)} ${each.unit}, ratio ${each.ratio!.toFixed(2)}`}` +
            `${each.goal ? ` (goal: ${each.goal}, ${each.met ? 'met' : 'NOT met'})` : ''}\n`,
    );
  if (results.some(({ met }) => met === false)) process.exitCode = 1;
} finally {
  for (const TableName of values.keep ? [] : Object.values(tables))
    await raw.send(new DeleteTableCommand({ TableName }));
  raw.destroy();
  rmSync(folder, { recursive: true, force: true });
}

/** Rows as the worker writes them, with a partner for nine of ten customers. */
async function fill(customers: number, transactions: number): Promise<void> {
  await write(tables.customers, customers, (i) => ({
    customer_key: `customer-${i}`,
    stripe_customer_id: `cus_${String(i).padStart(14, '0')}`,
    email: `billing@customer-${i}.example.com`,
    name: `Customer ${i} Incorporated`,
    ...(i % 10 === 0 ? {} : { partner_key: `partner-${i % 500}`, partner_version: '001735732800#0#evt_x' }),
    livemode: true,
    version: `001735732800#0#evt_${String(i).padStart(24, '0')}`,
  }));
  await write(tables.transactions, transactions, (i) => ({
    transaction_id: `ch_${String(i).padStart(24, '0')}`,
    status: 'recorded',
    source: 'charge',
    amount: 1000 + (i % 9000),
    amount_refunded: 0,
    amount_net: 1000 + (i % 9000),
    currency: i % 3 === 0 ? 'eur' : 'usd',
    captured: true,
    created: 1735732800 + (i % 31_536_000),
    stripe_customer_id: `cus_${String(i % customers).padStart(14, '0')}`,
    customer_key: `customer-${i % customers}`,
    customer_key_source: 'linked',
    product_key: `product-${i % 7}`,
    payment_intent_id: `pi_${String(i).padStart(24, '0')}`,
    livemode: true,
    event_id: `evt_${String(i).padStart(24, '0')}`,
    event_type: 'charge.succeeded',
    version: `001735732800#0#evt_${String(i).padStart(24, '0')}`,
  }));
}

async function write(table: string, count: number, itemOf: (i: number) => object): Promise<void> {
  let next = 0;
  const writer = async () => {
    while (next < count) {
      const begin = next;
      next += 25;
      const requests = Array.from({ length: Math.min(25, count - begin) }, (_, i) => ({
        PutRequest: { Item: { ...itemOf(begin + i) } },
      }));
      await client.send(new BatchWriteCommand({ RequestItems: { [table]: requests } }));
      if (begin % 100_000 === 0) process.stderr.write(`${begin} of ${count} rows of ${table}\n`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, writer));
}

interface Measured {
  readonly seconds: number;
  readonly megabytes: number;
}

/** One after the other in each round, so that disturbances affect all of them alike. */
function measure(rounds: number): Result[] {
  const measured = new Map<Reading, Measured[]>(READINGS.map((reading) => [reading, []]));
  for (let round = 0; round < rounds; round++)
    for (const reading of READINGS) {
      const job: ScanJob = { reading, endpoint, tables, segments: Number(values.segments) };
      const { stdout, stderr, status } = spawnSync(process.execPath, [join(folder, 'index.mjs'), JSON.stringify(job)], {
        encoding: 'utf8',
        env: { ...process.env, AWS_REGION: AWS.region, AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench' },
      });
      if (status !== 0) throw new Error(`${reading}: ${stderr}`);
      const found: Measured = JSON.parse(stdout);
      measured.get(reading)!.push(found);
      process.stderr.write(`round ${round + 1}, ${reading}: ${found.seconds.toFixed(1)} s, ${found.megabytes} MB\n`);
    }
  const secondsOf = (reading: Reading) => median(measured.get(reading)!.map(({ seconds }) => seconds));
  return READINGS.slice(1).flatMap((reading) => [
    result({
      name: `${reading}: time`,
      unit: 's',
      ours: secondsOf(reading),
      reference: secondsOf('bare scan'),
      referenceName: 'bare parallel scan',
      goal: { bound: '<=', value: 1.5 },
    }),
    result({
      name: `${reading}: most memory`,
      unit: 'MB',
      ours: Math.max(...measured.get(reading)!.map(({ megabytes }) => megabytes)),
      goal: { bound: '<=', value: LARGEST_MEGABYTES },
    }),
  ]);
}
