// A batch of decided events carried out: read together, write in parallel, then read again what was written by.

import type { Settings } from '../../contract/settings.js';
import type { Change, RecordChange } from '../domain/change.js';
import { collapse, type Work } from '../domain/collapse.js';
import { type Connection, type Item, inParallel, keyText, readItems, writeLinks } from './connection.js';
import { type CustomerLink, follow, followerKeyOf, linkKeyOf, sweepFollowers, writeLink } from './customer-links.js';
import { customerKeyOf, writeCustomer } from './customers.js';
import { evidenceItems, invoicesTouchedBy, settleInvoice } from './invoices.js';
import { isLinkedTo, putDeleted, putRecorded, transactionKeyOf } from './transactions.js';

/** What became of one event of the batch. */
export interface Applied {
  /**
   * `recorded`, `deleted`: the row was written so · `waiting`: recorded, and its Stripe customer is not linked; or a refund
   * whose invoice is not known yet · `customer`: a customer was made, updated or linked · `stale`: something newer stands
   */
  outcome: 'recorded' | 'deleted' | 'waiting' | 'customer_updated' | 'stale';
  /** How many rows this event's link attributed. */
  attributed: number;
  /** Why it could not be applied; its message must be delivered again. */
  error?: unknown;
}

/**
 * Applies the changes of a batch of events. One event's failure never fails another that does not share a row with it.
 *
 * @param batch the changes of each event
 * @returns what became of each, in the same order; never throws
 */
