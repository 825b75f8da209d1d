// Why a statement has a line, and what is refused: each with a clear sentence, and nothing written.

import { createHash } from 'node:crypto';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  type ClosingResult,
  closeStatements,
  previewStatements,
  type StatementOptions,
} from '../../cli/close-statements.js';
import { createOutput } from '../../cli/output.js';
import { owedLines } from '../../cli/owed-lines.js';
import { statementCsv, statementJson, statementPage } from '../../cli/statement-export.js';
import { type ClosedStatement, readLedger } from '../../cli/statement-store.js';
import { parseRules } from '../../rewards/parse-rules.js';
import { hashOfLines } from '../../rewards/statement.js';
import { memoryTables } from './memory-tables.js';

const engine = memoryTables();
const TEN = parseRules('[{ "percent": "10" }]');
const noon = (day: string) => Date.parse(`${day}T12:00:00Z`) / 1000;

const PAYMENT = {
  transaction_id: 'ch_1',
  status: 'recorded',
  amount: 2000,
  amount_refunded: 0,
  amount_net: 2000,
  currency: 'usd',
  customer_key: 'acme',
  created: noon('2025-01-10'),
  livemode: true,
};
const GONE = { ...PAYMENT, status: 'deleted', amount_net: 0, customer_key: undefined, deleted_customer_key: 'acme' };

beforeEach(async () => {
  await engine.clear();
  await engine.putCustomer('acme', 'ada');
  await engine.putCustomer('bits', 'bob');
  await engine.putTransaction(PAYMENT);
});

async function close(until: string, options: Partial<StatementOptions> = {}): Promise<ClosingResult[]> {
  const results: ClosingResult[] = [];
  await closeStatements(engine.target, { rules: TEN, until, today: '2025-12-31', ...options }, (each) =>
    results.push(each),
  );
  return results;
}
async function statements(partner = 'ada', mode: 'live' | 'test' = 'live'): Promise<readonly ClosedStatement[]> {
  const store = { client: engine.target.dynamodb, table: engine.target.tables.statements };
  return (await readLedger(store, partner, mode)).statements;
}
const lines = async (partner?: string, mode?: 'live' | 'test') =>
  (await statements(partner, mode)).map((each) =>
    each.lines.map(({ line }) => `${line.transaction_id} ${line.amount_net} ${line.reward} ${line.reason}`),
  );

test('a line has just the keys of `statement show --json`, in their order; the hash is that of the printed lines', async () => {
  await close('2025-01-31');
  const [{ header, lines: closed }] = (await statements()) as [ClosedStatement];
  expect(JSON.stringify(closed[0]!.line)).toBe(
    '{"partner":"ada","until":"2025-01-31","transaction_id":"ch_1","customer_key":"acme","product_key":null,' +
      '"currency":"usd","amount_net":2000,"reward":200,"rule":"rule 1","reason":"new"}',
  );
  expect(header).toMatchObject({
    from: '1970-01-01',
    lines: 1,
    sums: { usd: { count: 1, amount_net: 2000, reward: 200 } },
    hash: hashOfLines(closed.map(({ line }) => line)),
    rules_hash: TEN.hash,
  });
});

test('the hash is that of the lines as a terminal gets them: control characters are escapes', async () => {
  await engine.putCustomer('\u001b[31mred', 'ada');
  await engine.putTransaction({ ...PAYMENT, customer_key: '\u001b[31mred' });
  await close('2025-01-31');
  const [{ header, lines: closed }] = (await statements()) as [ClosedStatement];
  const shown: string[] = [];
  const output = createOutput(true, { write: (text: string) => shown.push(text) } as never);
  for (const { line } of closed) output.item(line, '');
  expect(shown.join('')).toContain('\\u001b[31mred');
  expect(createHash('sha256').update(shown.join('')).digest('hex')).toBe(header.hash);
});

