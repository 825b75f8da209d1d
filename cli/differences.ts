// `reconcile --check`: compares Stripe with the tables and names each difference. Nothing is sent.

import type { Stripe } from 'stripe';
import type { Settings } from '../contract/settings.js';
import type { ChargeChange, EvidenceChange, Transaction } from '../functions/domain/change.js';
import { chargeRow } from '../functions/domain/charge-row.js';
import { decide } from '../functions/domain/decide.js';
import { parseEvent } from '../functions/domain/event.js';
import { invoiceRow } from '../functions/domain/invoice-row.js';
import { entityText, joinCharges, joinEvidenceChanges } from '../functions/domain/join.js';
import { withRateLimitRetry } from '../functions/stripe/client.js';
import { chargeParts, invoiceParts } from './resync.js';
import { type StripeSnapshot, snapshotEvents } from './snapshots.js';
import { readerOf, type Target } from './target.js';

export interface Difference {
  readonly id: string;
  readonly problem: 'missing' | 'should be deleted' | 'should not be deleted' | 'amount differs';
  /** Net amounts in the currency's minor unit. */
  readonly expected?: number;
  readonly found?: number;
}

/** Compares the charges (or paid invoices) that were created since a time, in Unix seconds, with the rows of `transactions`. */
export async function* differences(stripe: Stripe, target: Target, since: number): AsyncGenerator<Difference> {
  const reader = readerOf(target);
  const invoices = target.settings.transactionSource === 'invoice';
  for (let after: string | undefined; ; ) {
    const page = { limit: 100, created: { gte: since }, ...(after === undefined ? {} : { starting_after: after }) };
    const { data, has_more } = await withRateLimitRetry<{ data: { id: string }[]; has_more: boolean }>(() =>
      invoices
        ? stripe.invoices.list({ ...page, status: 'paid', expand: ['data.payments'] })
        : stripe.charges.list(page),
    );
    for (const object of data) {
      const expected = await expectedRow(stripe, object as unknown as StripeSnapshot, target.settings);
      if (!expected) continue;
      const difference = compare(object.id, expected, await reader.transaction(object.id));
      if (difference) yield difference;
    }
    after = data.at(-1)?.id;
    if (!has_more || after === undefined) return;
  }
}

function compare(id: string, expected: Transaction, row: Transaction | undefined): Difference | undefined {
  if (!row) return { id, problem: 'missing' };
  if (expected.status === 'deleted') return row.status === 'deleted' ? undefined : { id, problem: 'should be deleted' };
  if (row.status === 'deleted') return { id, problem: 'should not be deleted' };
  if (row.amount_net === expected.amount_net) return undefined;
  return { id, problem: 'amount differs', expected: expected.amount_net, found: row.amount_net };
}

/** The row by Stripe: what the rules make of the object and of the refunds and disputes that belong to it. */
async function expectedRow(
  stripe: Stripe,
  object: StripeSnapshot,
  settings: Settings,
): Promise<Transaction | undefined> {
  const now = Math.floor(Date.now() / 1000);
  const invoices = settings.transactionSource === 'invoice';
  const parts = await withRateLimitRetry(() =>
    invoices
      ? invoiceParts(stripe, object as never, settings)
      : isReversed(object)
        ? chargeParts(stripe, object as never, settings)
        : Promise.resolve([]),
  );
  const all = [{ kind: invoices ? ('invoices' as const) : ('charges' as const), object }, ...parts];
  const changes = all
    .flatMap((each) => snapshotEvents(each.kind, each.object, now, settings))
    .flatMap((event) => decide(parseEvent(event), settings).changes);
  return invoices ? invoiceRowOf(object.id, changes.filter(isEvidence), settings) : chargeRowOf(changes, settings);
}

/** Most charges are not: they need no further request. */
function isReversed({ disputed, amount_refunded }: StripeSnapshot): boolean {
  return disputed === true || Number(amount_refunded) > 0;
}

function chargeRowOf(changes: readonly { readonly kind: string }[], settings: Settings): Transaction | undefined {
  const ofCharge = changes.filter((change): change is ChargeChange => change.kind === 'charge');
  if (ofCharge.length === 0) return undefined;
  const { charge_id, snapshot, refunds_shown, evidence } = ofCharge.reduce(joinCharges);
  if (!snapshot) return undefined;
  return chargeRow({ charge_id, snapshot, refunds_shown, evidence, revision: undefined, link: undefined }, settings);
}

function isEvidence(change: { readonly kind: string }): change is EvidenceChange {
  return change.kind === 'evidence';
}

function invoiceRowOf(id: string, changes: readonly EvidenceChange[], settings: Settings): Transaction | undefined {
  const view = new Map<string, EvidenceChange>();
  for (const change of changes) {
    const name = entityText(change.entity);
    const known = view.get(name);
    view.set(name, known ? joinEvidenceChanges(known, change) : change);
  }
  return invoiceRow(id, view, undefined, settings);
}
