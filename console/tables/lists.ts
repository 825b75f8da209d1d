// Sorted lists of the rows that match a filter. A DynamoDB table has no order, so a list is made by reading the keys
// of the whole table; a list that took long to make is kept for a while.

import { BatchGetCommand, paginateScan } from '@aws-sdk/lib-dynamodb';
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
  /** Set when the table has been read to the end. */
  positions?: readonly Position[];
  readonly done: Promise<void>;
}

export interface Lists {
  /** The list for a filter, which may still be growing. */
  open(table: TableName, filter: Filter): List;
}

const KEY = { customers: 'customer_key', transactions: 'transaction_id' } as const;
/** A list is kept for ten times the milliseconds that it took, unless it took less than this. */
const QUICK = 100;
const KEPT_LISTS = 2;
const BATCH = 100;

export function createLists(target: Target): Lists {
  const kept = new Map<string, { list: List; expires: number }>();
  return {
    open(table, filter) {
      const id = JSON.stringify([table, filterParameters(filter)]);
      const found = kept.get(id);
      if (found && Date.now() < found.expires) return found.list;
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
    },
  };
}

function readList(target: Target, table: TableName, filter: Filter): List {
  const list: List = { table, read: 0, done: Promise.resolve() };
  return Object.assign(list, { done: fill(list, target, filter) });
}

async function fill(list: List, target: Target, filter: Filter): Promise<void> {
  const { dynamodb, tables } = target;
  const names = attributesFor(filter);
  const link =
    filter.query === '' || list.table === 'transactions'
      ? undefined
      : await readLink({ client: dynamodb, tables }, filter.query);
  const positions: Position[] = [];
  const pages = paginateScan(
    { client: dynamodb },
    {
      TableName: tables[list.table],
      ConsistentRead: true,
      ProjectionExpression: names.map((_, i) => `#${i}`).join(', '),
      ExpressionAttributeNames: Object.fromEntries(names.map((name, i) => [`#${i}`, name])),
    },
  );
  for await (const { Items = [] } of pages) {
    for (const item of Items as (Customer | Transaction)[]) {
      if (!matches(item, filter, link?.customer_key)) continue;
      const { created } = item as { created?: number };
      positions.push({ created: created ?? 0, key: String(item[KEY[list.table] as keyof typeof item]) });
    }
    list.read += Items.length;
  }
  list.positions = positions.sort(compare);
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
