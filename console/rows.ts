// Rows for the pages: by page, by search, and those that an event is about.

import { QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { readerOf } from '../cli/show.js';
import type { Target } from '../cli/target.js';
import type { Change } from '../functions/domain/change.js';
import { readLink } from '../functions/store/look-up.js';
import type { Customer, Transaction } from '../reader/reader.js';

export type Key = Readonly<Record<string, string | number>>;

export interface Page<T> {
  readonly items: readonly T[];
  /** Where to go on; absent at the end. */
  readonly next?: Key;
  /** Rows that were looked at. */
  readonly read: number;
}

export const PAGE_SIZE = 50;
const READ_AT_ONCE = 1_000;
/** A page that must pass over rows looks at no more than so many before it answers. */
const READ_AT_MOST = 10_000;

const KEY = { customers: 'customer_key', transactions: 'transaction_id' } as const;
export type TableName = keyof typeof KEY;

/** One page of a table, in the order that DynamoDB keeps it; of the rows that are wanted, where not all are. */
export async function readPage<T extends object>(
  { dynamodb, tables }: Target,
  table: TableName,
  after: Key | undefined,
  wanted?: (row: T) => boolean,
): Promise<Page<T>> {
  const items: T[] = [];
  let read = 0;
  let start = after;
  for (;;) {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new ScanCommand({
        TableName: tables[table],
        ExclusiveStartKey: start as never,
        Limit: wanted ? READ_AT_ONCE : PAGE_SIZE,
        ConsistentRead: true,
      }),
    );
    for (const [i, item] of (Items as T[]).entries()) {
      read++;
      if (wanted && !wanted(item)) continue;
      items.push(item);
      const isLast = i === Items.length - 1 && LastEvaluatedKey === undefined;
      if (items.length === PAGE_SIZE) return { items, read, ...(isLast ? {} : { next: keyOf(table, item) }) };
    }
    if (LastEvaluatedKey === undefined) return { items, read };
    start = LastEvaluatedKey as Key;
    if (read >= READ_AT_MOST) return { items, read, next: start };
  }
}

function keyOf(table: TableName, item: object): Key {
  return { [KEY[table]]: String(item[KEY[table] as never]) };
}

/** The transactions of a customer that stand, oldest first. */
export async function readTransactionsOf(
  { dynamodb, tables }: Target,
  customerKey: string,
  after?: Key,
): Promise<Page<Transaction>> {
  const { Items = [], LastEvaluatedKey } = await dynamodb.send(
    new QueryCommand({
      TableName: tables.transactions,
      IndexName: 'by_customer',
      KeyConditionExpression: 'customer_key = :customer',
      ExpressionAttributeValues: { ':customer': customerKey },
      ExclusiveStartKey: after as never,
      Limit: PAGE_SIZE,
    }),
  );
  return {
    items: Items as Transaction[],
    read: Items.length,
    ...(LastEvaluatedKey ? { next: LastEvaluatedKey as Key } : {}),
  };
}

export function encodeKey(key: Key): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** @returns undefined for what is no key: the first page, then */
export function decodeKey(text: string | undefined): Key | undefined {
  try {
    const key: unknown = JSON.parse(Buffer.from(text ?? '', 'base64url').toString());
    const isKey =
      typeof key === 'object' &&
      key !== null &&
      Object.entries(key).every(
        ([name, value]) =>
          ['customer_key', 'transaction_id', 'created'].includes(name) && /^(string|number)$/.test(typeof value),
      );
    return isKey ? (key as Key) : undefined;
  } catch {
    return undefined;
  }
}

export interface Found {
  readonly customers: readonly Customer[];
  readonly transactions: readonly Transaction[];
}

/** What is found by its key at once: a customer key, a partner key, a transaction's id, a Stripe customer's id. */
export async function findByKey(target: Target, query: string): Promise<Found> {
  const reader = readerOf(target);
  const customers = new Map<string, Customer>();
  const [customer, transaction, linked] = await Promise.all([
    reader.customer(query),
    reader.transaction(query),
    readLink({ client: target.dynamodb, tables: target.tables }, query),
  ]);
  const own = linked && (await reader.customer(linked.customer_key));
  for (const each of [customer, own]) if (each) customers.set(each.customer_key, each);
  for await (const each of reader.customersOf(query)) {
    customers.set(each.customer_key, each);
    if (customers.size >= PAGE_SIZE) break;
  }
  const followers = await transactionsFollowing(target, query);
  return {
    customers: [...customers.values()],
    transactions: [...(transaction ? [transaction] : []), ...followers],
  };
}

/** Whether any id or key in a row is just this. */
export function mentions(row: object, query: string): boolean {
  return Object.entries(row).some(([name, value]) => SEARCHED.has(name) && value === query);
}

const SEARCHED = new Set(
  `customer_key partner_key stripe_customer_id name email transaction_id product_key payment_intent_id invoice_id
  event_id`.split(/\s+/),
);

/** The transactions that take their customer from a Stripe customer; the first of them. */
async function transactionsFollowing(target: Target, stripeCustomerId: string): Promise<Transaction[]> {
  const { Items = [] } = await target.dynamodb.send(
    new QueryCommand({
      TableName: target.tables.links,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': `customer#${stripeCustomerId}`, ':prefix': 'transaction#' },
      Limit: PAGE_SIZE,
    }),
  );
  const reader = readerOf(target);
  const rows = await Promise.all(Items.map(({ sk }) => reader.transaction(String(sk).slice('transaction#'.length))));
  return rows.filter((row) => row !== undefined);
}

/** The rows that an event's changes are about, by their key. */
export async function rowsOf(target: Target, changes: readonly Change[]): Promise<ReadonlyMap<string, object>> {
  const reader = readerOf(target);
  const customerKeys = new Set<string>();
  const transactionIds = new Set<string>();
  const stripeCustomerIds = new Set<string>();
  for (const change of changes) {
    if (change.kind === 'customer' || change.kind === 'link') customerKeys.add(change.customer_key);
    if (change.kind === 'link') stripeCustomerIds.add(change.stripe_customer_id);
    if (change.kind === 'charge') transactionIds.add(change.charge_id);
    if (change.kind === 'evidence' && change.entity.type === 'invoice') transactionIds.add(change.entity.id);
  }
  const [customers, transactions, followers] = await Promise.all([
    Promise.all([...customerKeys].map((key) => reader.customer(key))),
    Promise.all([...transactionIds].map((id) => reader.transaction(id))),
    Promise.all([...stripeCustomerIds].map((id) => transactionsFollowing(target, id))),
  ]);
  const rows = new Map<string, object>();
  for (const row of customers) if (row) rows.set(`customers › ${row.customer_key}`, row);
  for (const row of [...transactions, ...followers.flat()])
    if (row) rows.set(`transactions › ${row.transaction_id}`, row);
  return rows;
}
