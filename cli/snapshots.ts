// Objects from Stripe's API as events, so that they take the same way as any event: through the queue.
//
// A snapshot gets an event of its own: an update, created one second before Stripe was asked for it. It is newer than every event
// that it already shows, and older than everything that happens from that second on, so it never overwrites anything newer.

import type { Stripe } from 'stripe';
import type { Settings } from '../contract/settings.js';
import { withRateLimitRetry } from '../functions/stripe/client.js';

export const SNAPSHOT_KINDS = ['customers', 'charges', 'invoices'] as const;
export type SnapshotKind = (typeof SNAPSHOT_KINDS)[number];

/** The kinds that a mode needs. In invoice mode charges show the refunds of invoices. */
export function kindsFor(settings: Settings): SnapshotKind[] {
  return settings.transactionSource === 'charge' ? ['customers', 'charges'] : ['customers', 'invoices', 'charges'];
}

export type StripeSnapshot = { readonly id: string } & Readonly<Record<string, unknown>>;

/**
 * @param askedAt when Stripe was asked for the object, in Unix seconds
 * @returns the events of one snapshot; none if no rule would read them
 */
export function snapshotEvents(
  kind: SnapshotKind,
  object: StripeSnapshot,
  askedAt: number,
  settings: Settings,
): object[] {
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

/** How far a backfill has come. */
export interface BackfillState {
  /** Kinds that are still to be done; the first of them is under way. */
  readonly kinds: readonly SnapshotKind[];
  /** Unix seconds. */
  readonly since: number;
  /** The ID of the last object that was sent of the kind under way. */
  readonly after?: string;
  /** Events sent so far. */
  readonly sent: number;
}

export interface BackfillOptions {
  readonly stripe: Stripe;
  readonly settings: Settings;
  readonly state: BackfillState;
  readonly send: (events: readonly object[]) => Promise<void>;
  readonly onPage: (state: BackfillState) => void;
  readonly now?: () => number;
}

/** Sends every object of some kinds, page by page. @returns the last state: no kinds are left */
export async function backfill(options: BackfillOptions): Promise<BackfillState> {
  const { stripe, settings, send, onPage, now = Date.now } = options;
  let { state } = options;
  while (state.kinds.length > 0) {
    const kind = state.kinds[0]!;
    const askedAt = Math.floor(now() / 1000);
    const { since, after } = state;
    const page = { limit: 100, created: { gte: since }, ...(after === undefined ? {} : { starting_after: after }) };
    const { data, has_more } = await withRateLimitRetry(() => listPage(stripe, kind, page));
    const events = data.flatMap((object) => snapshotEvents(kind, object, askedAt, settings));
    await send(events);
    const sent = state.sent + events.length;
    const last = data.at(-1);
    state =
      has_more && last ? { ...state, after: last.id, sent } : { kinds: state.kinds.slice(1), since: state.since, sent };
    onPage(state);
  }
  return state;
}

async function listPage(stripe: Stripe, kind: SnapshotKind, page: Stripe.PaginationParams & { created: object }) {
  const list =
    kind === 'customers'
      ? await stripe.customers.list(page)
      : kind === 'charges'
        ? await stripe.charges.list(page)
        : await stripe.invoices.list({ ...page, status: 'paid', expand: ['data.payments'] });
  return list as unknown as { data: StripeSnapshot[]; has_more: boolean };
}
