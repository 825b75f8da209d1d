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

test('for any rows and segments, the sums equal an independent count', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 30, size: 'max' }),
      fc.integer({ min: 1, max: 5 }),
      fc.option(fc.constantFrom('ada', 'bob'), { nil: undefined }),
      async (rows, concurrency, partner) => {
        await engine.clear();
        for (const [customer, referrer] of Object.entries(PARTNER_OF)) await engine.putCustomer(customer, referrer);
        await engine.putCustomer('no partner', undefined as never);
        for (const [i, { month, ...rest }] of rows.entries())
          await engine.putTransaction({ transaction_id: `ch_${i}`, created: startOf(month), ...rest });

        const counted: Record<string, [number, number]> = {};
        const unattributed: Record<string, [number, number]> = {};
        const owed: Record<string, [number, number, number]> = {};
        for (const { customer_key, status, livemode, currency, amount_net, month } of rows) {
          if (status !== 'recorded') continue;
          const referrer = PARTNER_OF[customer_key ?? ''];
          if (livemode && month !== '2025-03' && referrer && (partner ?? referrer) === referrer) {
            const [count, net, reward] = owed[`${referrer} ${currency}`] ?? [0, 0, 0];
            const due = month === '2025-01' ? Math.floor(amount_net / 2) + (amount_net % 4 === 3 ? 1 : 0) : 10;
            owed[`${referrer} ${currency}`] = [count + 1, net + amount_net, reward + due];
          }
          if (month === '2025-01') continue;
          const sums = customer_key === undefined ? unattributed : counted;
          if (customer_key === undefined ? partner !== undefined : (partner ?? referrer) !== referrer) continue;
          const key =
            customer_key === undefined ? `${currency} ${livemode}` : `${referrer ?? ''} ${currency} ${livemode}`;
          const [count, net] = sums[key] ?? [0, 0];
          sums[key] = [count + 1, net + amount_net];
        }

        const given = { concurrency, ...(partner ? { partner } : {}) };
        const report = await readReport(engine.target, { by: ['partner'], from: startOf('2025-02'), ...given });
        expect(
          Object.fromEntries(
            report.lines.map((line) => [
              `${line.partner} ${line.currency} ${line.livemode}`,
              [line.count, line.amount_net],
            ]),
          ),
        ).toEqual(counted);
        expect(
          Object.fromEntries(
            report.unattributed.map((line) => [`${line.currency} ${line.livemode}`, [line.count, line.amount_net]]),
          ),
        ).toEqual(unattributed);

        const rules = parseRules('[{ "until": "2025-01-31", "percent": "50" }, { "fixed": { "usd": 10, "eur": 10 } }]');
        const lines = await owedLines(engine.target, {
          rules,
          by: ['partner'],
          asOf: '2025-02-28',
          livemode: 'live',
          ...given,
        });
        expect(
          Object.fromEntries(
            lines.map((line) => [`${line.partner} ${line.currency}`, [line.count, line.amount_net, line.reward]]),
          ),
        ).toEqual(owed);
        // A rule that needs the customer's history, and never matters, gives the same.
        const byHistory = parseRules(
          '[{ "until": "2025-01-31", "percent": "50", "payments": 999 }, { "fixed": { "usd": 10, "eur": 10 } }]',
        );
        expect(
          await owedLines(engine.target, {
            rules: byHistory,
            by: ['partner'],
            asOf: '2025-02-28',
            livemode: 'live',
            ...given,
          }),
        ).toEqual(lines);
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
