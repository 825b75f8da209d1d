// What a write of a row means to others: zero or one event. Pure.

import { isDeepStrictEqual } from 'node:util';
import { type ChangeType, PERSONAL_ATTRIBUTES, type RowChange } from '../../contract/change-feed.js';

/** A row as it is stored, with its internal attributes. */
export type StoredRow = Readonly<Record<string, unknown>>;

/** One write of a row of `transactions` or `customers`. */
export interface RowWrite {
  /** Undefined if there was no row, or if it is unknown. */
  readonly before: StoredRow | undefined;
  readonly after: StoredRow;
}

export interface FeedSettings {
  /** Which deployment the events come from. */
  readonly stack: string;
  /** Whether events have customers' names and email addresses. */
  readonly personalData: boolean;
}

export interface ChangeEvent {
  readonly type: ChangeType;
  readonly detail: RowChange<StoredRow>;
}

/** @returns undefined if the write changed nothing that others may see */
export function changeOf({ before, after }: RowWrite, settings: FeedSettings): ChangeEvent | undefined {
  const [old, now] = [before && visible(before, settings), visible(after, settings)];
  const names = new Set([...Object.keys(old ?? {}), ...Object.keys(now)]);
  const changed = [...names].filter((name) => !isDeepStrictEqual(old?.[name], now[name])).sort();
  if (changed.length === 0) return undefined;
  return {
    type: isTransaction(now) ? transactionChange(old, now) : customerChange(old, now),
    detail: {
      id: idOf(now),
      sequence: sequenceOf(after),
      stack: settings.stack,
      before: old ?? null,
      after: now,
      changed,
    },
  };
}

/** The key of a row. */
export function idOf(row: StoredRow): string {
  return String(isTransaction(row) ? row.transaction_id : row.customer_key);
}

/**
 * The store increments `_revision` with every write and never writes a row that has changed since it was read, so it orders the
 * writes of one row. The stream's own sequence numbers do so only within one shard of one stream, and a row that is read from its
 * table has none.
 */
function sequenceOf({ _revision }: StoredRow): number {
  return typeof _revision === 'number' ? _revision : 0;
}

function visible(row: StoredRow, { personalData }: FeedSettings): StoredRow {
  return Object.fromEntries(
    Object.entries(row).filter(
      ([name]) => !name.startsWith('_') && (personalData || isTransaction(row) || !PERSONAL_ATTRIBUTES.includes(name)),
    ),
  );
}

/** A transaction has a `customer_key` too. */
function isTransaction(row: StoredRow): boolean {
  return row.transaction_id !== undefined;
}

/** What happened to the payment comes first, then whom it belongs to, then everything else. */
function transactionChange(before: StoredRow | undefined, after: StoredRow): ChangeType {
  const isDeleted = after.status === 'deleted';
  if (!before) return isDeleted ? 'transaction.deleted' : 'transaction.recorded';
  if (before.status !== after.status) return isDeleted ? 'transaction.deleted' : 'transaction.restored';
  return keyOf(before) === keyOf(after) ? 'transaction.adjusted' : 'transaction.attributed';
}

/** A deleted transaction keeps its customer under another name. */
function keyOf(row: StoredRow): unknown {
  return row.customer_key ?? row.deleted_customer_key;
}

function customerChange(before: StoredRow | undefined, after: StoredRow): ChangeType {
  if (!before) return 'customer.created';
  return before.partner_key === after.partner_key ? 'customer.updated' : 'customer.referred';
}
