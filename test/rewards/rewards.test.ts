// What transactions earn, compared with an independent computation: integers as text, one transaction after the other, no shared code.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addMonths, isDay } from '../../rewards/dates.js';
import { createHistories } from '../../rewards/histories.js';
import { type OwedKey, owedSums } from '../../rewards/owed.js';
import { parseRules } from '../../rewards/parse-rules.js';
import { customerRewards, percentOf, type RewardedTransaction } from '../../rewards/rewards.js';

const rulesOf = (...rules: object[]) => parseRules(JSON.stringify(rules));
const at = (day: string, time = '12:00') => Date.parse(`${day}T${time}:00Z`) / 1000;
const payment = (
  transaction_id: string,
  day: string,
  more: Partial<RewardedTransaction> = {},
): RewardedTransaction => ({
  transaction_id,
  created: at(day),
  currency: 'usd',
  amount_net: 1000,
  ...more,
});
const ADA = { customer_key: 'acme', partner_key: 'ada' };
const earned = (transactions: RewardedTransaction[], rules: object[], asOf = '2030-01-01') =>
  Object.fromEntries(
    customerRewards(ADA, transactions, rulesOf(...rules), asOf).map(({ transaction_id, rule, reward }) => [
      transaction_id,
      `${rule}: ${reward}`,
    ]),
  );

const RUNS = Number(process.env.REWARD_RUNS ?? 150);

describe('the first rule that matches decides', () => {
  test('by partner, product, currency and day; without a matching rule there is no line', () => {
    const transactions = [
      payment('pro', '2025-03-31', { product_key: 'pro' }),
      payment('none', '2025-03-31'),
      payment('eur', '2025-04-01', { currency: 'eur', product_key: 'setup' }),
      payment('late', '2025-04-02', { product_key: 'setup' }),
    ];
    const rules = [
      { partners: ['bob'], percent: '90' },
      { products: ['pro'], percent: '20' },
      { products: [null], percent: '10' },
      { currencies: ['eur'], from: '2025-04-01', until: '2025-04-01', fixed: { eur: 77 } },
    ];
    expect(earned(transactions, rules)).toEqual({ pro: 'rule 2: 200', none: 'rule 3: 100', eur: 'rule 4: 77' });
  });
  test('`payments`: the customer’s first N, by time and then by id', () => {
    const transactions = [payment('c', '2025-01-02'), payment('b', '2025-01-01'), payment('a', '2025-01-02')];
    expect(earned(transactions, [{ payments: 2, percent: '50' }, { percent: '1' }])).toEqual({
      b: 'rule 1: 500',
      a: 'rule 1: 500',
      c: 'rule 2: 10',
    });
  });
  test('`months`: until the day before the first payment’s day, N months later', () => {
    const transactions = ['2025-01-31', '2025-02-27', '2025-02-28', '2025-03-30', '2025-03-31'].map((day) =>
      payment(day, day),
    );
    expect(Object.keys(earned(transactions, [{ months: 1, percent: '1' }]))).toEqual(['2025-01-31', '2025-02-27']);
    expect(Object.keys(earned(transactions, [{ months: 2, percent: '1' }]))).toHaveLength(4);
  });
  test('`maxPerCustomer`: a reward is capped at what is left, for each currency and rule', () => {
    const transactions = [
      payment('1', '2025-01-01'),
      payment('2', '2025-01-02', { currency: 'eur' }),
      payment('3', '2025-01-03'),
      payment('4', '2025-01-04'),
    ];
    expect(earned(transactions, [{ percent: '10', maxPerCustomer: { usd: 150 } }])).toEqual({
      1: 'rule 1: 100',
      2: 'rule 1: 100',
      3: 'rule 1: 50',
      4: 'rule 1: 0',
    });
  });
  test('`holdDays`: due that many days later; until then it counts towards the maximum all the same', () => {
    const transactions = [payment('1', '2025-01-01'), payment('2', '2025-01-02')];
    const rules = [
      { products: ['none'], percent: '1' },
      { percent: '10', holdDays: 30, maxPerCustomer: { usd: 150 } },
    ];
    expect(earned(transactions, rules, '2025-01-30')).toEqual({});
    expect(earned(transactions, rules, '2025-01-31')).toEqual({ 1: 'rule 2: 100' });
    expect(earned(transactions, rules, '2025-02-01')).toEqual({ 1: 'rule 2: 100', 2: 'rule 2: 50' });
  });
});

