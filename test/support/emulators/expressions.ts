// The condition, key condition and update expressions of DynamoDB, as far as the store uses them. Each text is compiled once.

import type { Item } from '../../../functions/store/requests.js';

export interface Expressions {
  readonly ConditionExpression?: string;
  readonly KeyConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
}

type Operand = (item: Item, input: Expressions) => unknown;
type Condition = (item: Item, input: Expressions) => boolean;
type Update = (item: Item, input: Expressions) => void;

const conditions = new Map<string, Condition>();
const updates = new Map<string, Update>();

/** Whether an item, or the absence of one, fulfils a condition. */
export function holds(expression: string, input: Expressions, item: Item | undefined): boolean {
  let condition = conditions.get(expression);
  if (!condition) {
    condition = parse(expression, disjunction);
    conditions.set(expression, condition);
  }
  return condition(item ?? {}, input);
}

/** Changes the item as an update expression says. */
export function change(item: Item, input: Expressions): Item {
  const expression = input.UpdateExpression;
  if (expression === undefined) return item;
  let update = updates.get(expression);
  if (!update) {
    update = parse(expression, updateOf);
    updates.set(expression, update);
  }
  update(item, input);
  return item;
}

const COMPARISONS: Readonly<Record<string, (left: never, right: never) => boolean>> = {
  '=': (left, right) => left === right,
  '<>': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};

/** The tokens of an expression, read from left to right. */
class Tokens {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(readonly expression: string) {
    this.#tokens = expression.match(/<>|<=|>=|[()=<>,+-]|[#:]?\w+/g) ?? [];
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Error(`the memory engine cannot read: ${this.expression}`);
    return token;
  }

  /** Passes the token if it comes next. @returns whether it does */
  take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  expect(token: string): void {
    if (!this.take(token))
      throw new Error(`the memory engine expects ${token} at token ${this.#at} of: ${this.expression}`);
  }
}

function parse<T>(expression: string, as: (tokens: Tokens) => T): T {
  const tokens = new Tokens(expression);
  const parsed = as(tokens);
  if (!tokens.isAtEnd) throw new Error(`the memory engine cannot read ${tokens.next()} in: ${expression}`);
  return parsed;
}

function nameOf(token: string): (input: Expressions) => string {
  return (input) => (token.startsWith('#') ? input.ExpressionAttributeNames![token]! : token);
}

function operand(tokens: Tokens): Operand {
  const token = tokens.next();
  if (token.startsWith(':')) {
    return (_, input) => {
      const value = input.ExpressionAttributeValues?.[token];
      if (value === undefined) throw new Error(`${token} has no value in: ${tokens.expression}`);
      return value;
    };
  }
  if (token === 'if_not_exists') {
    tokens.expect('(');
    const name = nameOf(tokens.next());
    tokens.expect(',');
    const otherwise = operand(tokens);
    tokens.expect(')');
    return (item, input) => item[name(input)] ?? otherwise(item, input);
  }
  const name = nameOf(token);
  return (item, input) => item[name(input)];
}

function sum(tokens: Tokens): Operand {
  const left = operand(tokens);
  const sign = tokens.take('+') ? 1 : tokens.take('-') ? -1 : 0;
  if (sign === 0) return left;
  const right = operand(tokens);
  return (item, input) => (left(item, input) as number) + sign * (right(item, input) as number);
}

function disjunction(tokens: Tokens): Condition {
  const terms = [conjunction(tokens)];
  while (tokens.take('OR')) terms.push(conjunction(tokens));
  return terms.length === 1 ? terms[0]! : (item, input) => terms.some((term) => term(item, input));
}

function conjunction(tokens: Tokens): Condition {
  const terms = [term(tokens)];
  while (tokens.take('AND')) terms.push(term(tokens));
  return terms.length === 1 ? terms[0]! : (item, input) => terms.every((term) => term(item, input));
}

function term(tokens: Tokens): Condition {
  if (tokens.take('NOT')) {
    const inner = term(tokens);
    return (item, input) => !inner(item, input);
  }
  if (tokens.take('(')) {
    const inner = disjunction(tokens);
    tokens.expect(')');
    return inner;
  }
  if (tokens.take('attribute_exists')) return presence(tokens, true);
  if (tokens.take('attribute_not_exists')) return presence(tokens, false);
  if (tokens.take('begins_with')) return beginning(tokens);
  return comparison(tokens);
}

function presence(tokens: Tokens, exists: boolean): Condition {
  tokens.expect('(');
  const name = nameOf(tokens.next());
  tokens.expect(')');
  return (item, input) => (item[name(input)] !== undefined) === exists;
}

function beginning(tokens: Tokens): Condition {
  tokens.expect('(');
  const whole = operand(tokens);
  tokens.expect(',');
  const prefix = operand(tokens);
  tokens.expect(')');
  return (item, input) => String(whole(item, input) ?? '').startsWith(prefix(item, input) as string);
}

function comparison(tokens: Tokens): Condition {
  const left = operand(tokens);
  if (tokens.take('BETWEEN')) return range(tokens, left);
  const operator = tokens.next();
  const compare = COMPARISONS[operator];
  if (!compare) throw new Error(`the memory engine does not know ${operator} in: ${tokens.expression}`);
  const right = operand(tokens);
  return (item, input) => {
    const [a, b] = [left(item, input), right(item, input)];
    return a === undefined || b === undefined ? operator === '<>' : compare(a as never, b as never);
  };
}

function range(tokens: Tokens, of: Operand): Condition {
  const low = operand(tokens);
  tokens.expect('AND');
  const high = operand(tokens);
  return (item, input) => {
    const value = of(item, input) as string;
    return value !== undefined && value >= (low(item, input) as string) && value <= (high(item, input) as string);
  };
}

interface Assignment {
  readonly name: (input: Expressions) => string;
  /** What the attribute gets; undefined removes it. */
  readonly value: Operand;
}

function updateOf(tokens: Tokens): Update {
  const assignments: Assignment[] = [];
  while (!tokens.isAtEnd) {
    const clause = tokens.next();
    do assignments.push(assignment(tokens, clause));
    while (tokens.take(','));
  }
  return (item, input) => {
    // Every operand is read before anything is changed, as DynamoDB does.
    const values = assignments.map(({ name, value }) => [name(input), value(item, input)] as const);
    for (const [name, value] of values) {
      if (value === undefined) delete item[name];
      else item[name] = value;
    }
  };
}

function assignment(tokens: Tokens, clause: string): Assignment {
  const name = nameOf(tokens.next());
  switch (clause) {
    case 'SET':
      tokens.expect('=');
      return { name, value: sum(tokens) };
    case 'REMOVE':
      return { name, value: () => undefined };
    case 'ADD': {
      const addend = operand(tokens);
      return {
        name,
        value: (item, input) => ((item[name(input)] as number) ?? 0) + (addend(item, input) as number),
      };
    }
    default:
      throw new Error(`the memory engine does not know ${clause} in: ${tokens.expression}`);
  }
}
