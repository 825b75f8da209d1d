// `backfill`: customers, charges or invoices out of Stripe's API, as snapshots that enter at the queue.
//
// A snapshot has no event, so it gets one: an update stamped one second before it was asked for. It is newer than every event
// that it already shows, and older than whatever happens from that second on; so it never overwrites anything newer.

import type { Stripe } from 'stripe';
import type { Settings } from '../contract/settings.js';
import { withRateLimitRetry } from '../functions/stripe/client.js';

export const BACKFILL_KINDS = ['customers', 'charges', 'invoices'] as const;
export type BackfillKind = (typeof BACKFILL_KINDS)[number];

/** How far a backfill has come. */
export interface BackfillState {
  /** Kinds still to be done, the first of them under way. */
  readonly kinds: readonly BackfillKind[];
  readonly since: number;
  /** The last object of the kind under way. */
  readonly after?: string;
  readonly sent: number;
}

/** What a mode needs: refunds of invoices are told by their charges. */
export function kindsFor(settings: Settings): BackfillKind[] {
  return settings.transactionSource === 'charge' ? ['customers', 'charges'] : ['customers', 'invoices', 'charges'];
}

export interface BackfillOptions {
  readonly stripe: Stripe;
  readonly settings: Settings;
  readonly state: BackfillState;
  readonly send: (events: readonly object[]) => Promise<void>;
  readonly onPage: (state: BackfillState) => void;
  readonly now?: () => number;
}

/** @returns where it ended: no kinds are left */
export async function backfill({
  stripe,
  settings,
  state,
  send,
  onPage,
  now = Date.now,
}: BackfillOptions): Promise<BackfillState> {
  let current = state;
  while (current.kinds.length > 0) {
    const kind = current.kinds[0]!;
    const askedAt = Math.floor(now() / 1000);
    const { data, has_more } = await withRateLimitRetry(() => listPage(stripe, kind, current));
    const events = data.flatMap((object) => snapshotEvents(kind, object, askedAt, settings));
    await send(events);
    const last = data.at(-1);
    const sent = current.sent + events.length;
    current =
      has_more && last
        ? { ...current, after: last.id, sent }
        : { kinds: current.kinds.slice(1), since: current.since, sent };
    onPage(current);
  }
  return current;
}

type Listed = { readonly id: string } & Readonly<Record<string, unknown>>;

async function listPage(stripe: Stripe, kind: BackfillKind, { since, after }: BackfillState) {
  const page = { limit: 100, created: { gte: since }, ...(after === undefined ? {} : { starting_after: after }) };
  const list =
    kind === 'customers'
      ? await stripe.customers.list(page)
      : kind === 'charges'
        ? await stripe.charges.list(page)
        : await stripe.invoices.list({ ...page, status: 'paid', expand: ['data.payments'] });
  return list as unknown as { data: Listed[]; has_more: boolean };
}

/** The events that a snapshot stands for; none where no rule would look at them. */
export function snapshotEvents(kind: BackfillKind, object: Listed, askedAt: number, settings: Settings): object[] {
  const event = (type: string) => ({
    id: `snapshot_${object.id}_${askedAt}`,
    object: 'event',
    type,
    created: askedAt - 1,
    livemode: object.livemode === true,
    data: { object },
  });
  if (kind === 'customers') return [event('customer.updated')];
  if (kind === 'invoices') return [event('invoice.payment_succeeded')];
  if (settings.transactionSource === 'charge') return [event('charge.updated')];
  if (Number(object.amount_refunded) > 0) return [event('charge.refunded')];
  return object.status === 'failed' ? [event('charge.failed')] : [];
}
