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
    condition = parser(expression).condition();
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
    update = parser(expression).update();
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

function parser(expression: string) {
  const tokens = expression.match(/<>|<=|>=|[()=<>,+-]|[#:]?\w+/g) ?? [];
  let at = 0;
  const next = () => {
    const token = tokens[at++];
    if (token === undefined) throw new Error(`the memory engine cannot read: ${expression}`);
    return token;
  };
  const take = (token: string) => tokens[at] === token && at++ >= 0;
  const expect = (token: string) => {
    if (!take(token)) throw new Error(`the memory engine expects ${token} at token ${at} of: ${expression}`);
  };
  const nameOf = (token: string) => (input: Expressions) =>
    token.startsWith('#') ? input.ExpressionAttributeNames![token]! : token;

  const operand = (): Operand => {
    const token = next();
    if (token.startsWith(':')) {
      return (_, input) => {
        const value = input.ExpressionAttributeValues?.[token];
        if (value === undefined) throw new Error(`${token} has no value in: ${expression}`);
        return value;
      };
    }
    if (token === 'if_not_exists') {
      expect('(');
      const path = nameOf(next());
      expect(',');
      const otherwise = operand();
      expect(')');
      return (item, input) => item[path(input)] ?? otherwise(item, input);
    }
    const name = nameOf(token);
    return (item, input) => item[name(input)];
  };
  const sum = (): Operand => {
    const left = operand();
    const sign = take('+') ? 1 : take('-') ? -1 : 0;
    if (sign === 0) return left;
    const right = operand();
    return (item, input) => (left(item, input) as number) + sign * (right(item, input) as number);
  };

  const or = (): Condition => {
    const terms = [and()];
    while (take('OR')) terms.push(and());
    return terms.length === 1 ? terms[0]! : (item, input) => terms.some((term) => term(item, input));
  };
  const and = (): Condition => {
    const terms = [term()];
    while (take('AND')) terms.push(term());
    return terms.length === 1 ? terms[0]! : (item, input) => terms.every((term) => term(item, input));
  };
  const term = (): Condition => {
    if (take('NOT')) {
      const inner = term();
      return (item, input) => !inner(item, input);
    }
    if (take('(')) {
      const inner = or();
      expect(')');
      return inner;
    }
    if (take('attribute_exists')) return presence(true);
    if (take('attribute_not_exists')) return presence(false);
    if (take('begins_with')) {
      expect('(');
      const path = operand();
      expect(',');
      const prefix = operand();
      expect(')');
      return (item, input) => String(path(item, input) ?? '').startsWith(prefix(item, input) as string);
    }
    return comparison();
  };
  const presence = (exists: boolean): Condition => {
    expect('(');
    const path = nameOf(next());
    expect(')');
    return (item, input) => (item[path(input)] !== undefined) === exists;
  };
  const comparison = (): Condition => {
    const left = operand();
    if (take('BETWEEN')) {
      const low = operand();
      expect('AND');
      const high = operand();
      return (item, input) => {
        const value = left(item, input) as string;
        return value !== undefined && value >= (low(item, input) as string) && value <= (high(item, input) as string);
      };
    }
    const operator = next();
    const compare = COMPARISONS[operator];
    if (!compare) throw new Error(`the memory engine does not know ${operator} in: ${expression}`);
    const right = operand();
    return (item, input) => {
      const [a, b] = [left(item, input), right(item, input)];
      return a === undefined || b === undefined ? operator === '<>' : compare(a as never, b as never);
    };
  };

  const update = (): Update => {
    // Every operand is read before anything is changed, as DynamoDB does.
    const assignments: { name: (input: Expressions) => string; value: Operand }[] = [];
    while (at < tokens.length) {
      const clause = next();
      do {
        const name = nameOf(next());
        if (clause === 'SET') {
          expect('=');
          assignments.push({ name, value: sum() });
        } else if (clause === 'REMOVE') {
          assignments.push({ name, value: () => undefined });
        } else if (clause === 'ADD') {
          const addend = operand();
          assignments.push({
            name,
            value: (item, input) => ((item[name(input)] as number) ?? 0) + (addend(item, input) as number),
          });
        } else throw new Error(`the memory engine does not know ${clause} in: ${expression}`);
      } while (take(','));
    }
    return (item, input) => {
      const values = assignments.map(({ name, value }) => [name(input), value(item, input)] as const);
      for (const [name, value] of values) {
        if (value === undefined) delete item[name];
        else item[name] = value;
      }
    };
  };

  const whole = <T>(parsed: T): T => {
    if (at !== tokens.length) throw new Error(`the memory engine cannot read ${tokens[at]} in: ${expression}`);
    return parsed;
  };
  return { condition: () => whole(or()), update: () => whole(update()) };
}