test('a currency without a fixed reward is an error that says what to do', () => {
  expect(() => earned([payment('ch_1', '2025-01-01', { currency: 'eur' })], [{ fixed: { usd: 500 } }])).toThrow(
    'rule 1 matches ch_1, but has no fixed reward for eur: add the currency to its "fixed", or limit the rule with "currencies"',
  );
  expect(() => earned([payment('ch_1', '2025-01-01', { currency: 'toString' })], [{ fixed: { usd: 500 } }])).toThrow(
    'no fixed reward for toString',
  );
});

test('an amount that is not a whole number is an error, not a rounded reward', () => {
  expect(() => earned([payment('ch_1', '2025-01-01', { amount_net: 1.5 })], [{ percent: '10' }])).toThrow(
    'ch_1 has the amount 1.5, which is not a whole number of minor units',
  );
});

test('percent is rounded half to even', () => {
  const halves = [5, 15, 25, 35, -5, -15].map((amount) => percentOf({ digits: 10n, decimals: 0 }, amount));
  expect(halves).toEqual([0, 2, 2, 4, 0, -2]);
  expect(percentOf({ digits: 333n, decimals: 1 }, 9_007_199_254_740_991)).toBe(2_999_397_351_828_750);
});

test('the calendar: leap years, short months, invalid days', () => {
  expect(['2025-02-29', '2024-02-29', '2025-02-30', '2025-13-01', '2025-00-10', '2025-1-1'].map(isDay)).toEqual([
    false,
    true,
    false,
    false,
    false,
    false,
  ]);
  expect(addMonths('2024-01-31', 1)).toBe('2024-02-29');
  expect(addMonths('2024-02-29', 12)).toBe('2025-02-28');
  expect(addMonths('2024-12-15', 1)).toBe('2025-01-15');
});

// The independent computation.

const DAYS = Array.from({ length: 120 }, (_, i) => new Date(Date.UTC(2025, 0, 1 + i)).toISOString().slice(0, 10));
const day = fc.constantFrom(...DAYS);
const amounts = fc.record({ usd: fc.nat(3000), eur: fc.nat(3000), jpy: fc.nat(3000) });
const PARTNERS = ['ada', 'bob'] as const;

const allConditions = fc.record({
  partners: fc.subarray([...PARTNERS], { minLength: 1 }),
  products: fc.subarray(['pro', 'setup', null], { minLength: 1 }),
  currencies: fc.subarray(['usd', 'eur', 'jpy'], { minLength: 1 }),
  from: day,
  until: day,
  payments: fc.integer({ min: 1, max: 4 }),
  months: fc.integer({ min: 1, max: 3 }),
  maxPerCustomer: amounts,
  holdDays: fc.nat(40),
});
const CONDITIONS = [
  'partners',
  'products',
  'currencies',
  'from',
  'until',
  'payments',
  'months',
  'maxPerCustomer',
  'holdDays',
] as const;
// A few conditions each: rules with all of them match next to nothing.
const rule = fc
  .tuple(allConditions, fc.array(fc.constantFrom(...CONDITIONS), { maxLength: 3 }))
  .map(([all, keys]): Partial<typeof all> => Object.fromEntries(keys.map((key) => [key, all[key]])))
  .chain((conditions) =>
    fc.oneof(
      fc
        .tuple(fc.nat(99), fc.nat(999))
        .map(([whole, decimals]) => ({ ...conditions, percent: `${whole}.${decimals}` })),
      amounts.map((fixed) => ({ ...conditions, fixed })),
    ),
  );
