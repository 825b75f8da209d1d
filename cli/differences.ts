// `reconcile --check`: compares Stripe with the tables and names each difference. Nothing is sent.

import type { Stripe } from 'stripe';
import type { Settings } from '../contract/settings.js';
import type { ChargeChange, EvidenceChange, Transaction } from '../functions/domain/change.js';
import { chargeRow } from '../functions/domain/charge-row.js';
import { decide } from '../functions/domain/decide.js';
import { parseEvent } from '../functions/domain/event.js';
import { invoiceRow } from '../functions/domain/invoice-row.js';
import { entityText } from '../functions/domain/join.js';
import { withRateLimitRetry } from '../functions/stripe/client.js';
import { snapshotEvents } from './snapshots.js';
import { readerOf, type Target } from './target.js';

export interface Difference {
  readonly id: string;
  readonly problem: 'missing' | 'should be deleted' | 'should not be deleted' | 'amount differs';
  readonly expected?: number;
  readonly found?: number;
}

/** Compares the charges (or paid invoices) of Stripe since a time with the rows of `transactions`. */
export async function* differences(stripe: Stripe, target: Target, since: number): AsyncGenerator<Difference> {
  const { settings } = target;
  const reader = readerOf(target);
  const invoices = settings.transactionSource === 'invoice';
  const now = Math.floor(Date.now() / 1000);
  for (let after: string | undefined; ; ) {
    const page = { limit: 100, created: { gte: since }, ...(after === undefined ? {} : { starting_after: after }) };
    const { data, has_more } = await withRateLimitRetry<{ data: { id: string }[]; has_more: boolean }>(() =>
      invoices ? stripe.invoices.list({ ...page, status: 'paid' }) : stripe.charges.list(page),
    );
    for (const object of data) {
      const [event] = snapshotEvents(invoices ? 'invoices' : 'charges', object as never, now, settings);
      const change = event && decide(parseEvent(event), settings).changes[0];
      if (!change || change.kind === 'customer' || change.kind === 'link') continue;
      const expected = expectedRow(change, settings);
      if (!expected) continue;
      const row = await reader.transaction(object.id);
      const { id } = object;
      if (!row) yield { id, problem: 'missing' };
      else if (expected.status === 'deleted' && row.status !== 'deleted') yield { id, problem: 'should be deleted' };
      // An invoice does not show its refunds: its charges do.
      else if (expected.status === 'recorded' && row.status === 'deleted' && !invoices)
        yield { id, problem: 'should not be deleted' };
      else if (!invoices && row.status === 'recorded' && row.amount_net !== expected.amount_net)
        yield { id, problem: 'amount differs', expected: expected.amount_net, found: row.amount_net };
    }
    after = data.at(-1)?.id;
    if (!has_more || after === undefined) return;
  }
}

/** The row that a snapshot alone would make. */
function expectedRow(change: ChargeChange | EvidenceChange, settings: Settings): Transaction | undefined {
  if (change.kind === 'charge') {
    const { charge_id, snapshot, refunds_shown, evidence } = change;
    return (
      snapshot &&
      chargeRow({ charge_id, snapshot, refunds_shown, evidence, revision: undefined, link: undefined }, settings)
    );
  }
  const view = new Map([[entityText(change.entity), change]]);
  return invoiceRow(change.entity.id, view, undefined, settings);
}
