// Sorted lists of the rows that match a filter. A DynamoDB table has no order, so a list is made by reading the keys
// of the whole table; a list that took long to make is kept for a while.

import { BatchGetCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { Target } from '../../cli/target.js';
import { readLink } from '../../functions/store/look-up.js';
import type { Customer, Transaction } from '../../reader/reader.js';
import { attributesFor, type Filter, filterParameters, matches, type TableName } from './filter.js';

/** Where a row is in a list: newest first, then by key. Customers have no time and are sorted by key. */
export interface Position {
  readonly created: number;
  readonly key: string;
}

export interface List {
  readonly table: TableName;
  /** Rows read so far. */
  read: number;
  /** The first of the matching rows that have been read so far, as many as a page shows. */
  newest: readonly Position[];
  /** Set when the table has been read to the end. */
  positions?: readonly Position[];
  /** Resolves after one request, or a few milliseconds. */
  begun: Promise<void>;
  done: Promise<void>;
}

export interface Lists {
  /** The list for a filter, which may still be growing. */
  open(table: TableName, filter: Filter): List;
  /**
   * The same for a page. The first one is shown after one request, with what that has read. The page then asks again, and waits for the whole
   * list, or for as long as `PATIENCE`.
   */
  openForPage(table: TableName, filter: Filter): Promise<List>;
}

const KEY = { customers: 'customer_key', transactions: 'transaction_id' } as const;
/** A list is kept for ten times the milliseconds that it took, unless it took less than this. */
const QUICK = 100;
const KEPT_LISTS = 2;
const BATCH = 100;
/** Milliseconds. */
const PATIENCE = 800;
/** Rows that the first request reads: a list of no more than these is complete immediately. */
const FIRST_READ = 200;
/** Between the first request and the second, in milliseconds: the emulator answers one at a time, and the page needs its rows first. */
const HEAD_START = 50;

export function createLists(target: Target): Lists {
  const kept = new Map<string, { list: List; expires: number }>();
  const find = (id: string) => {
    const found = kept.get(id);
    return found && Date.now() < found.expires ? found.list : undefined;
  };
  const begin = (id: string, table: TableName, filter: Filter): List => {
    const started = Date.now();
    const entry = { list: readList(target, table, filter), expires: Number.POSITIVE_INFINITY };
    kept.delete(id);
    kept.set(id, entry);
    for (const oldest of kept.keys()) if (kept.size > KEPT_LISTS) kept.delete(oldest);
    entry.list.done
      .then(() => {
        const took = Date.now() - started;
        entry.expires = took < QUICK ? 0 : Date.now() + 10 * took;
      })
      .catch(() => kept.delete(id));
    return entry.list;
  };
  const idOf = (table: TableName, filter: Filter) => JSON.stringify([table, filterParameters(filter)]);
  return {
    open(table, filter) {
      const id = idOf(table, filter);
      return find(id) ?? begin(id, table, filter);
    },
    async openForPage(table, filter) {
      const id = idOf(table, filter);
      const found = find(id);
      const list = found ?? begin(id, table, filter);
      await (found ? Promise.race([list.done, new Promise((resolve) => setTimeout(resolve, PATIENCE))]) : list.begun);
      return list;
    },
  };
}

function readList(target: Target, table: TableName, filter: Filter): List {
  const list: List = { table, read: 0, newest: [], begun: Promise.resolve(), done: Promise.resolve() };
  list.begun = new Promise((resolve, reject) => {
    list.done = fill(list, target, filter, resolve);
    list.done.catch(reject);
  });
  // A request that came later waits for `done` only.
  list.begun.catch(() => {});
  return list;
}

async function fill(list: List, target: Target, filter: Filter, onBegun: () => void): Promise<void> {
  const { dynamodb, tables } = target;
  const names = attributesFor(filter);
  const link =
    filter.query === '' || list.table === 'transactions'
      ? undefined
      : await readLink({ client: dynamodb, tables }, filter.query);
  const positions: Position[] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new ScanCommand({
        TableName: tables[list.table],
        ConsistentRead: true,
        ProjectionExpression: names.map((_, i) => `#${i}`).join(', '),
        ExpressionAttributeNames: Object.fromEntries(names.map((name, i) => [`#${i}`, name])),
        ...(from ? { ExclusiveStartKey: from } : { Limit: FIRST_READ }),
      }),
    );
    const found = (Items as (Customer | Transaction)[])
      .filter((item) => matches(item, filter, link?.customer_key))
      .map((item) => positionOf(item, list.table));
    for (const each of found) positions.push(each);
    list.newest = [...list.newest, ...found].sort(compare).slice(0, PAGE_SIZE);
    list.read += Items.length;
    if (LastEvaluatedKey && !from) {
      onBegun();
      await new Promise((resolve) => setTimeout(resolve, HEAD_START));
    }
    from = LastEvaluatedKey;
  } while (from);
  list.positions = positions.sort(compare);
  onBegun();
}

