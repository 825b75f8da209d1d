// Reading a rewards.json: every error names its line, and the JSON Schema accepts the same files.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { checkRules } from '../../rewards/check-rules.js';
import { parseRules, RulesError } from '../../rewards/parse-rules.js';

const SCHEMA = JSON.parse(readFileSync(join(__dirname, '..', '..', 'rewards', 'rewards.schema.json'), 'utf8'));
const schemaAccepts = new Ajv({ formats: { date: true } }).compile(SCHEMA);

/** A file with one rule on its third line. */
const file = (rule: string) => `{\n  "rules": [\n    ${rule}\n  ]\n}`;

function problems(text: string): string[] {
  try {
    parseRules(text);
    return [];
  } catch (error) {
    if (!(error instanceof RulesError)) throw error;
    return error.problems.map(({ line, message }) => `${line}: ${message}`);
  }
}

function warnings(rules: object[]): string[] {
  const text = `[\n${rules.map((rule) => JSON.stringify({ percent: '10', ...rule })).join(',\n')}\n]`;
  return checkRules(parseRules(text)).map(({ line, message }) => `${line}: ${message}`);
}

test('reads a list of rules, or an object with rules', () => {
  const text = '[{ "percent": "12.50", "products": ["pro", null], "holdDays": 30 }]';
  const { rules, lines } = parseRules(text);
  expect(rules).toEqual([
    { name: 'rule 1', percent: { digits: 125n, decimals: 1 }, products: ['pro', null], holdDays: 30 },
  ]);
  expect(lines).toEqual([1]);
  expect(parseRules(`{ "$schema": "./rewards.schema.json", "rules": ${text} }`).rules).toEqual(rules);
  expect(parseRules(`\uFEFF${text}`).rules).toEqual(rules);
});

test('the hash follows what the rules say, not how the file is laid out', () => {
  const hash = (text: string) => parseRules(text).hash;
  expect(hash('[{"percent":"20","from":"2025-01-01"}]')).toBe(
    hash('{ "rules": [\n { "from": "2025-01-01", "holdDays": 0,\n "percent": "20.0" } ] }'),
  );
  expect(hash('[{"percent":"20"}]')).not.toBe(hash('[{"percent":"21"}]'));
  expect(hash('[{"percent":"20"}]')).toMatch(/^[0-9a-f]{64}$/);
});

describe('an error names the line and says what to write', () => {
  test.each<[text: string, ...expected: string[]]>([
    ['{ "rules": [\n { "percent": "10", }\n] }', '2: this is not JSON: unexpected token rbrace'],
    ['[\n { "percent": "10"\n', '2: this is not JSON: unexpected end of input'],
    ['', '1: this is not JSON: unexpected end of input'],
    ['"rules"', '1: expected a list of rules: [ … ] or { "rules": [ … ] }'],
    ['{ "rules": 3 }', '1: expected a list of rules: [ … ] or { "rules": [ … ] }'],
    ['[]', '1: there are no rules: no partner would be owed anything'],
    ['{ "rules": [{"percent":"1"}],\n "rule": [] }', '2: unknown key "rule"; use "rules" and "$schema"'],
    [file('"ten percent"'), '3: rule 1 is not an object: { … }'],
    [file('{ }'), '3: rule 1 has no reward: give it "percent" or "fixed"'],
    [file('{ "percent": "10", "fixed": { "usd": 1 } }'), '3: rule 1 has both "percent" and "fixed": use one of them'],
    ['[\n // ten percent\n{ "percent": "10" }]', "2: this is not JSON: unexpected character '/'"],
    [file('{ "percent": 10 }'), '3: rule 1: "percent" must be a text such as "12.5", so that its digits stay exact'],
    [file('{ "percent": "ten" }'), '3: rule 1: "percent" must be a decimal such as "12.5", not "ten"'],
    [file('{ "percent": "-1" }'), '3: rule 1: "percent" must be a decimal such as "12.5", not "-1"'],
    [file('{ "percent": "100.01" }'), '3: rule 1: "percent" is "100.01": more than 100 percent of the payment'],
    [file('{ "percent": "1", "percent": "2" }'), '3: rule 1: "percent" is there twice'],
    [
      file('{ "percent": "1",\n "partner": ["ada"] }'),
      '4: rule 1: unknown key "partner"; use name, partners, products, currencies, from, until, payments, months, ' +
        'percent, fixed, maxPerCustomer, holdDays',
    ],
    [
      file('{ "percent": "1",\n "from": "2025-02-30",\n "until": "31.12.2025" }'),
      '4: rule 1: "from" must be a date such as "2025-01-31", not "2025-02-30"',
      '5: rule 1: "until" must be a date such as "2025-01-31", not "31.12.2025"',
    ],
    [file('{ "percent": "1", "payments": 0 }'), '3: rule 1: "payments" must be a whole number from 1 to 36500, not 0'],
    [file('{ "percent": "1", "months": 1.5 }'), '3: rule 1: "months" must be a whole number from 1 to 36500, not 1.5'],
    [
      file('{ "percent": "1", "holdDays": -1 }'),
      '3: rule 1: "holdDays" must be a whole number from 0 to 36500, not -1',
    ],
    [
      file('{ "percent": "1", "partners": "ada" }'),
      '3: rule 1: "partners" must be a list of partner keys, such as ["ada"]',
    ],
    [
      file('{ "percent": "1", "partners": [null] }'),
      '3: rule 1: "partners" must be a text without spaces around it, and not empty',
    ],
    [
      file('{ "percent": "1", "products": [" pro"] }'),
      '3: rule 1: "products" must be a text without spaces around it, and not empty',
    ],
    [
      file('{ "percent": "1", "currencies": ["USD"] }'),
      '3: rule 1: "currencies" must have currencies as Stripe writes them, such as "usd", not "USD"',
    ],
    [
      file('{ "fixed": { "usd": 500 },\n "currencies": ["usd", "eur"] }'),
      '3: rule 1 matches eur, but "fixed" has no amount for eur',
    ],
    [file('{ "fixed": {} }'), '3: rule 1: "fixed" must have an amount for each currency, such as { "usd": 500 }'],
    [
      file('{ "fixed": { "usd": 5.5 } }'),
      '3: rule 1: "fixed" for usd must be a whole number of minor units (500 for 5.00), not 5.5',
    ],
    [
      file('{ "percent": "1", "maxPerCustomer": { "Dollar": 5 } }'),
      '3: rule 1: "maxPerCustomer" must have currencies as Stripe writes them, not "Dollar"',
    ],
    ['[\n{ "percent": "1", "name": "a" },\n{ "percent": "2", "name": "a" }]', '3: rule 2 has the name of rule 1: "a"'],
  ])('%j', (text, ...expected) => {
    expect(problems(text)).toEqual(expected);
  });
});

