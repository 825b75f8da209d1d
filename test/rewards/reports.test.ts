// `report` and `owed` read each table once, in parallel segments, and add up what a hand count finds.

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { owedLines } from '../../cli/owed-lines.js';
import { readReport } from '../../cli/report-lines.js';
import { parseRules } from '../../rewards/parse-rules.js';
import { memoryTables } from './memory-tables.js';

const engine = memoryTables({ mayLag: true });
const PARTNER_OF: Record<string, string> = { k0: 'ada', k1: 'bob', k2: 'ada' };
const row = fc.record({
  customer_key: fc.constantFrom('k0', 'k1', 'k2', 'no partner', undefined),
  status: fc.constantFrom('recorded', 'recorded', 'deleted'),
  livemode: fc.boolean(),
  currency: fc.constantFrom('usd', 'eur'),
  amount_net: fc.nat(5000),
  month: fc.constantFrom('2025-01', '2025-02', '2025-03'),
});
const startOf = (month: string) => Date.parse(`${month}-01T00:00:00Z`) / 1000;

interface Row {
  readonly customer_key: string | undefined;
  readonly status: string;
  readonly livemode: boolean;
  readonly currency: string;
  readonly amount_net: number;
  readonly month: string;
}

async function store(rows: readonly Row[]): Promise<void> {
  await engine.clear();
  for (const [customer, referrer] of Object.entries(PARTNER_OF)) await engine.putCustomer(customer, referrer);
  await engine.putCustomer('no partner', undefined as never);
  for (const [i, { month, ...rest }] of rows.entries())
    await engine.putTransaction({ transaction_id: `ch_${i}`, created: startOf(month), ...rest });
}

/** Counts and sums by key. */
type Sums = Record<string, number[]>;

function add(sums: Sums, key: string, ...numbers: number[]): void {
  sums[key] = numbers.map((number, i) => (sums[key]?.[i] ?? 0) + number);
}

/** What `report` finds from February on, counted by hand. */
function countReported(rows: readonly Row[], partner: string | undefined) {
  const sums: { attributed: Sums; unattributed: Sums } = { attributed: {}, unattributed: {} };
  for (const { customer_key, status, livemode, currency, amount_net, month } of rows) {
    if (status !== 'recorded' || month === '2025-01') continue;
    if (customer_key === undefined) {
      if (partner === undefined) add(sums.unattributed, `${currency} ${livemode}`, 1, amount_net);
      continue;
    }
    const referrer = PARTNER_OF[customer_key];
    if ((partner ?? referrer) === referrer)
      add(sums.attributed, `${referrer ?? ''} ${currency} ${livemode}`, 1, amount_net);
  }
  return sums;
}

/** What is owed at the end of February by RULES, counted by hand: half of an amount, rounded half to even, and later 10. */
function countOwed(rows: readonly Row[], partner: string | undefined): Sums {
  const owed: Sums = {};
  for (const { customer_key, status, livemode, currency, amount_net, month } of rows) {
    const referrer = PARTNER_OF[customer_key ?? ''];
    if (status !== 'recorded' || !livemode || month === '2025-03') continue;
    if (!referrer || (partner ?? referrer) !== referrer) continue;
    const half = Math.floor(amount_net / 2) + (amount_net % 4 === 3 ? 1 : 0);
    add(owed, `${referrer} ${currency}`, 1, amount_net, month === '2025-01' ? half : 10);
  }
  return owed;
}

const RULES = parseRules('[{ "until": "2025-01-31", "percent": "50" }, { "fixed": { "usd": 10, "eur": 10 } }]');
/** Those of RULES, with one that needs the customer's history and never matters. */
const RULES_BY_HISTORY = parseRules(
  '[{ "until": "2025-01-31", "percent": "50", "payments": 999 }, { "fixed": { "usd": 10, "eur": 10 } }]',
);

test('for any rows and segments, the sums equal an independent count', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 30, size: 'max' }),
      fc.integer({ min: 1, max: 5 }),
      fc.option(fc.constantFrom('ada', 'bob'), { nil: undefined }),
      async (rows, concurrency, partner) => {
        await store(rows);
        const given = { by: ['partner'] as const, concurrency, ...(partner ? { partner } : {}) };
        const report = await readReport(engine.target, { ...given, from: startOf('2025-02') });
        const counted = countReported(rows, partner);
        expect(
          Object.fromEntries(
            report.lines.map((line) => [
              `${line.partner} ${line.currency} ${line.livemode}`,
              [line.count, line.amount_net],
            ]),
          ),
        ).toEqual(counted.attributed);
        expect(
          Object.fromEntries(
            report.unattributed.map((line) => [`${line.currency} ${line.livemode}`, [line.count, line.amount_net]]),
          ),
        ).toEqual(counted.unattributed);

        const due = { ...given, asOf: '2025-02-28', livemode: 'live' as const };
        const lines = await owedLines(engine.target, { ...due, rules: RULES });
        expect(
          Object.fromEntries(
            lines.map((line) => [`${line.partner} ${line.currency}`, [line.count, line.amount_net, line.reward]]),
          ),
        ).toEqual(countOwed(rows, partner));
        expect(await owedLines(engine.target, { ...due, rules: RULES_BY_HISTORY })).toEqual(lines);
      },
    ),
    { numRuns: 150 },
  );
});

test('after an error in one segment no more requests are sent', async () => {
  let sent = 0;
  const failing = engine.through(async () => {
    if (++sent === 2) throw new Error('throttled for too long');
    await new Promise((resolve) => setImmediate(resolve));
    return { Items: [], LastEvaluatedKey: { customer_key: 'more' } };
  });
  await expect(readReport(failing, { by: ['partner'], concurrency: 4 })).rejects.toThrow('throttled for too long');
  const before = sent;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(sent).toBe(before);
});
