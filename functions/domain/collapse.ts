// Events of one batch about one thing collapse to what decides its row: fewer requests, and the same rows as one by one.

import type { Change, CustomerChange, DeleteChange, InvoiceEvidence, LinkChange, RecordChange } from './change.js';
import { newest } from './invoice-row.js';

/** One piece of work, and the positions in the batch of the events that it was made from. */
export interface Work<C> {
  readonly change: C;
  readonly events: readonly number[];
}

export interface CollapsedBatch {
  readonly customers: readonly Work<CustomerChange>[];
  readonly links: readonly Work<LinkChange>[];
  readonly transactions: readonly Work<RecordChange | DeleteChange>[];
  readonly evidence: readonly Work<InvoiceEvidence>[];
}

/** @param batch the changes of each event, in any order */
export function collapse(batch: readonly (readonly Change[])[]): CollapsedBatch {
  const all = batch.flatMap((changes, event) => changes.map((change) => ({ change, event })));
  return {
    customers: merge(all.filter(isKind('customer')), (change) => change.customer_key, mergeCustomers),
    links: merge(
      all.filter(isKind('link')),
      (change) => change.stripe_customer_id,
      (links) => newest(links)!,
    ),
    transactions: merge(
      all.filter(isKind('record', 'delete')),
      (change) => change.row.transaction_id,
      mergeTransactions,
    ),
    evidence: merge(
      all.filter(isKind('invoice-paid', 'invoice-payment', 'charge-refunded', 'charge-failed')),
      evidenceId,
      (same) => same[0]!,
    ),
  };
}

/** A deletion is final, so any of them outranks every record; of each sort the newest decides. */
function mergeTransactions(changes: readonly (RecordChange | DeleteChange)[]): RecordChange | DeleteChange {
  const newestRow = <T extends RecordChange | DeleteChange>(some: readonly T[]) =>
    some.reduce((best, change) => (best.row.version >= change.row.version ? best : change));
  const deletions = changes.filter((change) => change.kind === 'delete');
  return deletions.length > 0 ? newestRow(deletions) : newestRow(changes);
}

/** The newest snapshot tells who the customer is, the earliest claim who referred it. */
function mergeCustomers(changes: readonly CustomerChange[]): CustomerChange {
  const snapshot = newest(changes.flatMap((change) => change.snapshot ?? []));
  const claims = changes.flatMap((change) => change.partner ?? []);
  const partner = claims.length > 0 ? claims.reduce((a, b) => (a.version <= b.version ? a : b)) : undefined;
  return {
    kind: 'customer',
    customer_key: changes[0]!.customer_key,
    ...(snapshot ? { snapshot } : {}),
    ...(partner ? { partner } : {}),
  };
}

/** Two deliveries of one event say the same: the piece of evidence is known by what it is about and its event's version. */
function evidenceId(evidence: InvoiceEvidence): string {
  if (evidence.kind === 'invoice-paid') return `${evidence.kind} ${evidence.version}`;
  if (evidence.kind === 'invoice-payment')
    return `${evidence.kind} ${evidence.version} ${evidence.payment.type} ${evidence.payment.id}`;
  return `${evidence.kind} ${evidence.version}`;
}

function isKind<K extends Change['kind']>(...kinds: K[]) {
  return (item: { change: Change; event: number }): item is { change: Extract<Change, { kind: K }>; event: number } =>
    (kinds as string[]).includes(item.change.kind);
}

function merge<C, M>(
  items: readonly { readonly change: C; readonly event: number }[],
  keyOf: (change: C) => string,
  mergeChanges: (changes: readonly C[]) => M,
): Work<M>[] {
  const groups = new Map<string, { changes: C[]; events: number[] }>();
  for (const { change, event } of items) {
    const key = keyOf(change);
    const group = groups.get(key) ?? { changes: [], events: [] };
    group.changes.push(change);
    group.events.push(event);
    groups.set(key, group);
  }
  return [...groups.values()].map((group) => ({ change: mergeChanges(group.changes), events: group.events }));
}
