// `owed`, `rewards check` and `statement` as an operator runs them: each a process, against a real engine.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type StatementEngine, startStatementEngine } from './statement-table.js';

const ROOT = join(__dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'rewards-'));
let engine: StatementEngine;
beforeAll(async () => {
  engine = await startStatementEngine();
  await engine.putCustomer('acme', 'ada');
  await engine.putCustomer('bits', 'bob');
  const row = {
    status: 'recorded',
    currency: 'usd',
    amount_refunded: 0,
    livemode: true,
    created: Date.UTC(2025, 0, 10) / 1000,
  };
  await engine.putTransaction({
    ...row,
    transaction_id: 'ch_1',
    customer_key: 'acme',
    product_key: 'pro',
    amount_net: 4905,
  });
  await engine.putTransaction({ ...row, transaction_id: 'ch_2', customer_key: 'acme', amount_net: 1000 });
  await engine.putTransaction({
    ...row,
    transaction_id: 'ch_3',
    customer_key: 'bits',
    amount_net: 700,
    currency: 'eur',
  });
  writeFileSync(
    join(folder, 'rewards.json'),
    '{ "rules": [\n  { "products": ["pro"], "percent": "10" },\n  { "percent": "5" }\n] }\n',
  );
  writeFileSync(join(folder, 'other.json'), '[{ "percent": "20" }]');
  writeFileSync(
    join(folder, 'broken.json'),
    '[\n  { "percent": "120" },\n  { "fixed": { "usd": 5 }, "currencies": ["eur"] }\n]\n',
  );
});
afterAll(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

function run(args: string): Promise<{ code: number; out: string; err: string }> {
  const { tables, dynamodb } = engine.target;
  const needsTarget = !args.startsWith('rewards ');
  return new Promise((resolve) => {
    dynamodb.config.endpoint!().then(({ protocol, hostname, port }) =>
      execFile(
        process.execPath,
        [
          join(ROOT, 'bin', 'stripe-partner-sync.js'),
          ...args.split(' '),
          ...(needsTarget
            ? [
                '--customers-table',
                tables.customers,
                '--transactions-table',
                tables.transactions,
                '--statements-table',
                tables.statements,
              ]
            : []),
        ],
        {
          cwd: folder,
          env: {
            PATH: process.env.PATH,
            AWS_REGION: 'us-east-1',
            AWS_ACCESS_KEY_ID: 'test',
            AWS_SECRET_ACCESS_KEY: 'test',
            AWS_ENDPOINT_URL_DYNAMODB: `${protocol}//${hostname}:${port}`,
          },
        },
        (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
      ),
    );
  });
}

test('owed: a table, CSV and JSON with just the keys asked for', async () => {
  expect((await run('owed --rules rewards.json --json')).out).toBe(
    '{"partner":"ada","currency":"usd","count":2,"amount_net":5905,"reward":540}\n' +
      '{"partner":"bob","currency":"eur","count":1,"amount_net":700,"reward":35}\n',
  );
  expect((await run('owed --rules rewards.json --by product,month --format csv')).out).toBe(
    'product,month,currency,count,amount_net,reward\n,2025-01,eur,1,700,35\n,2025-01,usd,1,1000,50\npro,2025-01,usd,1,4905,490\n',
  );
  expect((await run('owed --rules rewards.json --csv --partner bob')).out).toBe(
    'partner,currency,count,amount_net,reward\nbob,eur,1,700,35\n',
  );
  expect((await run('owed --rules rewards.json')).out).toMatch(/ada +2 +59\.05 USD +5\.40 USD/);
  expect((await run('owed --rules rewards.json --as-of 2025-01-09')).out).toBe(
    'Nothing is due by 2025-01-09. A reward on hold becomes due later: try a later --as-of.\n',
  );
}, 120_000);

test('rewards check: errors name the line, warnings the rules', async () => {
  expect(await run('rewards check broken.json')).toEqual({
    code: 1,
    out: '',
    err:
      'broken.json:2: rule 1: "percent" is "120": more than 100 percent of the payment\n' +
      'broken.json:3: rule 2 matches eur, but "fixed" has no amount for eur\n',
  });
  const warned = await run('rewards check rewards.json --json');
  expect(
    warned.out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { level: 'warning', line: 3, message: 'rule 2 overlaps rule 1, which decides where both match' },
    { rules: 2, warnings: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ]);
}, 60_000);

test('statement: previewed, closed once, shown with the hash of what is printed, and exported', async () => {
  const preview = await run('statement preview --rules rewards.json --until 2025-01-31 --json');
  expect(await engine.items()).toEqual(new Map());
  const closed = await run('statement close --rules rewards.json --until 2025-01-31 --json');
  const headers = closed.out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  expect(headers).toMatchObject([
    {
      outcome: 'closed',
      partner: 'ada',
      until: '2025-01-31',
      lines: 2,
      sums: { usd: { count: 2, amount_net: 5905, reward: 540 } },
    },
    {
      outcome: 'closed',
      partner: 'bob',
      until: '2025-01-31',
      lines: 1,
      sums: { eur: { count: 1, amount_net: 700, reward: 35 } },
    },
  ]);
  const ada = await run('statement show ada --until 2025-01-31 --json');
  const bob = await run('statement show bob --json');
  expect(ada.out + bob.out).toBe(preview.out);
  expect(createHash('sha256').update(ada.out).digest('hex')).toBe(headers[0].hash);
  expect(ada.out).toBe(
    '{"partner":"ada","until":"2025-01-31","transaction_id":"ch_1","customer_key":"acme","product_key":"pro","currency":"usd","amount_net":4905,"reward":490,"rule":"rule 1","reason":"new"}\n' +
      '{"partner":"ada","until":"2025-01-31","transaction_id":"ch_2","customer_key":"acme","product_key":null,"currency":"usd","amount_net":1000,"reward":50,"rule":"rule 2","reason":"new"}\n',
  );
  const before = await engine.items();
  expect((await run('statement close --rules rewards.json --until 2025-01-31')).out).toContain(
    'ada: already closed until 2025-01-31',
  );
  expect(await engine.items()).toEqual(before);
  expect((await run('statement export ada --format html --output ada.html')).code).toBe(0);
  expect(readFileSync(join(folder, 'ada.html'), 'utf8')).toContain('49.05 USD');
  expect((await run('statement export bob')).out.split('\n')).toHaveLength(3);
}, 120_000);

test('a refused command prints a clear sentence, sets an exit code and writes nothing', async () => {
  const before = await engine.items();
  const refusals: [args: string, code: number, message: RegExp][] = [
    [
      'statement close --rules rewards.json --until 2099-01-01',
      2,
      /a period until 2099-01-01 is in the future: today is /,
    ],
    ['statement close --rules rewards.json --until 2024-12-31', 2, /the statement of ada until 2025-01-31 is closed/],
    ['statement close --rules rewards.json --until 2025-02-30', 2, /--until: "2025-02-30" is not a date/],
    ['statement close --rules broken.json --until 2025-02-28', 1, /broken\.json:2: rule 1: "percent"/],
    ['owed --rules rewards.json --as-of yesterday', 2, /--as-of: "yesterday" is not a date/],
    ['owed --rules rewards.json --concurrency 0', 2, /--concurrency needs a whole number from 1 to 64/],
    ['owed --rules nowhere.json', 2, /the rules cannot be read: .*nowhere\.json/],
    ['statement show zoe', 1, /there is no closed statement of zoe/],
    [
      'statement show ada --until 2025-05-31',
      1,
      /there is no closed statement of ada until 2025-05-31; there are statements until 2025-01-31/,
    ],
  ];
  for (const [args, code, message] of refusals)
    expect(await run(args)).toMatchObject({ code, err: expect.stringMatching(message) });
  expect(await engine.items()).toEqual(before);
}, 180_000);

test('a rules file that changed since the last closing is reported with both hashes', async () => {
  const hashOf = async (file: string) =>
    JSON.parse((await run(`rewards check ${file} --json`)).out.trim().split('\n').at(-1)!).hash;
  const { err, out } = await run('statement close --rules other.json --until 2025-02-28');
  expect(err).toContain(`their hash was ${await hashOf('rewards.json')} and is ${await hashOf('other.json')} now`);
  expect(out).toContain('ada: closed until 2025-02-28, 2 lines, 6.41 USD');
}, 120_000);
