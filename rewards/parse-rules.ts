// Reads a rewards.json. Every error names the line and says how to write it.

import { createHash } from 'node:crypto';
import { parse, type ValueNode } from '@humanwhocodes/momoa';
import { isDay } from './dates.js';
import type { AmountByCurrency, Percent, Rule, Rules } from './rules.js';

/** Something that is wrong with a rewards.json, or worth a second look. */
export interface RulesProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** The text is not a list of rules. `problems` has all that is wrong, in the order of the lines. */
export class RulesError extends Error {
  override readonly name = 'RulesError';
  constructor(readonly problems: readonly RulesProblem[]) {
    super(problems.map(({ line, message }) => `line ${line}: ${message}`).join('\n'));
  }
}

/** Rules, and the line on which each begins. */
export interface ParsedRules extends Rules {
  readonly lines: readonly number[];
}

/**
 * @param text a list of rules, or an object with the list under `rules`
 * @throws {RulesError} with every error that was found
 */
export function parseRules(text: string): ParsedRules {
  const reading = new Reading(text);
  const list = ruleList(reading);
  const rules = (list?.children ?? []).map((node, index) => parseRule(reading, node, index));
  for (const [index, { name }] of rules.entries()) {
    const first = rules.findIndex((rule) => rule.name === name);
    if (first < index)
      reading.fail(list!.children![index]!, `rule ${index + 1} has the name of rule ${first + 1}: ${quoted(name)}`);
  }
  if (list && rules.length === 0) reading.fail(list, 'there are no rules: no partner would be owed anything');
  if (reading.problems.length > 0) throw new RulesError(reading.problems.sort((a, b) => a.line - b.line));
  const lines = (list?.children ?? []).map((node) => node.line);
  return { rules, hash: hashOf(rules), lines };
}