const row = fc.record(
  {
    customer: fc.nat(4),
    day,
    second: fc.constantFrom(0, 43200, 86399),
    amount_net: fc.nat(100_000),
    currency: fc.constantFrom('usd', 'eur', 'jpy'),
    product_key: fc.constantFrom('pro', 'setup'),
  },
  { requiredKeys: ['customer', 'day', 'second', 'amount_net', 'currency'] },
);
type Row = typeof row extends fc.Arbitrary<infer T> ? T : never;
type FileRule = typeof rule extends fc.Arbitrary<infer T> ? T : never;

/** Half to even by the digits: amount × percent as a decimal text, its fraction compared with a half. */
function share(amount: number, percentText: string): number {
  const [whole, decimals = ''] = percentText.split('.') as [string, string?];
  const digits = String(BigInt(amount) * BigInt(`${whole}${decimals}`)).padStart(decimals.length + 3, '0');
  const split = digits.length - decimals.length - 2;
  const [integer, fraction] = [Number(digits.slice(0, split)), `0.${digits.slice(split)}`];
  const half = `0.5${'0'.repeat(fraction.length - 3)}`;
  if (fraction === half) return integer % 2 === 0 ? integer : integer + 1;
  return fraction > half ? integer + 1 : integer;
}

function byHand(rows: readonly Row[], rules: readonly FileRule[], asOf: string, by: readonly OwedKey[]) {
  const sums: Record<string, { count: number; amount_net: number; reward: number }> = {};
  for (const customer of [0, 1, 2, 3, 4]) {
    const partner = PARTNERS[customer % 2]!;
    const mine = rows
      .map((each, i) => ({ ...each, id: `t${String(i).padStart(3, '0')}` }))
      .filter((each) => each.customer === customer)
      .sort((a, b) => `${a.day}${a.second + 100000}${a.id}`.localeCompare(`${b.day}${b.second + 100000}${b.id}`));
    const spent: Record<string, number> = {};
    mine.forEach((each, nth) => {
      const first = new Date(`${mine[0]!.day}T00:00:00Z`);
      const index = rules.findIndex((r) => {
        if (r.partners && !r.partners.includes(partner)) return false;
        if (r.products && !r.products.includes(each.product_key ?? null)) return false;
        if (r.currencies && !r.currencies.includes(each.currency)) return false;
        if (r.from && DAYS.indexOf(each.day) < DAYS.indexOf(r.from)) return false;
        if (r.until && DAYS.indexOf(each.day) > DAYS.indexOf(r.until)) return false;
        if (r.payments && nth >= r.payments) return false;
        if (!r.months) return true;
        const month = first.getUTCMonth() + r.months;
        const length = new Date(Date.UTC(2025, month + 1, 0)).getUTCDate();
        return Date.parse(each.day) < Date.UTC(2025, month, Math.min(first.getUTCDate(), length));
      });
      if (index < 0) return;
      const r = rules[index]!;
      let reward = 'percent' in r ? share(each.amount_net, r.percent) : r.fixed[each.currency as 'usd'];
      const most = r.maxPerCustomer?.[each.currency as 'usd'];
      if (most !== undefined) {
        const key = `${index} ${each.currency}`;
        reward = Math.min(reward, most - (spent[key] ?? 0));
        spent[key] = (spent[key] ?? 0) + reward;
      }
      if (Date.parse(each.day) + (r.holdDays ?? 0) * 86_400_000 > Date.parse(asOf)) return;
      const values = {
        partner,
        product: each.product_key ?? '',
        customer: `k${customer}`,
        month: each.day.slice(0, 7),
        currency: each.currency,
      };
      const key = [...new Set([...by, 'currency' as const])].map((name) => `${name}=${values[name]}`).join(' ');
      sums[key] ??= { count: 0, amount_net: 0, reward: 0 };
      sums[key].count++;
      sums[key].amount_net += each.amount_net;
      sums[key].reward += reward;
    });
  }
  return sums;
}