describe('a warning names the rules', () => {
  test('that overlap', () => {
    expect(warnings([{ partners: ['ada'] }, {}])).toEqual([
      '3: rule 2 overlaps rule 1, which decides where both match',
    ]);
    expect(
      warnings([
        { partners: ['ada'], from: '2025-06-01' },
        { until: '2025-06-01', products: [null] },
      ]),
    ).toEqual(['3: rule 2 overlaps rule 1, which decides where both match']);
  });
  test('but not where no transaction matches both', () => {
    expect(warnings([{ partners: ['ada'] }, { partners: ['bob'] }])).toEqual([]);
    expect(warnings([{ products: [null] }, { products: ['pro'] }])).toEqual([]);
    expect(warnings([{ until: '2025-06-30' }, { from: '2025-07-01' }])).toEqual([]);
  });
  test('that can never match', () => {
    expect(warnings([{ name: 'all' }, { partners: ['ada'] }])).toEqual([
      '3: rule 2 can never match: all will always match first',
    ]);
    expect(warnings([{ payments: 3 }, { payments: 2, months: 12 }])).toEqual([
      '3: rule 2 can never match: rule 1 will always match first',
    ]);
    expect(warnings([{ from: '2025-02-01', until: '2025-01-01' }])).toEqual([
      '2: rule 1 can never match: "from" 2025-02-01 is after "until" 2025-01-01',
    ]);
    expect(warnings([{ partners: [] }])).toEqual(['2: rule 1 can never match: its "partners" is empty']);
  });
  test('that can never match because several rules together match all of it first', () => {
    expect(warnings([{ until: '2025-06-30' }, { from: '2025-07-01' }, { partners: ['ada'] }])).toEqual([
      '4: rule 3 can never match: rule 1 or rule 2 will always match first',
    ]);
    expect(warnings([{ partners: ['ada'] }, { partners: ['bob'] }, { partners: ['ada', 'bob'] }])).toEqual([
      '4: rule 3 can never match: rule 1 or rule 2 will always match first',
    ]);
  });
  test('that lack an amount for a currency', () => {
    expect(warnings([{ percent: undefined, fixed: { usd: 500 } }])).toEqual([
      '2: rule 1 matches every currency, but has a fixed reward for usd only: add "currencies"',
    ]);
    expect(warnings([{ currencies: ['usd', 'eur'], maxPerCustomer: { usd: 1 } }])).toEqual([
      '2: rule 1 has no maximum for eur',
    ]);
  });
});

test('the JSON Schema and the parser accept the same rules', () => {
  const loose = fc.record(
    {
      name: fc.constantFrom('gold', '', ' x', 3),
      partners: fc.constantFrom([], ['ada'], ['ada', ''], 'ada', [null]),
      products: fc.constantFrom([null], ['pro', null], [1], null),
      currencies: fc.constantFrom(['usd'], ['USD'], ['dollar'], []),
      from: fc.constantFrom('2025-01-01', '2025-1-1', 20250101, 'yesterday'),
      payments: fc.constantFrom(1, 0, -1, 1.5, '1', 36500, 36501),
      months: fc.constantFrom(1, 12, 0),
      percent: fc.constantFrom('10', '0', '100', '100.0', '099.5', '100.1', '101', '1.', '.5', '1e1', 10, ''),
      fixed: fc.constantFrom({ usd: 500 }, {}, { usd: -1 }, { usd: 1.5 }, { USD: 5 }, { usd: 0 }, 5),
      maxPerCustomer: fc.constantFrom({ usd: 500 }, {}, { usd: '5' }),
      holdDays: fc.constantFrom(0, 30, -1, 1.5, null),
      note: fc.constant('unknown'),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(loose, { maxLength: 2 }), fc.boolean(), (rules, asList) => {
      const named = rules.map((rule, i) =>
        'name' in rule && rule.name === 'gold' ? { ...rule, name: `gold ${i}` } : rule,
      );
      // The schema cannot compare two keys: currencies without a fixed reward are the parser's alone.
      if (
        named.some(
          ({ currencies, fixed }) =>
            Array.isArray(currencies) &&
            currencies.includes('usd') &&
            fixed !== undefined &&
            !(fixed as Record<string, number>).usd,
        )
      )
        return;
      const text = JSON.stringify(asList ? named : { rules: named });
      expect([text, problems(text).length === 0]).toEqual([text, schemaAccepts(JSON.parse(text))]);
    }),
    { numRuns: Number(process.env.REWARD_RUNS ?? 1000) },
  );
});
