// Which `customer_key` a Stripe customer has, and the transactions that depend on it.
//
// Two workers may process events of one Stripe customer at the same moment. One rule makes that safe: write, then read again what
// the write was based on; if it has changed, write again. The worker that comes second sees the other's write.

import type { LinkChange } from '../domain/change.js';
import { isNewer, type Stamp } from '../domain/event.js';
import { type CustomerLink, dependsOn, keyOf, type StoredRow, withLinkedKey } from '../domain/row.js';
import { dependentsOf, linkKey, transactionKey, transactionsOfDependent } from './keys.js';
import {
  chunks,
  type Item,
  inParallel,
  readItem,
  readItems,
  readPartition,
  replaceItem,
  type StoreContext,
  updateItem,
} from './requests.js';

/** A link as it is stored. Links of pre-release builds have no count of moves; they have moved once. */
export function linkOf(item: Item | undefined): (CustomerLink & Stamp) | undefined {
  return item && ({ ...item, moves: item.moves ?? 1 } as unknown as CustomerLink & Stamp);
}

/**
 * Links the Stripe customer, unless a newer event has.
 *
 * @param known the link as it was read; it may be out of date
 * @returns the link as it is stored now; whether this call wrote it; and whether its dependents have to be swept. They have to
 * if the key has changed, or if one of the merged events may have been here before: its first delivery may have died before it
 * had swept.
 */
export async function writeLink(
  context: StoreContext,
  change: LinkChange,
  known: Item | undefined,
): Promise<{ readonly item: Item; readonly written: boolean; readonly mustSweep: boolean }> {
  let mustSweep = false;
  const { item, written } = await updateItem(
    context,
    linkKey(context.tables, change.stripe_customer_id),
    known,
    (current) => {
      const link = linkOf(current);
      if (link && !isNewer(change.oldest, link)) mustSweep = true;
      if (link && !isNewer(change, link)) return undefined;
      const isMoved = link?.customer_key !== change.customer_key;
      if (isMoved) mustSweep = true;
      const { customer_key, version, api_version } = change;
      return {
        customer_key,
        version,
        ...(api_version === undefined ? {} : { api_version }),
        moves: (link?.moves ?? 0) + Number(isMoved),
      };
    },
  );
  return { item: item!, written, mustSweep };
}

/**
 * Gives every dependent of a Stripe customer the key of its link, page by page.
 *
 * A dependent whose row does not exist yet belongs to a charge that has still to read the link again.
 *
 * @returns how many rows got another key
 */
export async function sweepDependents(context: StoreContext, stripeCustomerId: string): Promise<number> {
  const { pk, prefix } = dependentsOf(stripeCustomerId);
  let assigned = 0;
  for await (const page of readPartition(context, pk, prefix)) {
    const ids = page.flatMap((item) => transactionsOfDependent(String(item.sk)));
    await inParallel(chunks(ids, 100), async (chunk) => {
      const count = await assignCustomerKey(context, stripeCustomerId, chunk);
      assigned += count;
    });
  }
  return assigned;
}

/** Reads the rows, then the link; repeats for each row that has changed before it could be written. */
async function assignCustomerKey(
  context: StoreContext,
  stripeCustomerId: string,
  ids: readonly string[],
): Promise<number> {
  let assigned = 0;
  for (let pending = ids; pending.length > 0; ) {
    const keys = pending.map((id) => transactionKey(context.tables, id));
    const rows = await readItems(context, keys);
    const link = linkOf(await readItem(context, linkKey(context.tables, stripeCustomerId)));
    const changed: string[] = [];
    await inParallel(pending, async (id) => {
      const at = transactionKey(context.tables, id);
      const row = rows.get(at) as StoredRow | undefined;
      if (!link || !row || !dependsOn(row, stripeCustomerId)) return;
      if (keyOf(row) === link.customer_key && row._link === link.moves) return;
      if (!(await replaceItem(context, at, row as unknown as Item, { ...withLinkedKey(row, link) }))) changed.push(id);
      else if (keyOf(row) !== link.customer_key) assigned++;
    });
    pending = changed;
  }
  return assigned;
}
