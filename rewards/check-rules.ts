// Warnings about rules that are valid but may not do what their author meant: rules that can never match, and rules that overlap.

import { addDays } from './dates.js';
import type { ParsedRules, RulesProblem } from './parse-rules.js';
import type { Rule } from './rules.js';

/**
 * Each condition allows a set of values. The values that the rules name cut a dimension into atoms that no rule tells apart, so a
 * condition is a set of atoms, here the bits of an integer. A rule is a box of one such set for each dimension.
 */
type Box = readonly bigint[];

/** @returns warnings in the order of the rules */
export function checkRules({ rules, lines }: ParsedRules): RulesProblem[] {
  const boxes = boxesOf(rules);
  const warnings: RulesProblem[] = [];
  const warn = (index: number, message: string) => warnings.push({ line: lines[index] ?? 1, message });
  for (const [index, rule] of rules.entries()) {
    const box = boxes[index]!;
    const impossible = contradiction(rule);
    if (impossible) {
      warn(index, `${rule.name} can never match: ${impossible}`);
      continue;
    }
    const earlier = boxes.map((_, i) => i).filter((i) => i < index && !isEmpty(intersection(boxes[i]!, box)));
    let left: Box[] = [box];
    for (const i of earlier) left = left.flatMap((piece) => without(piece, boxes[i]!));
    if (left.length === 0)
      warn(index, `${rule.name} can never match: ${names(rules, earlier)} will always match first`);
    else
      for (const i of earlier) warn(index, `${rule.name} overlaps ${rules[i]!.name}, which decides where both match`);
    warnUncovered(rule, (message) => warn(index, message));
  }
  return warnings;
}

function contradiction({ partners, products, currencies, from, until }: Rule): string | undefined {
  for (const [key, list] of Object.entries({ partners, products, currencies }))
    if (list?.length === 0) return `its "${key}" is empty`;
  return from !== undefined && until !== undefined && from > until
    ? `"from" ${from} is after "until" ${until}`
    : undefined;
}

function warnUncovered({ name, fixed, currencies, maxPerCustomer }: Rule, warn: (message: string) => void): void {
  if (fixed && !currencies)
    warn(
      `${name} matches every currency, but has a fixed reward for ${Object.keys(fixed).join(', ')} only: add "currencies"`,
    );
  const uncapped = maxPerCustomer && (currencies ?? []).filter((each) => !Object.hasOwn(maxPerCustomer, each));
  if (uncapped && uncapped.length > 0) warn(`${name} has no maximum for ${uncapped.join(', ')}`);
}

function names(rules: readonly Rule[], indexes: readonly number[]): string {
  return indexes.map((i) => rules[i]!.name).join(' or ');
}

function boxesOf(rules: readonly Rule[]): Box[] {
  const dimensions = [
    listed(rules.map(({ partners }) => partners)),
    listed(rules.map(({ products }) => products)),
    listed(rules.map(({ currencies }) => currencies)),
    ranges(rules.map(({ from, until }) => ({ from: from ?? '', before: until ? addDays(until, 1) : END_OF_TIME }))),
    ranges(rules.map(({ payments }) => ({ from: 0, before: payments ?? Number.POSITIVE_INFINITY }))),
    ranges(rules.map(({ months }) => ({ from: 0, before: months ?? Number.POSITIVE_INFINITY }))),
  ];
  return rules.map((_, index) => dimensions.map((dimension) => dimension[index]!));
}

/** Compares as later than any day. */
const END_OF_TIME = '~';

/** A bit for each value that any rule names, and one for all others. */
function listed(lists: readonly (readonly (string | null)[] | undefined)[]): bigint[] {
  const values = [...new Set(lists.flatMap((list) => list ?? []))];
  const all = (1n << BigInt(values.length + 1)) - 1n;
  return lists.map((list) => (list ? bits(list.map((value) => values.indexOf(value))) : all));
}

/** A bit for each stretch between two neighbouring bounds. */
function ranges<T extends string | number>(limits: readonly { readonly from: T; readonly before: T }[]): bigint[] {
  const bounds = [...new Set(limits.flatMap(({ from, before }) => [from, before]))].sort((a, b) => (a < b ? -1 : 1));
  return limits.map(({ from, before }) =>
    bits(bounds.flatMap((bound, i) => (bound >= from && bound < before ? [i] : []))),
  );
}

function bits(positions: readonly number[]): bigint {
  return [...new Set(positions)].reduce((set, position) => set | (1n << BigInt(position)), 0n);
}

function intersection(a: Box, b: Box): Box {
  return a.map((set, dimension) => set & b[dimension]!);
}

function isEmpty(box: Box): boolean {
  return box.some((set) => set === 0n);
}

/** What is left of a box without another: at most one piece for each dimension, none of which share a point. */
function without(box: Box, other: Box): Box[] {
  const shared = intersection(box, other);
  if (isEmpty(shared)) return [box];
  return box
    .map((set, dimension) =>
      box.map((each, i) => (i < dimension ? shared[i]! : i === dimension ? set & ~other[dimension]! : each)),
    )
    .filter((piece) => !isEmpty(piece));
}