describe('the reason of a line that corrects an earlier statement', () => {
  test.each<[reason: string, change: () => Promise<void>, line: string]>([
    [
      'refunded',
      () => engine.putTransaction({ ...GONE, amount_refunded: 2000, deleted_reason: 'refunded' }),
      '-2000 -200',
    ],
    ['refunded', () => engine.putTransaction({ ...PAYMENT, amount_refunded: 500, amount_net: 1500 }), '-500 -50'],
    [
      'disputed',
      () => engine.putTransaction({ ...GONE, amount_disputed: 2000, deleted_reason: 'disputed' }),
      '-2000 -200',
    ],
    ['disputed', () => engine.putTransaction({ ...PAYMENT, amount_disputed: 500, amount_net: 1500 }), '-500 -50'],
    ['failed', () => engine.putTransaction({ ...GONE, deleted_reason: 'failed' }), '-2000 -200'],
    ['expired', () => engine.putTransaction({ ...GONE, deleted_reason: 'expired' }), '-2000 -200'],
    ['moved to another customer', () => engine.putTransaction({ ...PAYMENT, customer_key: 'bits' }), '-2000 -200'],
    ['referred by another partner', () => engine.putCustomer('acme', 'bob'), '-2000 -200'],
    ['amount changed', () => engine.putTransaction({ ...PAYMENT, amount: 1000, amount_net: 1000 }), '-1000 -100'],
  ])('%s', async (reason, change, line) => {
    await close('2025-01-31');
    await change();
    await close('2025-02-28');
    expect(await lines()).toEqual([['ch_1 2000 200 new'], [`ch_1 ${line} ${reason}`]]);
  });
  test('a transaction that moved is new to the other partner', async () => {
    await close('2025-01-31');
    await engine.putTransaction({ ...PAYMENT, customer_key: 'bits' });
    await close('2025-02-28');
    expect(await lines('bob')).toEqual([['ch_1 2000 200 new']]);
  });
  test('restored: a refund that failed, a dispute that was won', async () => {
    await close('2025-01-31');
    await engine.putTransaction({ ...GONE, amount_refunded: 2000, deleted_reason: 'refunded' });
    await close('2025-02-28');
    await engine.putTransaction(PAYMENT);
    await close('2025-03-31');
    expect((await lines()).at(-1)).toEqual(['ch_1 2000 200 restored']);
    await engine.putTransaction({ ...PAYMENT, amount_disputed: 500, amount_net: 1500 });
    await close('2025-04-30');
    await engine.putTransaction(PAYMENT);
    await close('2025-05-31');
    expect((await lines()).at(-1)).toEqual(['ch_1 500 50 restored']);
  });
  test('recounted: the first payment is refunded, so that the second is the first', async () => {
    const first = parseRules('[{ "payments": 1, "percent": "10" }]');
    await engine.putTransaction({ ...PAYMENT, transaction_id: 'ch_2', created: noon('2025-01-20') });
    await engine.putTransaction({ ...PAYMENT, transaction_id: 'ch_0', created: noon('2025-01-01'), amount_net: 90 });
    await close('2025-01-31', { rules: first });
    await engine.putTransaction({ ...GONE, transaction_id: 'ch_0', deleted_reason: 'refunded' });
    await close('2025-02-28', { rules: first });
    expect(await lines()).toEqual([['ch_0 90 9 new'], ['ch_0 -90 -9 refunded', 'ch_1 2000 200 new']]);
    await engine.putTransaction({ ...PAYMENT, transaction_id: 'ch_0', created: noon('2025-01-01'), amount_net: 90 });
    await close('2025-03-31', { rules: first });
    expect((await lines()).at(-1)).toEqual(['ch_0 90 9 restored', 'ch_1 -2000 -200 recounted']);
  });
  test('a fixed reward that stays while the amount falls: the amount is corrected', async () => {
    const fixed = parseRules('[{ "fixed": { "usd": 300 }, "currencies": ["usd"] }]');
    await close('2025-01-31', { rules: fixed });
    await engine.putTransaction({ ...PAYMENT, amount_refunded: 500, amount_net: 1500 });
    await close('2025-02-28', { rules: fixed });
    expect(await lines()).toEqual([['ch_1 2000 300 new'], ['ch_1 -500 0 refunded']]);
  });
  test('refunded: a row that an earlier version’s store has removed', async () => {
    await close('2025-01-31');
    engine.removeTransaction('ch_1');
    // A table without a row says nothing of the mode; the statements do.
    await close('2025-02-28');
    expect(await lines()).toEqual([['ch_1 2000 200 new'], ['ch_1 -2000 -200 refunded']]);
  });
});

test('a reward that is not due is in no statement until it is', async () => {
  const rules = parseRules('[{ "percent": "10", "holdDays": 30 }]');
  expect(await close('2025-02-08', { rules })).toEqual([
    { outcome: 'no new lines', partner: 'ada' },
    { outcome: 'no new lines', partner: 'bob' },
  ]);
  await close('2025-02-09', { rules });
  expect(await lines()).toEqual([['ch_1 2000 200 new']]);
});

