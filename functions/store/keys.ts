// Where each item of `customers`, `transactions` and `links` is. Nothing else in the store spells a key.

import type { Entity } from '../domain/change.js';
import type { Item, ItemKey, TableNames } from './requests.js';

/** DynamoDB's limit of a sort key, in bytes of UTF-8. */
const MOST_BYTES = 1024;
const DEPENDENT = 'transaction#';
const SEVERAL_DEPENDENTS = 'transactions#';

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

/**
 * The items that name dependents, the transactions that take their `customer_key` from their Stripe customer's link. As many as fit
 * share one item, because each item costs a write unit. An item's content is its key, so it never changes.
 */
export function dependentKeys(
  { links }: TableNames,
  stripeCustomerId: string,
  transactionIds: readonly string[],
): ItemKey[] {
  const sortKeys: string[] = [];
  let ids: string[] = [];
  for (const id of transactionIds) {
    if (ids.length > 0 && Buffer.byteLength(dependentSortKey([...ids, id])) > MOST_BYTES) {
      sortKeys.push(dependentSortKey(ids));
      ids = [];
    }
    ids.push(id);
  }
  if (ids.length > 0) sortKeys.push(dependentSortKey(ids));
  return sortKeys.map((sk) => ({ table: links, key: { pk: customerPartition(stripeCustomerId), sk } }));
}

function dependentSortKey(ids: readonly string[]): string {
  return ids.length === 1 ? `${DEPENDENT}${ids[0]}` : `${SEVERAL_DEPENDENTS}${JSON.stringify(ids)}`;
}

/** The partition that holds a Stripe customer's dependents, and the prefix of their sort keys. */
export function dependentsOf(stripeCustomerId: string) {
  return { pk: customerPartition(stripeCustomerId), prefix: 'transaction' };
}

/** The transactions that an item names. */
export function transactionsOfDependent(sk: string): string[] {
  return sk.startsWith(SEVERAL_DEPENDENTS)
    ? JSON.parse(sk.slice(SEVERAL_DEPENDENTS.length))
    : [sk.slice(DEPENDENT.length)];
}

/** The key of an item of `links` that was read. */
export function keyOfLinksItem({ links }: TableNames, { pk, sk }: Item): ItemKey {
  return { table: links, key: { pk: String(pk), sk: String(sk) } };
}

/** The condition of a query for one partition of `links`; with `prefix` for those of its items whose sort key begins with it. */
export function inPartition(pk: string, prefix?: string) {
  return prefix === undefined
    ? { KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': pk } }
    : {
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
      };
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

/** What a piece of evidence says, and about which object: pre-release builds kept each in an item, as `charge#ch_1`. */
export function pieceOfEvidence({ sk }: Item): { readonly name: string; readonly id: string } {
  const text = String(sk);
  const at = text.indexOf('#');
  return { name: text.slice(0, at), id: text.slice(at + 1) };
}

/** Where reconcile keeps how far it has come. */
export function cursorKey({ links }: Pick<TableNames, 'links'>): ItemKey {
  return { table: links, key: { pk: 'reconcile', sk: 'cursor' } };
}
