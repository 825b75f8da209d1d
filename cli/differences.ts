// `reconcile --check`: compares Stripe with the tables and names each difference. Nothing is sent.

import type { Stripe } from 'stripe';
import { decide } from '../functions/domain/decide.js';
import { parseEvent } from '../functions/domain/event.js';
import { withRateLimitRetry } from '../functions/stripe/client.js';
import { readerOf } from './show.js';
import { snapshotEvents } from './snapshots.js';
import type { Target } from './target.js';

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
      if (!change || !('row' in change)) continue;
      const row = await reader.transaction(object.id);
      const { id } = object;
      if (!row) {
        // A tombstone may be past its time.
        if (change.kind !== 'delete') yield { id, problem: 'missing' };
      } else if (change.kind === 'delete' && row.status !== 'deleted') yield { id, problem: 'should be deleted' };
      // Refunds of invoices are told by their charges, not by the invoice.
      else if (change.kind !== 'delete' && row.status === 'deleted' && !invoices)
        yield { id, problem: 'should not be deleted' };
      else if (change.kind === 'record' && row.status === 'recorded' && row.amount_net !== change.row.amount_net) {
        yield { id, problem: 'amount differs', expected: change.row.amount_net, found: row.amount_net };
      }
    }
    after = data.at(-1)?.id;
    if (!has_more || after === undefined) return;
  }
}