function hashOf(rules: readonly Rule[]): string {
  const plain = (_: string, value: unknown) => {
    if (typeof value === 'bigint') return String(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  return createHash('sha256').update(JSON.stringify(rules, plain)).digest('hex');
}

/** A value of the file, and the line on which it begins. */
interface Node {
  readonly type: 'object' | 'array' | 'text' | 'number' | 'boolean' | 'null';
  readonly line: number;
  // biome-ignore lint/suspicious/noExplicitAny: each reader checks what it finds
  readonly value?: any;
  /** The elements of an array. */
  readonly children?: readonly Node[];
  /** The entries of an object. */
  readonly members?: readonly { readonly key: Node & { readonly value: string }; readonly value: Node }[];
}

function nodeOf(node: ValueNode): Node {
  const { line } = node.loc.start;
  switch (node.type) {
    case 'Object':
      return {
        type: 'object',
        line,
        members: node.members.map(({ name, value }) => {
          const key = name.type === 'String' ? name.value : name.name;
          return { key: { type: 'text', line: name.loc.start.line, value: key }, value: nodeOf(value) };
        }),
      };
    case 'Array':
      return { type: 'array', line, children: node.elements.map(({ value }) => nodeOf(value)) };
    case 'String':
      return { type: 'text', line, value: node.value };
    case 'Number':
    case 'Boolean':
      return { type: node.type === 'Number' ? 'number' : 'boolean', line, value: node.value };
    default:
      return { type: 'null', line, value: null };
  }
}

/** The text as a tree, and the problems found so far. */
class Reading {
  readonly problems: RulesProblem[] = [];
  readonly root: Node | undefined;
  constructor(text: string) {
    try {
      // A byte order mark is what some editors write; it is not part of the JSON.
      this.root = nodeOf(parse(text.replace(/^\uFEFF/, ''), { mode: 'json' }).body);
    } catch (error) {
      const { message, line = 1 } = error as Error & { line?: number };
      const reason = message.replace(/ found\. \(\d+:\d+\)$/, '').toLowerCase();
      this.problems.push({ line, message: `this is not JSON: ${reason}` });
    }
  }
  fail(node: Node, message: string): undefined {
    this.problems.push({ line: node.line, message });
  }
  /** The values of an object by key; a key that is there twice is an error, because one of the two would be lost. */
  entries(node: Node, what: string): Map<string, Node> {
    const found = new Map<string, Node>();
    for (const { key, value } of node.members ?? []) {
      if (found.has(key.value)) this.fail(key, `${what}: ${quoted(key.value)} is there twice`);
      found.set(key.value, value);
    }
    return found;
  }
}

function ruleList(reading: Reading): Node | undefined {
  const { root } = reading;
  // A file with syntax errors could yield only some of its rules.
  if (reading.problems.length > 0) return undefined;
  if (root?.type === 'array') return root;
  const list = root?.members?.find(({ key }) => key.value === 'rules')?.value;
  if (root?.type !== 'object' || list?.type !== 'array')
    return reading.fail(
      list ?? root ?? { type: 'null', line: 1 },
      'expected a list of rules: [ … ] or { "rules": [ … ] }',
    );
  for (const [key, value] of reading.entries(root, 'the file'))
    if (key !== 'rules' && key !== '$schema')
      reading.fail(value, `unknown key ${quoted(key)}; use "rules" and "$schema"`);
  return list;
}

/** Reads the value of one key; undefined after it has reported an error. */
type Field<T> = (reading: Reading, node: Node, what: string) => T | undefined;

const FIELDS = {
  name: text,
  partners: listOf(text, 'a list of partner keys, such as ["ada"]'),
  products: listOf(textOrNull, 'a list of product keys, such as ["pro", null]; null is for no product'),
  currencies: listOf(currency, 'a list of currencies, such as ["usd"]'),
  from: day,
  until: day,
  payments: integer(1),
  months: integer(1),
  percent,
  fixed: amounts,
  maxPerCustomer: amounts,
  holdDays: integer(0),
} satisfies { readonly [K in keyof Rule]-?: Field<NonNullable<Rule[K]>> };

function parseRule(reading: Reading, node: Node, index: number): Rule {
  const title = `rule ${index + 1}`;
  const fallback: Rule = { name: title, holdDays: 0 };
  if (node.type !== 'object') {
    reading.fail(node, `${title} is not an object: { … }`);
    return fallback;
  }
  const entries = reading.entries(node, title);
  const rule: Record<string, unknown> = { ...fallback };
  for (const [key, value] of entries) {
    const field = Object.hasOwn(FIELDS, key) ? FIELDS[key as keyof typeof FIELDS] : undefined;
    if (!field) reading.fail(value, `${title}: unknown key ${quoted(key)}; use ${Object.keys(FIELDS).join(', ')}`);
    else rule[key] = field(reading, value, `${title}: "${key}"`) ?? rule[key];
  }
  const { percent, fixed } = { percent: entries.get('percent'), fixed: entries.get('fixed') };
  if (!percent && !fixed) reading.fail(node, `${title} has no reward: give it "percent" or "fixed"`);
  if (percent && fixed) reading.fail(fixed, `${title} has both "percent" and "fixed": use one of them`);
  if (fixed) requireFixedRewards(reading, fixed, rule as unknown as Rule, title);
  return rule as unknown as Rule;
}

function requireFixedRewards(reading: Reading, node: Node, rule: Rule, title: string): void {
  const without = (rule.currencies ?? []).filter((each) => rule.fixed && !Object.hasOwn(rule.fixed, each));
  if (without.length > 0)
    reading.fail(node, `${title} matches ${without.join(', ')}, but "fixed" has no amount for ${without.join(', ')}`);
}

function text(reading: Reading, node: Node, what: string): string | undefined {
  if (typeof node.value === 'string' && node.value.trim() === node.value && node.value !== '') return node.value;
  return reading.fail(node, `${what} must be a text without spaces around it, and not empty`);
}

function textOrNull(reading: Reading, node: Node, what: string): string | null | undefined {
  return node.type === 'null' ? null : text(reading, node, what);
}

function currency(reading: Reading, node: Node, what: string): string | undefined {
  if (typeof node.value === 'string' && isCurrency(node.value)) return node.value;
  return reading.fail(node, `${what} must have currencies as Stripe writes them, such as "usd", not ${shown(node)}`);
}

function isCurrency(code: string): boolean {
  return /^[a-z]{3}$/.test(code);
}

function listOf<T>(item: Field<T>, expected: string): Field<T[]> {
  return (reading, node, what) => {
    if (node.type !== 'array') return reading.fail(node, `${what} must be ${expected}`);
    const values = (node.children ?? []).map((child) => item(reading, child, what));
    return values.filter((value) => value !== undefined);
  };
}

function day(reading: Reading, node: Node, what: string): string | undefined {
  if (typeof node.value === 'string' && isDay(node.value)) return node.value;
  return reading.fail(node, `${what} must be a date such as "2025-01-31", not ${shown(node)}`);
}

function integer(least: number): Field<number> {
  return (reading, node, what) => {
    if (node.type === 'number' && Number.isSafeInteger(node.value) && node.value >= least && node.value <= MOST_INTEGER)
      return node.value;
    return reading.fail(node, `${what} must be a whole number from ${least} to ${MOST_INTEGER}, not ${shown(node)}`);
  };
}

/** A hundred years of days; more than that is a slip, and dates would leave the calendar. */
const MOST_INTEGER = 36_500;

function percent(reading: Reading, node: Node, what: string): Percent | undefined {
  if (typeof node.value !== 'string')
    return reading.fail(node, `${what} must be a text such as "12.5", so that its digits stay exact`);
  const [, whole, decimals = ''] = /^(\d{1,3})(?:\.(\d{1,10}))?$/.exec(node.value) ?? [];
  if (whole === undefined) return reading.fail(node, `${what} must be a decimal such as "12.5", not ${shown(node)}`);
  const digits = BigInt(whole + decimals);
  if (digits > 100n * 10n ** BigInt(decimals.length))
    return reading.fail(node, `${what} is ${shown(node)}: more than 100 percent of the payment`);
  // "20", "20.0" and "20.00" are one rule, with one hash.
  return normalized(digits, decimals.length);
}

function normalized(digits: bigint, decimals: number): Percent {
  return decimals > 0 && digits % 10n === 0n ? normalized(digits / 10n, decimals - 1) : { digits, decimals };
}

function amounts(reading: Reading, node: Node, what: string): AmountByCurrency | undefined {
  if (node.type !== 'object' || (node.members ?? []).length === 0)
    return reading.fail(node, `${what} must have an amount for each currency, such as { "usd": 500 }`);
  const found: Record<string, number> = {};
  for (const [code, value] of reading.entries(node, what)) {
    if (!isCurrency(code))
      reading.fail(value, `${what} must have currencies as Stripe writes them, not ${quoted(code)}`);
    else if (value.type !== 'number' || !Number.isSafeInteger(value.value) || value.value < 0)
      reading.fail(
        value,
        `${what} for ${code} must be a whole number of minor units (500 for 5.00), not ${shown(value)}`,
      );
    else found[code] = value.value;
  }
  return found;
}

function shown({ type, value }: Node): string {
  return type === 'object' || type === 'array' ? `an ${type}` : quoted(value);
}

function quoted(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
