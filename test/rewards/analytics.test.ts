// The queries of docs/analytics.md, run as printed by DuckDB on files in the layout of DynamoDB's export, and compared with `report` and
// `owed`.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { marshall } from '@aws-sdk/util-dynamodb';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { owedLines } from '../../cli/owed-lines.js';
import { readReport } from '../../cli/report-lines.js';
import { parseRules } from '../../rewards/parse-rules.js';
import { memoryTables } from './memory-tables.js';

const PAGE = readFileSync(join(__dirname, '..', '..', 'docs', 'analytics.md'), 'utf8');
const sql = (name: string) => new RegExp(`\`\`\`sql ${name}\\n([\\s\\S]+?)\`\`\``).exec(PAGE)![1]!;

const folder = mkdtempSync(join(tmpdir(), 'analytics-'));
const engine = memoryTables({ mayLag: true });
let duckdb: DuckDBConnection;

const CUSTOMERS = Array.from({ length: 12 }, (_, i) => ({
  customer_key: `k${i}`,
  name: 'with "quotes"\nand a line break',
  ...(i % 4 === 0 ? {} : { partner_key: `p${i % 3}` }),
  livemode: true,
}));
const TRANSACTIONS = Array.from({ length: 400 }, (_, i) => ({
  transaction_id: `ch_${String(i).padStart(4, '0')}`,
  status: i % 9 === 0 ? 'deleted' : 'recorded',
  ...(i % 9 === 0
    ? { deleted_customer_key: 'k1', deleted_reason: 'refunded' }
    : i % 7 === 0
      ? {}
      : { customer_key: `k${i % 12}` }),
  ...(i % 5 === 0 ? {} : { product_key: `product ${i % 3}` }),
  currency: i % 2 === 0 ? 'usd' : 'eur',
  // The last second of a month and the first of the next are among them.
  created: Date.UTC(2025, i % 5, 1) / 1000 - (i % 2),
  amount: 4 * i,
  amount_net: i % 9 === 0 ? 0 : 4 * i,
  livemode: i % 11 !== 0,
  _revision: i,
}));

/** Writes an export as DynamoDB does: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html */
function writeExport(table: string, id: string, items: readonly object[], complete: boolean) {
  const place = join(folder, table, 'AWSDynamoDB', id);
  mkdirSync(join(place, 'data'), { recursive: true });
  writeFileSync(join(place, '_started'), '');
  for (const part of [0, 1]) {
    const lines = items.filter((_, i) => i % 2 === part).map((item) => `${JSON.stringify({ Item: marshall(item) })}\n`);
    writeFileSync(join(place, 'data', `part${part}.json.gz`), gzipSync(lines.join('')));
  }
  if (!complete) return;
  writeFileSync(
    join(place, 'manifest-files.json'),
    `${JSON.stringify({ itemCount: items.length, dataFileS3Key: 'part0' })}\n`,
  );
  writeFileSync(
    join(place, 'manifest-summary.json'),
    `${JSON.stringify({ version: '2020-06-30', itemCount: items.length })}\n`,
  );
}

beforeAll(async () => {
  for (const customer of CUSTOMERS) await engine.putCustomer(customer.customer_key, customer.partner_key as string);
  for (const transaction of TRANSACTIONS) await engine.putTransaction(transaction);
  const old = TRANSACTIONS.map((row) => ({ ...row, amount_net: 1 }));
  for (const [table, rows, before] of [
    ['customers', CUSTOMERS, CUSTOMERS],
    ['transactions', TRANSACTIONS, old],
  ] as const) {
    writeExport(table, '01735732800000-aaaaaaaa', before, true);
    writeExport(table, '01735819200000-bbbbbbbb', rows, true);
    writeExport(table, '01735905600000-cccccccc', rows.slice(0, 3), false);
  }
  duckdb = await (await DuckDBInstance.create(':memory:')).connect();
  for (const statement of sql('ddl')
    .split(';')
    .filter((each) => each.trim() !== ''))
    await duckdb.run(asDuckDb(statement));
  // Two functions of Athena that DuckDB has under other names.
  await duckdb.run(`CREATE MACRO from_unixtime(seconds) AS to_timestamp(seconds) AT TIME ZONE 'UTC'`);
  await duckdb.run('CREATE MACRO date_format(moment, pattern) AS strftime(moment, pattern)');
  for (const statement of sql('views')
    .split(';')
    .filter((each) => each.trim() !== ''))
    await duckdb.run(statement);
});
afterAll(() => {
  duckdb?.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

/** The external table of Athena as a view of the same columns and files; Athena's hidden column `$path` is DuckDB's file name. */
function asDuckDb(ddl: string): string {
  const [, name, type] = /CREATE EXTERNAL TABLE (\w+) \(\s*item (struct<[\s\S]+>)\s*\)\s*ROW FORMAT/.exec(ddl)!;
  const [, location] = /s3:\/\/BUCKET\/(\w+)\/AWSDynamoDB\//.exec(ddl)!;
  const fields = type!
    .replace(/struct<s: string>/g, 'STRUCT(S VARCHAR)')
    .replace(/struct<n: string>/g, 'STRUCT(N VARCHAR)');
  const columns = fields
    .replace(/struct<bool: boolean>/g, 'STRUCT(BOOL BOOLEAN)')
    .replace(/struct<([\s\S]+)>/, 'STRUCT($1)');
  return `CREATE VIEW ${name} AS SELECT Item AS item, filename AS "$path" FROM read_json('${folder}/${location}/AWSDynamoDB/**/*.json*',
    format = 'newline_delimited', filename = true, columns = { Item: '${columns.replace(/: /g, ' ').replace(/\s+/g, ' ')}' })`;
}

async function ask(query: string): Promise<Record<string, unknown>[]> {
  const rows = (await duckdb.runAndReadAll(sql(query))).getRowObjectsJS();
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([k, v]) => [k, typeof v === 'bigint' ? Number(v) : v])),
  );
}
const sorted = (lines: readonly object[]) => lines.map((line) => JSON.stringify(Object.entries(line).sort())).sort();

test('the query of the report returns the lines of `report`', async () => {
  const { lines } = await readReport(engine.target, { by: ['partner', 'product', 'month'] });
  expect(lines.length).toBeGreaterThan(40);
  expect(sorted(await ask('report'))).toEqual(sorted(lines));
});

test('the payments without a customer are those of `report`', async () => {
  const { unattributed } = await readReport(engine.target, { by: [] });
  expect(unattributed).toHaveLength(4);
  expect(sorted(await ask('unattributed'))).toEqual(sorted(unattributed));
});

test('the query of the percentages returns the sums of `owed`, rounded half to even', async () => {
  const rules = parseRules('[{ "percent": "12.5" }]');
  const lines = await owedLines(engine.target, { rules, by: ['partner'], asOf: '2025-12-31', livemode: 'live' });
  expect(lines.length).toBeGreaterThan(4);
  expect(sorted(await ask('owed'))).toEqual(sorted(lines));
});