test('a transaction that earns 0 is stated once, so that statements add up to what `owed` counts', async () => {
  const rules = parseRules('[{ "percent": "10", "maxPerCustomer": { "usd": 200 } }]');
  await engine.putTransaction({ ...PAYMENT, transaction_id: 'ch_2', created: noon('2025-01-11') });
  await close('2025-01-31', { rules });
  await close('2025-02-28', { rules });
  expect(await lines()).toEqual([['ch_1 2000 200 new', 'ch_2 2000 0 new']]);
  // The room in the customer's maximum is free again.
  await engine.putTransaction({ ...GONE, amount_refunded: 2000, deleted_reason: 'refunded' });
  await close('2025-03-31', { rules });
  expect((await lines()).at(-1)).toEqual(['ch_1 -2000 -200 refunded', 'ch_2 0 200 recounted']);
  const [owed] = await owedLines(engine.target, { rules, by: ['partner'], asOf: '2025-03-31', consistent: true });
  expect(owed).toEqual({ partner: 'ada', currency: 'usd', count: 1, amount_net: 2000, reward: 200 });
});

test('closing twice changes nothing and shows what is closed', async () => {
  const [first] = await close('2025-01-31');
  const before = await engine.items();
  await engine.putTransaction({ ...PAYMENT, transaction_id: 'ch_2' });
  const [again] = await close('2025-01-31');
  expect(again).toEqual({ ...first, outcome: 'already closed' });
  expect(await engine.items()).toEqual(before);
});

test('a rules file that changed since the last closing is reported with both hashes, and the difference becomes lines', async () => {
  await close('2025-01-31');
  const rules = parseRules('[{ "percent": "15" }]');
  const rulesChange = { partner: 'ada', until: '2025-01-31', before: TEN.hash, now: rules.hash };
  const [preview] = await previewStatements(engine.target, { rules, until: '2025-02-28', today: '2025-12-31' });
  expect(preview).toMatchObject({ rulesChange });
  const [closed] = await close('2025-02-28', { rules });
  expect(closed).toMatchObject({ outcome: 'closed', rulesChange });
  expect(await lines()).toEqual([['ch_1 2000 200 new'], ['ch_1 0 100 rules changed']]);
  // Also when there are no new lines, or the period is closed.
  const same = parseRules('[{ "percent": "15", "name": "another name" }]');
  const change = { partner: 'ada', until: '2025-02-28', before: rules.hash, now: same.hash };
  expect(await close('2025-03-31', { rules: same, partner: 'ada' })).toEqual([
    { outcome: 'no new lines', partner: 'ada', rulesChange: change },
  ]);
  expect(await close('2025-02-28', { rules: same, partner: 'ada' })).toMatchObject([
    { outcome: 'already closed', rulesChange: change },
  ]);
});

test('live and test money never mix: the mode has to be chosen, and each has its own statements', async () => {
  await engine.putTransaction({ ...PAYMENT, transaction_id: 'ch_test', livemode: false, amount_net: 50 });
  await refused(
    '2025-01-31',
    {},
    'there are live and test transactions: choose one with --livemode live or --livemode test',
  );
  await expect(
    owedLines(engine.target, { rules: TEN, by: ['partner'], asOf: '2025-12-31', consistent: true }),
  ).rejects.toThrow('choose one with --livemode live or --livemode test');
  await close('2025-02-28', { livemode: 'live' });
  await close('2025-01-31', { livemode: 'test' });
  expect(await lines('ada', 'live')).toEqual([['ch_1 2000 200 new']]);
  expect(await lines('ada', 'test')).toEqual([['ch_test 50 5 new']]);
});

test('live and test statements: the mode has to be chosen, even if only one of them has transactions left', async () => {
  await close('2025-01-31');
  engine.removeTransaction('ch_1');
  await engine.putTransaction({ ...PAYMENT, transaction_id: 'ch_test', livemode: false });
  await refused('2025-02-28', {}, 'choose one with --livemode live or --livemode test');
  await close('2025-02-28', { livemode: 'live' });
  expect(await lines('ada', 'live')).toEqual([['ch_1 2000 200 new'], ['ch_1 -2000 -200 refunded']]);
});

async function refused(until: string, options: Partial<StatementOptions>, sentence: string) {
  const before = await engine.items();
  await expect(close(until, options)).rejects.toThrow(sentence);
  expect(await engine.items()).toEqual(before);
}