export async function apply(
  connection: Connection,
  settings: Settings,
  batch: readonly (readonly Change[])[],
): Promise<Applied[]> {
  const results = batch.map((): Applied => ({ outcome: 'stale', attributed: 0 }));
  const work = collapse(batch);
  /** Work of which a step failed: it is not gone on with, and all events that it was made from are delivered again. */
  const failed = new Set<Work<unknown>>();
  const isWhole = (some: Work<unknown>) => !failed.has(some);
  const fail = (some: Work<unknown>, error: unknown) => {
    failed.add(some);
    for (const event of some.events) results[event]!.error ??= error;
  };
  const attempt = (some: Work<unknown>, what: () => Promise<void>) => what().catch((error) => fail(some, error));
  const conclude = (some: Work<unknown>, outcome: Applied['outcome'], version?: string) => {
    for (const event of some.events) {
      // An event that a newer one of its batch stands for was stale before it was written.
      const own = version === undefined || batch[event]!.some((change) => versionOfChange(change) === version);
      if (own) results[event]!.outcome = outcome;
    }
  };

  const records = work.transactions.filter((each) => each.change.kind === 'record') as Work<RecordChange>[];
  const following = records.filter((each) => followedCustomer(each.change) !== undefined);
  const keys = [
    ...following.flatMap(({ change }) => [
      linkKeyOf(connection, followedCustomer(change)!),
      followerKeyOf(connection, followedCustomer(change)!, change.row.transaction_id),
    ]),
    ...work.links.map(({ change }) => linkKeyOf(connection, change.stripe_customer_id)),
    ...work.customers.map(({ change }) => customerKeyOf(connection, change.customer_key)),
  ];
  let known: Map<string, Item>;
  try {
    known = await readItems(connection, keys);
  } catch (error) {
    return results.map((result, event) => (batch[event]!.length > 0 ? { ...result, error } : result));
  }
  const lookUp = (at: { table: string; key: Readonly<Record<string, string>> }) => known.get(keyText(at.table, at.key));
  const linkOf = (stripeCustomerId: string) =>
    lookUp(linkKeyOf(connection, stripeCustomerId)) as CustomerLink | undefined;

  // First what others read by: links, and the marks of those who follow them.
  const sweeps: { work: Work<unknown>; stripeCustomerId: string }[] = [];
  const marks = following.filter(
    ({ change }) => !lookUp(followerKeyOf(connection, followedCustomer(change)!, change.row.transaction_id)),
  );
  const marked = writeLinks(
    connection,
    marks.map(({ change }) => followerKeyOf(connection, followedCustomer(change)!, change.row.transaction_id).key),
  );
  await Promise.all([
    ...marks.map((each) => attempt(each, () => marked)),
    marked.catch(() => {}),
    inParallel(work.links, (each) =>
      attempt(each, async () => {
        const { stripe_customer_id, version } = each.change;
        const { link, sweep, stale } = await writeLink(connection, each.change, linkOf(stripe_customer_id));
        const { table, key } = linkKeyOf(connection, stripe_customer_id);
        known.set(keyText(table, key), { ...link });
        if (sweep) sweeps.push({ work: each, stripeCustomerId: stripe_customer_id });
        if (!stale) conclude(each, 'customer_updated', version);
      }),
    ),
    inParallel(work.customers, (each) =>
      attempt(each, async () => {
        const news = await writeCustomer(
          connection,
          each.change,
          lookUp(customerKeyOf(connection, each.change.customer_key)),
        );
        if (news && each.change.snapshot) conclude(each, 'customer_updated', each.change.snapshot.version);
      }),
    ),
  ]);

  // Then the rows, by the links as read. What else failed of an event is no reason to leave a row that it shares with others.
  const written = new Map<Work<unknown>, string | undefined>();
  await inParallel(work.transactions.filter(isWhole), (each) =>
    attempt(each, async () => {
      const { change } = each;
      if (change.kind === 'delete') {
        if (await putDeleted(connection, change.row)) conclude(each, 'deleted', change.row.version);
        return;
      }
      const stripeCustomerId = followedCustomer(change);
      const link = stripeCustomerId === undefined ? undefined : linkOf(stripeCustomerId);
      const row = link
        ? { ...change.row, customer_key: link.customer_key, customer_key_source: 'linked' as const }
        : change.row;
      if (!(await putRecorded(connection, row))) return;
      written.set(each, row.customer_key);
      conclude(each, row.customer_key === undefined ? 'waiting' : 'recorded', row.version);
    }),
  );

  // Then read again what the rows were written by. A row found stale may be what a first delivery left half done.
  const toCheck = following.filter(isWhole);
  const stale = toCheck.filter((each) => !written.has(each));
  let reread = new Map<string, Item>();
  try {
    reread = await readItems(connection, [
      ...toCheck.map(({ change }) => linkKeyOf(connection, followedCustomer(change)!)),
      ...stale.map(({ change }) => transactionKeyOf(connection, change.row.transaction_id)),
    ]);
  } catch (error) {
    for (const each of toCheck) fail(each, error);
  }
  await inParallel(toCheck.filter(isWhole), (each) =>
    attempt(each, async () => {
      const { transaction_id } = each.change.row;
      const stripeCustomerId = followedCustomer(each.change)!;
      const linkKey = linkKeyOf(connection, stripeCustomerId);
      const link = reread.get(keyText(linkKey.table, linkKey.key)) as CustomerLink | undefined;
      const rowKey = transactionKeyOf(connection, transaction_id);
      const row = reread.get(keyText(rowKey.table, rowKey.key));
      const by = written.has(each)
        ? written.get(each)
        : isLinkedTo(row, stripeCustomerId)
          ? row.customer_key
          : link?.customer_key;
      if (by === link?.customer_key) return;
      await follow(connection, stripeCustomerId, transaction_id);
      if (written.has(each)) conclude(each, 'recorded', each.change.row.version);
    }),
  );

  // Then whoever follows a link that moved.
  await inParallel(sweeps, ({ work: each, stripeCustomerId }) =>
    attempt(each, async () => {
      const count = await sweepFollowers(connection, stripeCustomerId, linkOf(stripeCustomerId)!);
      for (const event of each.events.slice(0, 1)) results[event]!.attributed += count;
    }),
  );

  // Invoices: first all evidence, then the rows that it touches.
  const invoices = new Map<string, { change: string; events: number[] }>();
  await inParallel(work.evidence, (each) =>
    attempt(each, async () => {
      await writeLinks(connection, evidenceItems(each.change));
      const touched = await invoicesTouchedBy(connection, each.change);
      if (touched.length === 0) conclude(each, 'waiting');
      for (const invoiceId of touched) {
        const invoice = invoices.get(invoiceId) ?? { change: invoiceId, events: [] };
        invoice.events.push(...each.events);
        invoices.set(invoiceId, invoice);
      }
    }),
  );
  await inParallel([...invoices.values()], (each) =>
    attempt(each, async () => {
      const { row, changed } = await settleInvoice(connection, settings, each.change);
      if (!row) conclude(each, 'waiting');
      else if (changed)
        conclude(each, row.status === 'deleted' ? 'deleted' : row.customer_key === undefined ? 'waiting' : 'recorded');
    }),
  );
  return results;
}

/** The Stripe customer whose link a charge takes its key from: none where it has a key of its own. */
function followedCustomer(change: RecordChange): string | undefined {
  return change.row.customer_key === undefined ? change.row.stripe_customer_id : undefined;
}

function versionOfChange(change: Change): string | undefined {
  switch (change.kind) {
    case 'record':
    case 'delete':
      return change.row.version;
    case 'customer':
      return change.snapshot?.version;
    default:
      return change.version;
  }
}
