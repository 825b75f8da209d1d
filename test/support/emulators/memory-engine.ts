// A DynamoDB in this process's memory, for tests that need millions of requests. It knows only the requests and expressions
// that the store sends; `memory-engine.test.ts` compares it with a real engine, request by request.

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import type { Item, StoreContext, TableNames } from '../../../functions/store/requests.js';
import { publicRows, type Rows } from '../model/rows.js';
import { change, type Expressions, holds } from './expressions.js';

export interface MemoryEngine extends StoreContext {
  /** Rows of `customers` and `transactions`, sorted by key, without internal attributes. */
  rows(): Rows;
  clear(): void;
  /** All of all tables, as text: the same text is the same state. */
  state(): string;
  /** How many requests it has answered. */
  readonly requests: number;
  /**
   * Applies one request synchronously.
   *
   * @param name the command's name, such as `UpdateCommand`
   * @param stale answers a read that is not strongly consistent with each item as it was before its last write
   * @throws {ConditionalCheckFailedException} where its condition does not hold
   */
  answer(name: string, input: unknown, stale?: boolean): unknown;
}

const TABLES: TableNames = { customers: 'customers', transactions: 'transactions', links: 'links' };

export interface MemoryOptions {
  /** Items in a page of a query: small, so that paging is used. */
  readonly pageSize?: number;
  /** Called with each request before it is answered; what it awaits, the request waits for. */
  readonly before?: (name: string, input: unknown) => Promise<void> | void;
  /** Called after the request has taken effect and before its answer arrives. */
  readonly after?: (name: string, input: unknown) => Promise<void> | void;
}

export function memoryEngine(options: MemoryOptions = {}): MemoryEngine {
  const tables = createTables();
  let requests = 0;
  const answer = (name: string, input: unknown, stale = false) => {
    requests++;
    const apply = ANSWERS[name];
    if (!apply) throw new Error(`the memory engine does not know ${name}`);
    return apply(tables, input as never, { ...options, stale });
  };
  return {
    tables: TABLES,
    answer,
    client: {
      send: (async (command: { constructor: { name: string }; input: never }) => {
        const { name } = command.constructor;
        await options.before?.(name, command.input);
        const output = answer(name, command.input);
        await options.after?.(name, command.input);
        return output;
      }) as never,
    },
    rows: () =>
      publicRows({
        customers: tables.customers!.all(),
        transactions: tables.transactions!.all(),
      }),
    clear: () => {
      for (const table of Object.values(tables)) table.clear();
    },
    state: () =>
      JSON.stringify([
        tables.customers!.all().map(canonical),
        tables.transactions!.all().map(canonical),
        tables.links!.all().map(canonical),
      ]),
    get requests() {
      return requests;
    },
  };
}

