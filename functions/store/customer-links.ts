// Which `customer_key` a Stripe customer has, and which transactions follow it.
//
// Two events about one Stripe customer may be in two workers at the same instant. One rule makes that safe: write, then read
// what you wrote by; if it has changed, write again. Whoever comes second sees the other.

import type { LinkChange } from '../domain/change.js';
import { type Connection, type Item, inParallel, keyText, putIf, readItems, readPartition } from './connection.js';
import { attribute, isLinkedTo, transactionKeyOf } from './transactions.js';

/** The link of a Stripe customer: the `customer_key` of its newest event that carried one. */
export interface CustomerLink {
  readonly customer_key: string;
  readonly version: string;
}

export function linkKeyOf(connection: Connection, stripeCustomerId: string) {
  return { table: connection.tables.links, key: { pk: `customer#${stripeCustomerId}`, sk: 'link' } };
}

/**
 * The mark that a transaction has no key of its own and follows its Stripe customer's link. Written before the row, and kept:
 * whenever the link moves, a strongly consistent read finds every row that must move with it.
 */
export function followerKeyOf(connection: Connection, stripeCustomerId: string, transactionId: string) {
  return {
    table: connection.tables.links,
    key: { pk: `customer#${stripeCustomerId}`, sk: `transaction#${transactionId}` },
  };
}

export async function readLink(connection: Connection, stripeCustomerId: string): Promise<CustomerLink | undefined> {
  const { table, key } = linkKeyOf(connection, stripeCustomerId);
  return (await readItems(connection, [{ table, key }])).get(keyText(table, key)) as CustomerLink | undefined;
}

/**
 * Links the Stripe customer, unless a newer event has.
 *
 * @param known the link as it was read
 * @returns the link as it stands now, and whether its followers have still to be looked at: not where the key stayed the same.
 * They are where the event was found stale, because its first delivery may have died on the way.
 */
export async function writeLink(
  connection: Connection,
  change: LinkChange,
  known: CustomerLink | undefined,
): Promise<{ link: CustomerLink; sweep: boolean; stale: boolean }> {
  const { table, key } = linkKeyOf(connection, change.stripe_customer_id);
  const link: CustomerLink = { customer_key: change.customer_key, version: change.version };
  for (let current = known; ; ) {
    if (current && current.version >= change.version) return { link: current, sweep: true, stale: true };
    const written = await putIf(connection, {
      TableName: table,
      Item: { ...key, ...link },
      ...(current
        ? {
            ConditionExpression: '#version = :read',
            ExpressionAttributeNames: { '#version': 'version' },
            ExpressionAttributeValues: { ':read': current.version },
          }
        : { ConditionExpression: 'attribute_not_exists(pk)' }),
    });
    if (written) return { link, sweep: current?.customer_key !== link.customer_key, stale: false };
    current = await readLink(connection, change.stripe_customer_id);
  }
}

/**
 * Attributes every follower of a Stripe customer to its link, until the link has stood still meanwhile.
 *
 * @param link the link as it stood when last read or written
 * @returns how many rows were attributed
 */
export async function sweepFollowers(
  connection: Connection,
  stripeCustomerId: string,
  link: CustomerLink,
): Promise<number> {
  let attributed = 0;
  for (let sweptBy = link; ; ) {
    const rows = await readFollowers(connection, stripeCustomerId);
    const astray = rows.filter((row) => row.customer_key !== sweptBy.customer_key);
    await inParallel(astray, async (row) => {
      // A row that changed meanwhile is left to whoever changed it: that worker has the link still to read.
      if (await attribute(connection, row, sweptBy.customer_key)) attributed++;
    });
    // What this worker did not touch, it cannot have put wrong; whoever moved the link sweeps after it.
    if (astray.length === 0) return attributed;
    const current = (await readLink(connection, stripeCustomerId)) ?? sweptBy;
    if (current.customer_key === sweptBy.customer_key) return attributed;
    sweptBy = current;
  }
}

async function readFollowers(connection: Connection, stripeCustomerId: string): Promise<Item[]> {
  const prefix = 'transaction#';
  const marks = await readPartition(connection, `customer#${stripeCustomerId}`, prefix);
  const keys = marks.map((mark) => transactionKeyOf(connection, String(mark.sk).slice(prefix.length)));
  // A row that does not exist yet belongs to a charge that has still to read the link.
  return [...(await readItems(connection, keys)).values()].filter((row) => isLinkedTo(row, stripeCustomerId));
}

/**
 * Attributes one transaction to its Stripe customer's link, until row and link agree.
 *
 * @returns the row as it stands, and the link
 */
export async function follow(connection: Connection, stripeCustomerId: string, transactionId: string): Promise<void> {
  const rowKey = transactionKeyOf(connection, transactionId);
  const linkKey = linkKeyOf(connection, stripeCustomerId);
  for (;;) {
    const read = await readItems(connection, [rowKey, linkKey]);
    const row = read.get(keyText(rowKey.table, rowKey.key));
    const link = read.get(keyText(linkKey.table, linkKey.key)) as CustomerLink | undefined;
    if (!link || !isLinkedTo(row, stripeCustomerId) || row.customer_key === link.customer_key) return;
    await attribute(connection, row, link.customer_key);
  }
}
