// The first read of a batch: what is probably stored about everything that the batch is about.

import type { Change, ChargeChange } from '../domain/change.js';
import type { MergedBatch, MergedChange } from '../domain/merge.js';
import { linkedCustomer } from '../domain/row.js';
import { customerKey, evidenceKey, linkKey, transactionKey } from './keys.js';
import { type ItemKey, type Items, readItems, type StoreContext, type TableNames } from './requests.js';

/**
 * Reads everything together, eventually consistent. Nothing rests on it: conditions and the second read find out what has changed since,
 * and what was not read because it is probably absent.
 */
export function readHints(context: StoreContext, batch: MergedBatch): Promise<Items> {
  const { tables } = context;
  const keys = [
    ...batch.charges.flatMap((merged) => chargeKeys(tables, merged)),
    ...batch.links.map(({ change }) => linkKey(tables, change.stripe_customer_id)),
    ...batch.customers.map(({ change }) => customerKey(tables, change.customer_key)),
    ...batch.evidence.map(({ change }) => evidenceKey(tables, change.entity)),
  ];
  return readItems(context, keys, { consistent: false });
}

/** Evidence is read only where the batch adds to it: most charges have none, and the second read finds it. */
function chargeKeys(tables: TableNames, merged: MergedChange<ChargeChange>): ItemKey[] {
  const { charge_id: id, snapshot, evidence } = merged.change;
  const customer = snapshot && linkedCustomer(snapshot);
  return [
    ...(isNew(merged) ? [] : [transactionKey(tables, id)]),
    ...(evidence ? [evidenceKey(tables, { type: 'charge', id })] : []),
    ...(customer === undefined ? [] : [linkKey(tables, customer)]),
  ];
}

/** A charge that succeeded together with other events about it has hardly ever a row yet; its put finds out. */
function isNew({ decisions, change }: MergedChange<ChargeChange>): boolean {
  const isFirst = (each: Change) =>
    each.kind === 'charge' && each.charge_id === change.charge_id && each.snapshot?.event_type === 'charge.succeeded';
  return decisions.length > 1 && decisions.some(({ changes }) => changes.some(isFirst));
}
