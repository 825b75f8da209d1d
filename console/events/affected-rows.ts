// The rows that an event's changes affect.

import { readerOf, type Target } from '../../cli/target.js';
import type { Change, Entity } from '../../functions/domain/change.js';
import { readDependents, readEvidence } from '../../functions/store/look-up.js';
import type { Transaction } from '../../reader/reader.js';

/** At most this many of a Stripe customer's transactions are read. */
const TRANSACTIONS = 50;

/** @returns the rows that exist, each under a name for a person such as `customers › acme` */
export async function rowsAffectedBy(target: Target, changes: readonly Change[]): Promise<ReadonlyMap<string, object>> {
  const reader = readerOf(target);
  const customerKeys = new Set(
    changes.flatMap((change) => (change.kind === 'customer' || change.kind === 'link' ? change.customer_key : [])),
  );
  const [customers, transactions, dependents] = await Promise.all([
    Promise.all([...customerKeys].map((key) => reader.customer(key))),
    transactionsIn(target, changes),
    Promise.all(changes.map((change) => (change.kind === 'link' ? dependentsOf(target, change) : []))),
  ]);
  const rows = new Map<string, object>();
  for (const row of customers) if (row) rows.set(`customers › ${row.customer_key}`, row);
  for (const row of [...transactions, ...dependents.flat()]) rows.set(`transactions › ${row.transaction_id}`, row);
  return rows;
}

/** The transactions that an event itself is about: its charge, or the invoice that the charge paid. */
export async function transactionsIn(target: Target, changes: readonly Change[]): Promise<Transaction[]> {
  const ids = changes.map(async (change) => {
    if (change.kind === 'charge') return [change.charge_id];
    return change.kind === 'evidence' ? invoicesRelatedTo(target, change.entity) : [];
  });
  return readTransactions(target, [...new Set((await Promise.all(ids)).flat())]);
}

/** A refund names a charge or a payment intent; what was ever named together with these leads to the invoice. */
async function invoicesRelatedTo({ dynamodb, tables }: Target, entity: Entity): Promise<string[]> {
  const found = new Map([[`${entity.type} ${entity.id}`, entity]]);
  // A map's iterator also visits entries that are added during the loop.
  for (const each of found.values()) {
    if (each.type === 'invoice') continue;
    const { related = [] } = await readEvidence({ client: dynamodb, tables }, each);
    for (const next of related) found.set(`${next.type} ${next.id}`, next);
  }
  return [...found.values()].filter(({ type }) => type === 'invoice').map(({ id }) => id);
}

/** The transactions that take their customer from a Stripe customer; the first of them. */
async function dependentsOf(target: Target, change: { readonly stripe_customer_id: string }): Promise<Transaction[]> {
  const context = { client: target.dynamodb, tables: target.tables };
  for await (const ids of readDependents(context, change.stripe_customer_id)) {
    return readTransactions(target, ids.slice(0, TRANSACTIONS));
  }
  return [];
}

async function readTransactions(target: Target, ids: readonly string[]): Promise<Transaction[]> {
  const reader = readerOf(target);
  const rows = await Promise.all(ids.map((id) => reader.transaction(id)));
  return rows.filter((row) => row !== undefined);
}