function positionOf(item: Customer | Transaction, table: TableName): Position {
  const { created } = item as { created?: number };
  return { created: created ?? 0, key: String(item[KEY[table] as keyof typeof item]) };
}

function compare(a: Position, b: Position): number {
  return b.created - a.created || (a.key < b.key ? -1 : Number(a.key > b.key));
}

export interface Page<T> {
  readonly rows: readonly T[];
  /** How many rows come before this page, and how many there are in all. */
  readonly offset: number;
  readonly total: number;
  readonly previous?: Position;
  readonly next?: Position;
}

export const PAGE_SIZE = 50;

/** A page of a finished list: the rows after a position, or before one; the first page without either. */
export async function readPage<T extends Customer | Transaction>(
  target: Target,
  list: List,
  { after, before }: { readonly after?: Position; readonly before?: Position },
): Promise<Page<T>> {
  const positions = list.positions!;
  const indexOf = (isReached: (each: Position) => boolean) => {
    const index = positions.findIndex(isReached);
    return index === -1 ? positions.length : index;
  };
  const start = before
    ? indexOf((each) => compare(each, before) >= 0) - PAGE_SIZE
    : after
      ? indexOf((each) => compare(each, after) > 0)
      : 0;
  const offset = Math.max(0, start);
  const shown = positions.slice(offset, offset + PAGE_SIZE);
  return {
    rows: await readRows<T>(target, list.table, shown),
    offset,
    total: positions.length,
    ...(offset > 0 && shown.length > 0 ? { previous: shown[0]! } : {}),
    ...(offset + shown.length < positions.length ? { next: shown.at(-1)! } : {}),
  };
}

/** What can be shown of a list that is still growing. */
export function readNewest<T extends Customer | Transaction>(target: Target, list: List): Promise<T[]> {
  return readRows<T>(target, list.table, list.newest);
}

/** All rows of a finished list, in its order. */
export async function* rowsIn<T extends Customer | Transaction>(target: Target, list: List): AsyncGenerator<T> {
  await list.done;
  for (let i = 0; i < list.positions!.length; i += BATCH) {
    yield* await readRows<T>(target, list.table, list.positions!.slice(i, i + BATCH));
  }
}

async function readRows<T>({ dynamodb, tables }: Target, table: TableName, positions: readonly Position[]) {
  const name = tables[table];
  const found = new Map<string, T>();
  let Keys: Record<string, unknown>[] = positions.map(({ key }) => ({ [KEY[table]]: key }));
  while (Keys.length > 0) {
    const { Responses, UnprocessedKeys } = await dynamodb.send(
      new BatchGetCommand({ RequestItems: { [name]: { Keys, ConsistentRead: true } } }),
    );
    for (const item of Responses?.[name] ?? []) found.set(String(item[KEY[table]]), item as T);
    Keys = (UnprocessedKeys?.[name]?.Keys ?? []) as Record<string, unknown>[];
  }
  return positions.flatMap(({ key }) => found.get(key) ?? []);
}

export function encodePosition({ created, key }: Position): string {
  return `${created}~${key}`;
}

/** @returns undefined for text that is no position: the first page, then */
export function decodePosition(text: string | undefined): Position | undefined {
  const [, created, key] = /^(-?\d+)~(.*)$/s.exec(text ?? '') ?? [];
  return key === undefined ? undefined : { created: Number(created), key };
}
