// A DynamoDB in this process's memory, for tests that need hundreds of thousands of requests. It knows just the requests and
// expressions that the store sends, and `memory-engine.test.ts` holds it against a real engine, request by request.

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import type { Connection, Item, TableNames } from '../../functions/store/connection.js';
import type { Rows } from './engine.js';

export interface MemoryEngine extends Connection {
  rows(): Rows;
  clear(): void;
  /** All of all tables, as text: the same text is the same state. */
  state(): string;
  /** How many requests it has answered. */
  readonly requests: number;
}

const TABLES: TableNames = { customers: 'customers', transactions: 'transactions', links: 'links' };
const KEYS: Readonly<Record<string, readonly string[]>> = {
  customers: ['customer_key'],
  transactions: ['transaction_id'],
  links: ['pk', 'sk'],
};

export interface MemoryOptions {
  /** Items in a page of a query: small, so that paging is used. */
  readonly pageSize?: number;
  /** Called with each request before it is answered; what it awaits, the request waits for. */
  readonly before?: (name: string, input: unknown) => Promise<void> | void;
  /** Called after the request has taken effect and before its answer arrives. */
  readonly after?: (name: string, input: unknown) => Promise<void> | void;
}

export function memoryEngine(options: MemoryOptions = {}): MemoryEngine {
  const tables = new Map<string, Map<string, Item>>(Object.keys(KEYS).map((table) => [table, new Map()]));
  let requests = 0;
  const idOf = (table: string, item: Item) => JSON.stringify(KEYS[table]!.map((name) => item[name]));
  const sorted = (table: string) => [...tables.get(table)!.entries()].sort(([a], [b]) => (a < b ? -1 : 1));

  // biome-ignore lint/suspicious/noExplicitAny: each command has its own input
  const answer = (name: string, input: any): unknown => {
    switch (name) {
      case 'BatchGetCommand':
        for (const request of Object.values<{ ConsistentRead?: boolean }>(input.RequestItems))
          requireConsistent(request);
        return {
          Responses: mapValues(input.RequestItems, (request: { Keys: Item[] }, table) => {
            return request.Keys.flatMap((key) => structuredClone(tables.get(table)!.get(idOf(table, key))) ?? []);
          }),
        };
      case 'BatchWriteCommand':
        for (const [table, puts] of Object.entries<{ PutRequest: { Item: Item } }[]>(input.RequestItems)) {
          for (const { PutRequest } of puts)
            tables.get(table)!.set(idOf(table, PutRequest.Item), structuredClone(PutRequest.Item));
        }
        return {};
      case 'PutCommand': {
        const table = input.TableName as string;
        const id = idOf(table, input.Item);
        check(input, tables.get(table)!.get(id));
        tables.get(table)!.set(id, structuredClone(input.Item));
        return {};
      }
      case 'UpdateCommand': {
        const table = input.TableName as string;
        const id = idOf(table, input.Key);
        const current = tables.get(table)!.get(id);
        check(input, current);
        tables.get(table)!.set(id, update(input, { ...(current ?? (input.Key as Item)) }));
        return {};
      }
      case 'QueryCommand': {
        requireConsistent(input);
        const values = input.ExpressionAttributeValues as Record<string, string>;
        const start = input.ExclusiveStartKey as Item | undefined;
        const all = sorted('links')
          .map(([, item]) => item)
          .filter((item) => item.pk === values[':pk'] && String(item.sk).startsWith(values[':prefix'] ?? ''))
          .sort((a, b) => (String(a.sk) < String(b.sk) ? -1 : 1))
          .filter((item) => !start || String(item.sk) > String(start.sk));
        const page = all.slice(0, options.pageSize ?? all.length);
        const last = page.at(-1);
        return {
          Items: structuredClone(page),
          ...(last && page.length < all.length ? { LastEvaluatedKey: { pk: last.pk, sk: last.sk } } : {}),
        };
      }
      default:
        throw new Error(`the memory engine does not know ${name}`);
    }
  };

  return {
    tables: TABLES,
    client: {
      send: (async (command: { constructor: { name: string }; input: never }) => {
        const { name } = command.constructor;
        await options.before?.(name, command.input);
        requests++;
        const output = answer(name, command.input);
        await options.after?.(name, command.input);
        return output;
      }) as never,
    },
    rows: () => ({
      customers: structuredClone(sorted('customers').map(([, item]) => item)),
      transactions: structuredClone(sorted('transactions').map(([, item]) => item)),
    }),
    clear: () => {
      for (const table of tables.values()) table.clear();
    },
    state: () => JSON.stringify(Object.keys(KEYS).map((table) => sorted(table).map(([, item]) => canonical(item)))),
    get requests() {
      return requests;
    },
  };
}

/** In memory every read is consistent; on AWS only one that asks for it, and the protocol rests on it. */
function requireConsistent({ ConsistentRead }: { readonly ConsistentRead?: boolean }) {
  if (ConsistentRead !== true) throw new Error('a read of the store is not strongly consistent');
}

function canonical(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => [key, canonical(each)]);
}

function mapValues<T, R>(object: Record<string, T>, map: (value: T, key: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));
}

interface Expressions {
  readonly ConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
}

function check(input: Expressions, item: Item | undefined) {
  if (input.ConditionExpression === undefined || holds(input, item ?? {})) return;
  throw new ConditionalCheckFailedException({ message: 'The conditional request failed', $metadata: {} });
}

/** Conditions of `attribute_not_exists(x)`, `x = :y`, `x < :y`, `x > :y`, AND, OR and parentheses. */
function holds(input: Expressions, item: Item): boolean {
  const tokens = input.ConditionExpression!.match(/attribute_not_exists|AND|OR|[()=<>]|[#:]?\w+/g)!;
  let at = 0;
  const next = () => tokens[at++]!;
  const nameOf = (token: string) => (token.startsWith('#') ? input.ExpressionAttributeNames![token]! : token);
  const or = (): boolean => {
    let value = and();
    while (tokens[at] === 'OR') {
      at++;
      const right = and();
      value = value || right;
    }
    return value;
  };
  const and = (): boolean => {
    let value = term();
    while (tokens[at] === 'AND') {
      at++;
      const right = term();
      value = value && right;
    }
    return value;
  };
  const term = (): boolean => {
    const token = next();
    if (token === '(') {
      const value = or();
      at++;
      return value;
    }
    if (token === 'attribute_not_exists') {
      at++;
      const name = nameOf(next());
      at++;
      return item[name] === undefined;
    }
    const left = item[nameOf(token)] as string;
    const operator = next();
    const right = input.ExpressionAttributeValues![next()] as string;
    if (left === undefined) return false;
    return operator === '=' ? left === right : operator === '<' ? left < right : left > right;
  };
  return or();
}

/** Updates of `SET x = :y, …` and `REMOVE x, …`. */
function update(input: Expressions, item: Item): Item {
  const names = input.ExpressionAttributeNames ?? {};
  const nameOf = (token: string) => (token.startsWith('#') ? names[token]! : token);
  const [set = '', remove = ''] = (input.UpdateExpression ?? '').replace(/^SET /, '').split(' REMOVE ');
  for (const assignment of set.split(', ').filter(Boolean)) {
    const [name, value] = assignment.split(' = ') as [string, string];
    item[nameOf(name)] = structuredClone(input.ExpressionAttributeValues![value]);
  }
  for (const name of remove.split(', ').filter(Boolean)) delete item[nameOf(name)];
  return item;
}
