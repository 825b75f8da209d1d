// Rows of `transactions`: three conditional writes, each of which may come late, twice or in any order.

import type { DeletedTransaction, RecordedTransaction, Transaction } from '../domain/change.js';
import { type Connection, type Item, putIf, updateIf } from './connection.js';

export function transactionKeyOf(connection: Connection, transactionId: string) {
  return { table: connection.tables.transactions, key: { transaction_id: transactionId } };
}

/**
 * Puts a charge's row, unless a newer snapshot or a tombstone stands.
 *
 * @returns whether the row was put; false where it would have been stale
 */
export async function putRecorded(connection: Connection, row: RecordedTransaction): Promise<boolean> {
  return putIf(connection, {
    TableName: connection.tables.transactions,
    Item: { ...row },
    ConditionExpression: 'attribute_not_exists(transaction_id) OR (#status = :recorded AND #version < :version)',
    ExpressionAttributeNames: { '#status': 'status', '#version': 'version' },
    ExpressionAttributeValues: { ':recorded': 'recorded', ':version': row.version },
  });
}

/**
 * Puts a charge's tombstone, over any row and over an older tombstone: deletion is final.
 *
 * @returns whether it was put; false where a newer tombstone stands
 */
export async function putDeleted(connection: Connection, row: DeletedTransaction): Promise<boolean> {
  return putIf(connection, {
    TableName: connection.tables.transactions,
    Item: { ...row },
    ConditionExpression: 'attribute_not_exists(transaction_id) OR #status = :recorded OR #version < :version',
    ExpressionAttributeNames: { '#status': 'status', '#version': 'version' },
    ExpressionAttributeValues: { ':recorded': 'recorded', ':version': row.version },
  });
}

/** What tells two states of an invoice's row apart; a tombstone has the version of another event. */
const STATE_ATTRIBUTES = ['version', 'amount_refunded', 'customer_key'] as const;

/**
 * Puts a computed row in the place of the one that was read.
 *
 * @returns whether it was put; false where the row is no longer as it was read
 */
export async function replaceTransaction(
  connection: Connection,
  row: Transaction,
  current: Item | undefined,
): Promise<boolean> {
  const sameAs = current && stateOf(current, STATE_ATTRIBUTES);
  return putIf(connection, {
    TableName: connection.tables.transactions,
    Item: { ...row },
    ...(sameAs ?? { ConditionExpression: 'attribute_not_exists(transaction_id)' }),
  });
}

/** Whether the row takes its `customer_key` from this Stripe customer's link. */
export function isLinkedTo(row: Item | undefined, stripeCustomerId: string): row is Item {
  return row?.status === 'recorded' && row.stripe_customer_id === stripeCustomerId && row.customer_key_source !== 'own';
}

/**
 * Gives a row the `customer_key` of its Stripe customer: "one conditional update: only a recorded row of that Stripe customer
 * whose key is not its own". The key that was read is part of the condition, so an update that arrives late changes nothing.
 *
 * @param current the row as it was read, one that `isLinkedTo` the Stripe customer
 * @returns whether the row was as it was read
 */
export async function attribute(connection: Connection, current: Item, customerKey: string): Promise<boolean> {
  const { ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues } = stateOf(current, [
    // Gone from a tombstone, so that it stays one.
    'stripe_customer_id',
    'customer_key_source',
    'customer_key',
  ]);
  return updateIf(connection, {
    TableName: connection.tables.transactions,
    Key: { transaction_id: current.transaction_id },
    UpdateExpression: 'SET #customer_key = :new_key, #customer_key_source = :linked',
    ConditionExpression,
    ExpressionAttributeNames,
    ExpressionAttributeValues: { ...ExpressionAttributeValues, ':new_key': customerKey, ':linked': 'linked' },
  });
}

/** The condition that these attributes are as they were read, present or absent. */
function stateOf(current: Item, attributes: readonly string[]) {
  const present = attributes.filter((name) => current[name] !== undefined);
  return {
    ConditionExpression: attributes
      .map((name) => (present.includes(name) ? `#${name} = :${name}` : `attribute_not_exists(#${name})`))
      .join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(attributes.map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: Object.fromEntries(present.map((name) => [`:${name}`, current[name]])),
  };
}