test('for any rows and rules, rewards equal those of the independent computation', () => {
  let lines = 0;
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 40, size: 'max' }),
      fc.array(rule, { minLength: 1, maxLength: 4 }),
      day,
      fc.subarray(['partner', 'product', 'customer', 'month'] as OwedKey[]),
      (rows, rules, asOf, by) => {
        const histories = createHistories();
        for (const customer of [0, 1, 2, 3, 4])
          histories.addCustomer({ customer_key: `k${customer}`, partner_key: PARTNERS[customer % 2]! });
        const arrived = rows.map((each, i) => ({ each, i })).sort((a, b) => ((a.i * 7) % 11) - ((b.i * 7) % 11));
        for (const { each, i } of arrived) {
          const { customer, day: made, second, ...rest } = each;
          const created = at(made, '00:00') + second;
          histories.addTransaction({
            ...rest,
            transaction_id: `t${String(i).padStart(3, '0')}`,
            customer_key: `k${customer}`,
            created,
          });
        }
        const sums = owedSums(by);
        for (const { customer, transactions } of histories.customers())
          for (const reward of customerRewards(customer, transactions, rulesOf(...rules), asOf)) sums.add(reward);
        const found = Object.fromEntries(
          sums.lines().map(({ count, amount_net, reward, ...keys }) => [
            Object.entries(keys)
              .map(([key, value]) => `${key}=${value}`)
              .join(' '),
            { count, amount_net, reward },
          ]),
        );
        expect(found).toEqual(byHand(rows, rules, asOf, by));
        lines += Object.keys(found).length;
      },
    ),
    { numRuns: RUNS },
  );
  // It did not compare nothing with nothing.
  expect(lines).toBeGreaterThan(3 * RUNS);
});

test('one partner’s customers are found among those of many partners', () => {
  const histories = createHistories();
  for (let i = 0; i < 50; i++) histories.addCustomer({ customer_key: `k${i}`, partner_key: `p${i % 7}` });
  for (let i = 0; i < 500; i++)
    histories.addTransaction({ ...payment(`t${i}`, '2025-01-01'), customer_key: `k${(i * 13) % 60}` });
  const of = (partner?: string) =>
    [...histories.customers(partner)].flatMap(({ customer, transactions }) =>
      transactions.map(({ transaction_id }) => `${customer.partner_key} ${customer.customer_key} ${transaction_id}`),
    );
  const all = of();
  for (const partner of histories.partners())
    expect(of(partner)).toEqual(all.filter((each) => each.startsWith(`${partner} `)));
  expect(of('nobody')).toEqual([]);
  expect(new Set(all).size).toBe(all.length);
  expect(histories.partnerOf('k8')).toBe('p1');
  expect(histories.partnerOf('k59')).toBeUndefined();
});

test('of more transactions than fit into one piece of a column, each customer has its own, complete', () => {
  const histories = createHistories();
  for (let i = 0; i < 7; i++) histories.addCustomer({ customer_key: `k${i}`, partner_key: `p${i % 2}` });
  const rows = Array.from({ length: 40_000 }, (_, i) => ({
    transaction_id: `t${'x'.repeat(i % 5)}${i}`,
    created: i,
    currency: i % 3 === 0 ? 'eur' : 'usd',
    amount_net: i * 1000,
    ...(i % 2 === 0 ? { product_key: `product ${i % 11}` } : {}),
  }));
  for (const [i, row] of rows.entries()) histories.addTransaction({ ...row, customer_key: `k${(i * 5) % 7}` });
  for (const { customer, transactions } of histories.customers())
    expect(transactions).toEqual(rows.filter((_, i) => `k${(i * 5) % 7}` === customer.customer_key));
});
