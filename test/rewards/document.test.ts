// docs/rewards.md: the worked example holds, and the example in code runs as printed.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { closeStatements } from '../../cli/close-statements.js';
import { readLedger } from '../../cli/statement-store.js';
import { formatMoney } from '../../contract/money.js';
import { checkRules } from '../../rewards/check-rules.js';
import { parseRules } from '../../rewards/parse-rules.js';
import { customerRewards } from '../../rewards/rewards.js';
import { memoryTables } from './memory-tables.js';

const ROOT = join(__dirname, '..', '..');
const PAGE = readFileSync(join(ROOT, 'docs', 'rewards.md'), 'utf8');
const RULES = parseRules(/```json\n([\s\S]+?)```/.exec(PAGE)![1]!);

/** The tables of the worked example, each row by its column titles. */
const [PAYMENTS, REWARDS, FIRST, SECOND] = tablesOf(/## Worked example([\s\S]+?)\n## /.exec(PAGE)![1]!);

function tablesOf(text: string): Record<string, string>[][] {
  return text
    .split('\n\n')
    .filter((block) => block.startsWith('|'))
    .map((block) => {
      const [titles, , ...rows] = block.split('\n').map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
      return rows.map((cells) => Object.fromEntries(titles!.map((title, i) => [title, cells[i]!])));
    });
}

const amountOf = (money: string) => Number(money.replace(/[^\d-]/g, ''));
const rowOf = ({ transaction, customer, day, product, net }: Record<string, string>) => ({
  transaction_id: transaction!,
  status: 'recorded',
  customer_key: customer!,
  created: Date.parse(day!) / 1000,
  currency: 'usd',
  amount_net: amountOf(net!),
  livemode: true,
  ...(product === '–' ? {} : { product_key: product }),
});

test('what each transaction of the example earns, and when it is due', () => {
  const found = ['acme', 'bits'].flatMap((customer_key) => {
    const rows = PAYMENTS!.filter(({ customer }) => customer === customer_key).map(rowOf);
    return customerRewards({ customer_key, partner_key: 'ada' }, rows, RULES, '2026-12-31');
  });
  expect(
    found.map(({ transaction_id, rule, reward, currency, due }) => ({
      transaction: transaction_id,
      rule,
      reward: formatMoney(reward, currency),
      due,
    })),
  ).toEqual(REWARDS!.map(({ because: _because, ...rest }) => rest));
  expect(checkRules(RULES).filter(({ message }) => message.includes('never'))).toEqual([]);
});

test('the two statements of the example, before and after the refund', async () => {
  const engine = memoryTables();
  for (const { customer, partner } of PAYMENTS!) await engine.putCustomer(customer!, partner!);
  for (const payment of PAYMENTS!) await engine.putTransaction(rowOf(payment));
  const close = (until: string) => closeStatements(engine.target, { rules: RULES, until, today: until }, () => {});
  await close('2025-03-31');
  const { customer_key, ...refunded } = rowOf(PAYMENTS![1]!);
  await engine.putTransaction({
    ...refunded,
    status: 'deleted',
    amount_net: 0,
    amount_refunded: 4900,
    deleted_customer_key: customer_key,
    deleted_reason: 'refunded',
  });
  await close('2025-06-30');
  const store = { client: engine.target.dynamodb, table: engine.target.tables.statements };
  const { statements } = await readLedger(store, 'ada', 'live');
  const printed = statements.map(({ lines }) =>
    lines.map(({ line }) => ({
      transaction: line.transaction_id,
      net: formatMoney(line.amount_net, line.currency),
      reward: formatMoney(line.reward, line.currency),
      reason: line.reason,
    })),
  );
  expect(printed).toEqual([FIRST, SECOND]);
  const sums = statements.map(({ header }) => header.sums.usd!.reward);
  expect(PAGE).toContain(
    `the statement until 2025-03-31 has what was due by then, ${formatMoney(sums[0]!, 'usd')}`.replace('the', 'The'),
  );
  expect(PAGE.replace(/\s+/g, ' ')).toContain(
    `Both statements together: ${formatMoney(sums[0]!, '').trim()} + ${formatMoney(sums[1]!, '').trim()} = ${formatMoney(sums[0]! + sums[1]!, 'usd')}`,
  );
});

test('the example in code runs as printed', async () => {
  const [, example] = /```js\n([\s\S]+?)```/.exec(PAGE)!;
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.example-'));
  try {
    const file = join(folder, 'example.mjs');
    writeFileSync(
      file,
      example!.replace("'stripe-partner-sync/reader'", JSON.stringify(join(ROOT, 'reader', 'reader.ts'))),
    );
    const run = promisify(execFile)(process.execPath, ['--import', require.resolve('tsx'), file], {
      env: { PATH: process.env.PATH, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    });
    expect(await run).toEqual({ stdout: 'ch_1 612 2025-01-31\n', stderr: '' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