/** Items by partition, then by sort key; a table without a sort key has one item a partition. Items are frozen, never copied. */
class Table {
  readonly #partitions = new Map<string, Map<string, Item>>();
  /** Items as they were before their last write, for reads that are not strongly consistent. */
  readonly #before = new WeakMap<Item, Item | undefined>();
  constructor(
    readonly partitionKey: string,
    readonly sortKey?: string,
  ) {}
  #sort(key: Item) {
    return this.sortKey === undefined ? '' : (key[this.sortKey] as string);
  }
  get(key: Item): Item | undefined {
    return this.#partitions.get(key[this.partitionKey] as string)?.get(this.#sort(key));
  }
  before(key: Item): Item | undefined {
    const item = this.get(key);
    return item && this.#before.get(item);
  }
  put(item: Item) {
    const partition = item[this.partitionKey] as string;
    let items = this.#partitions.get(partition);
    if (!items) {
      items = new Map();
      this.#partitions.set(partition, items);
    }
    const sort = this.#sort(item);
    this.#before.set(item, items.get(sort));
    items.set(sort, freeze(item));
  }
  delete(key: Item) {
    this.#partitions.get(key[this.partitionKey] as string)?.delete(this.#sort(key));
  }
  partition(value: string): Item[] {
    return [...(this.#partitions.get(value)?.values() ?? [])].sort((a, b) => (this.#sort(a) < this.#sort(b) ? -1 : 1));
  }
  /** All items, sorted by key. */
  all(): Item[] {
    const partitions = [...this.#partitions.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
    return partitions.flatMap(([value]) => this.partition(value));
  }
  clear() {
    this.#partitions.clear();
  }
}

/** A value that the store changed after it had been written or read would change the table: frozen, that throws. */
function freeze<T extends object>(value: T): T {
  for (const each of Object.values(value)) if (typeof each === 'object' && each !== null) freeze(each);
  return Object.freeze(value);
}

function createTables(): Record<string, Table> {
  return {
    customers: new Table('customer_key'),
    transactions: new Table('transaction_id'),
    links: new Table('pk', 'sk'),
  };
}

interface Conditional extends Expressions {
  readonly TableName: string;
  readonly ReturnValues?: string;
  readonly ReturnValuesOnConditionCheckFailure?: string;
}

type Tables = Readonly<Record<string, Table>>;

interface AnswerOptions extends MemoryOptions {
  readonly stale: boolean;
}

const ANSWERS: Readonly<Record<string, (tables: Tables, input: never, options: AnswerOptions) => unknown>> = {
  GetCommand(tables, input: { TableName: string; Key: Item; ConsistentRead?: boolean }) {
    requireConsistent(input);
    const Item = tables[input.TableName]!.get(input.Key);
    return Item ? { Item } : {};
  },
  BatchGetCommand(
    tables,
    input: { RequestItems: Record<string, { Keys: Item[]; ConsistentRead?: boolean }> },
    { stale },
  ) {
    const Responses: Record<string, Item[]> = {};
    for (const [table, request] of Object.entries(input.RequestItems)) {
      // A read that says `false` asks for a hint.
      if (request.ConsistentRead !== false) requireConsistent(request);
      const isStale = stale && request.ConsistentRead === false;
      const found = request.Keys.map((key) => (isStale ? tables[table]!.before(key) : tables[table]!.get(key)));
      Responses[table] = found.filter((item) => item !== undefined);
    }
    return { Responses };
  },
  BatchWriteCommand(
    tables,
    input: { RequestItems: Record<string, { PutRequest?: { Item: Item }; DeleteRequest?: { Key: Item } }[]> },
  ) {
    for (const [table, requests] of Object.entries(input.RequestItems)) {
      for (const { PutRequest, DeleteRequest } of requests) {
        if (PutRequest) tables[table]!.put({ ...PutRequest.Item });
        if (DeleteRequest) tables[table]!.delete(DeleteRequest.Key);
      }
    }
    return {};
  },
  PutCommand(tables, input: Conditional & { Item: Item }) {
    const table = tables[input.TableName]!;
    check(input, table.get(input.Item));
    table.put({ ...input.Item });
    return {};
  },
  DeleteCommand(tables, input: Conditional & { Key: Item }) {
    const table = tables[input.TableName]!;
    check(input, table.get(input.Key));
    table.delete(input.Key);
    return {};
  },
  UpdateCommand(tables, input: Conditional & { Key: Item }) {
    const table = tables[input.TableName]!;
    const current = table.get(input.Key);
    check(input, current);
    const item = change({ ...(current ?? input.Key) }, input);
    table.put(item);
    if (input.ReturnValues === 'ALL_NEW') return { Attributes: item };
    return input.ReturnValues === 'ALL_OLD' && current ? { Attributes: current } : {};
  },
  QueryCommand(
    tables,
    input: Expressions & { TableName: string; ConsistentRead?: boolean; ExclusiveStartKey?: Item; Limit?: number },
    { pageSize = Number.POSITIVE_INFINITY },
  ) {
    requireConsistent(input);
    const table = tables[input.TableName]!;
    const condition = input.KeyConditionExpression!;
    const [, placeholder] = new RegExp(`\\b${table.partitionKey} = (:\\w+)`).exec(condition)!;
    const after = input.ExclusiveStartKey && String(input.ExclusiveStartKey[table.sortKey!]);
    const left = table
      .partition(String(input.ExpressionAttributeValues![placeholder!]))
      .filter((item) => (after === undefined || String(item[table.sortKey!]) > after) && holds(condition, input, item));
    const Items = left.slice(0, Math.min(pageSize, input.Limit ?? pageSize));
    const last = Items.at(-1);
    return last && Items.length < left.length ? { Items, LastEvaluatedKey: { pk: last.pk, sk: last.sk } } : { Items };
  },
};

/** In memory every read is consistent; on AWS only one that asks for it, and the protocol rests on it. */
function requireConsistent({ ConsistentRead }: { readonly ConsistentRead?: boolean }) {
  if (ConsistentRead !== true) throw new Error('a read of the store is not strongly consistent');
}

function check(input: Conditional, item: Item | undefined) {
  if (input.ConditionExpression === undefined || holds(input.ConditionExpression, input, item)) return;
  const wanted = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && item;
  throw new ConditionalCheckFailedException({
    message: 'The conditional request failed',
    $metadata: {},
    ...(wanted ? { Item: item as never } : {}),
  });
}

function canonical(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => [key, canonical(each)]);
}