describe('refused with a clear sentence, and nothing written', () => {
  test('a period before one that is closed', async () => {
    await close('2025-03-31');
    await engine.putTransaction({ ...PAYMENT, transaction_id: 'ch_2', customer_key: 'bits' });
    await refused(
      '2025-02-28',
      {},
      'the statement of ada until 2025-03-31 is closed, so a period until 2025-02-28 cannot be closed any more: ' +
        'close a later one; what has changed since will be in it',
    );
  });
  test('a period before one that is closed for a later partner: no earlier partner’s statement is written either', async () => {
    await engine.putTransaction({ ...PAYMENT, transaction_id: 'ch_2', customer_key: 'bits' });
    await close('2025-03-31', { partner: 'bob' });
    await refused('2025-02-28', {}, 'the statement of bob until 2025-03-31 is closed');
  });
  test('a period in the future', () =>
    refused('2026-01-01', {}, 'a period until 2026-01-01 is in the future: today is 2025-12-31 in UTC'));
  test('an invalid date', () => refused('2025-02-30', {}, '"2025-02-30" is not a date; write it as 2025-01-31'));
  test('a currency without a fixed reward', () =>
    refused(
      '2025-01-31',
      { rules: parseRules('[{ "fixed": { "eur": 100 } }]') },
      'rule 1 matches ch_1, but has no fixed reward for usd',
    ));
  test('a currency without a fixed reward: no other partner’s statement is written either', async () => {
    await engine.putTransaction({ ...PAYMENT, transaction_id: 'ch_2', customer_key: 'bits', currency: 'eur' });
    await refused(
      '2025-01-31',
      { rules: parseRules('[{ "fixed": { "usd": 100 } }]') },
      'rule 1 matches ch_2, but has no fixed reward for eur',
    );
  });
  test('a sum that is too large for an exact number: not even a line is written', async () => {
    const most = { ...PAYMENT, amount_net: Number.MAX_SAFE_INTEGER };
    await engine.putTransaction(most);
    await engine.putTransaction({ ...most, transaction_id: 'ch_2' });
    await refused('2025-01-31', {}, 'is too large to be exact');
  });
  test('an unknown partner', () =>
    refused('2025-01-31', { partner: 'zoe' }, 'no customer was referred by zoe, and there is no statement for zoe'));
  test('a closed statement whose lines were changed', async () => {
    await close('2025-01-31');
    const [key] = [...(await engine.items()).keys()].filter((each) => each.endsWith('/000000000'));
    const [partner_key, entry] = key!.split(' ') as [string, string];
    await engine.target.dynamodb.send(
      new PutCommand({ TableName: 'statements', Item: { partner_key, entry, transaction_id: 'ch_1', reward: 999 } }),
    );
    await refused('2025-02-28', {}, 'the statement of ada until 2025-01-31 is not as it was closed');
  });
});

test('exports: CSV and JSON with every line, and a page that shows hostile names as text', async () => {
  await engine.putCustomer('=cmd,"x"', 'ada');
  await engine.putTransaction({
    ...PAYMENT,
    transaction_id: 'ch_2',
    customer_key: '=cmd,"x"',
    product_key: '<script>',
  });
  await close('2025-01-31');
  await engine.putTransaction({ ...GONE, deleted_reason: 'refunded' });
  await close('2025-02-28');
  const [first, second] = await statements();
  expect(statementCsv(first!)).toBe(
    'partner,until,transaction_id,customer_key,product_key,currency,amount_net,reward,rule,reason\n' +
      'ada,2025-01-31,ch_1,acme,,usd,2000,200,rule 1,new\n' +
      `ada,2025-01-31,ch_2,"'=cmd,""x""",<script>,usd,2000,200,rule 1,new\n`,
  );
  expect(statementCsv(second!)).toContain('ada,2025-02-28,ch_1,acme,,usd,-2000,-200,rule 1,refunded\n');
  expect(JSON.parse(statementJson(first!))).toEqual({
    ...first!.header,
    statement_lines: first!.lines.map(({ line }) => line),
  });
  const page = statementPage(first!);
  expect(page).toContain('<title>Statement of ada, until 2025-01-31</title>');
  expect(page).toContain('&#60;script&#62;');
  expect(page).not.toContain('<script>');
  expect(page).toContain('40.00 USD');
  expect(statementPage(second!)).toContain('Statement of ada, 2025-02-01 to 2025-02-28');
});
