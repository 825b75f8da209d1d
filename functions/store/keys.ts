// Where each item is. Nothing else spells a key of a table.

import type { Entity } from '../domain/change.js';
import type { ItemKey, TableNames } from './requests.js';

const DEPENDENT = 'transaction#';

export function transactionKey({ transactions }: TableNames, transactionId: string): ItemKey {
  return { table: transactions, key: { transaction_id: transactionId } };
}

export function customerKey({ customers }: TableNames, key: string): ItemKey {
  return { table: customers, key: { customer_key: key } };
}

/** Which `customer_key` a Stripe customer has. */
export function linkKey({ links }: TableNames, stripeCustomerId: string): ItemKey {
  return { table: links, key: { pk: customerPartition(stripeCustomerId), sk: 'link' } };
}

/** A dependent: a transaction that takes its `customer_key` from its Stripe customer's link. */
export function dependentKey({ links }: TableNames, stripeCustomerId: string, transactionId: string): ItemKey {
  return { table: links, key: { pk: customerPartition(stripeCustomerId), sk: `${DEPENDENT}${transactionId}` } };
}

/** The partition that holds a Stripe customer's dependents, and the prefix of their sort keys. */
export function dependentsOf(stripeCustomerId: string) {
  return { pk: customerPartition(stripeCustomerId), prefix: DEPENDENT };
}

export function transactionOfDependent(sk: string): string {
  return sk.slice(DEPENDENT.length);
}

/** The evidence about a charge, a payment intent or an invoice. */
export function evidenceKey({ links }: TableNames, entity: Entity): ItemKey {
  return { table: links, key: { pk: evidencePartition(entity), sk: 'evidence' } };
}

export function evidencePartition({ type, id }: Entity): string {
  return `${type}#${id}`;
}

function customerPartition(stripeCustomerId: string): string {
  return `customer#${stripeCustomerId}`;
}

/** Where reconcile keeps how far it has come. */
export function cursorKey({ links }: Pick<TableNames, 'links'>): ItemKey {
  return { table: links, key: { pk: 'reconcile', sk: 'cursor' } };
}
