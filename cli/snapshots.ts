// Objects from Stripe's API as events, so that they go through the queue like any event.
//
// A snapshot becomes an event: an update, created one second before Stripe was asked for it. It is newer than every event
// that it already shows, and older than everything that happens from that second on, so it never overwrites anything newer.

import type { Stripe } from 'stripe';
import type { Settings } from '../contract/settings.js';
import { withRateLimitRetry } from '../functions/stripe/client.js';

export const SNAPSHOT_KINDS = ['customers', 'invoices', 'refunds', 'disputes', 'charges'] as const;
export type SnapshotKind = (typeof SNAPSHOT_KINDS)[number];

/** The kinds that the settings need. Refunds come before charges, so that a charge's snapshot is the newer one. */
export function kindsFor({ transactionSource, disputes }: Settings): SnapshotKind[] {
  return [
    'customers',
    ...(transactionSource === 'invoice' ? (['invoices'] as const) : []),
    'refunds',
    ...(disputes === 'ignore' ? [] : (['disputes'] as const)),
    'charges',
  ];
}

export type StripeSnapshot = { readonly id: string } & Readonly<Record<string, unknown>>;

/**
 * @param object as Stripe lists it; a refund with its `charge` expanded
 * @param askedAt when Stripe was asked for the object, in Unix seconds
 * @returns the events of one snapshot; none if no rule would read them
 */
export function snapshotEvents(
  kind: SnapshotKind,
  object: StripeSnapshot,
  askedAt: number,
  settings: Settings,
): SnapshotEvent[] {
  switch (kind) {
    case 'customers':
      return [eventOf('customer.updated', object, askedAt - 1)];
    case 'invoices':
      return [eventOf('invoice.payment_succeeded', object, askedAt - 1)];
    case 'refunds':
      return refundEvents(object, askedAt, settings);
    case 'disputes':
      return [eventOf('charge.dispute.updated', object, askedAt - 1)];
    case 'charges':
      return chargeEvents(object, askedAt, settings);
  }
}

export interface SnapshotEvent {
  readonly id: string;
  readonly object: 'event';
  readonly type: string;
  readonly created: number;
  readonly livemode: boolean;
  readonly data: { readonly object: StripeSnapshot };
}

function eventOf(type: string, object: StripeSnapshot, created: number): SnapshotEvent {
  const livemode = object.livemode === true;
  return { id: `snapshot_${object.id}_${created + 1}`, object: 'event', type, created, livemode, data: { object } };
}

function chargeEvents(charge: StripeSnapshot, askedAt: number, settings: Settings): SnapshotEvent[] {
  if (settings.transactionSource === 'charge') return [eventOf('charge.updated', charge, askedAt - 1)];
  if (Number(charge.amount_refunded) > 0) return [eventOf('charge.refunded', charge, askedAt - 1)];
  return charge.status === 'failed' ? [eventOf('charge.failed', charge, askedAt - 1)] : [];
}

/**
 * A refund does not say when it failed, and the rules ask whether the charge's newest snapshot still includes it. So a snapshot
 * of the charge follows that is one second newer, and no longer includes it.
 */
function refundEvents(refund: StripeSnapshot, askedAt: number, settings: Settings): SnapshotEvent[] {
  // Its own events follow, and the snapshot of its charge would count it twice until they do.
  if (Number(refund.created) >= askedAt) return [];
  const charge = refund.charge as StripeSnapshot | string | null;
  if (charge === null || typeof charge === 'string') return [eventOf('refund.updated', refund, askedAt - 2)];
  const livemode = charge.livemode;
  const event = eventOf('refund.updated', { ...refund, charge: charge.id, livemode }, askedAt - 2);
  if (refund.status !== 'failed' && refund.status !== 'canceled') return [event];
  const type = settings.transactionSource === 'charge' ? 'charge.updated' : 'charge.refunded';
  return [event, eventOf(type, charge, askedAt - 1)];
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

type Page = Stripe.PaginationParams & { readonly created: Stripe.RangeQueryParam };

const LISTS: Readonly<Record<SnapshotKind, (stripe: Stripe, page: Page) => Promise<unknown>>> = {
  customers: (stripe, page) => stripe.customers.list(page),
  invoices: (stripe, page) => stripe.invoices.list({ ...page, status: 'paid', expand: ['data.payments'] }),
  refunds: (stripe, page) => stripe.refunds.list({ ...page, expand: ['data.charge'] }),
  disputes: (stripe, page) => stripe.disputes.list(page),
  charges: (stripe, page) => stripe.charges.list(page),
};

async function listPage(stripe: Stripe, kind: SnapshotKind, page: Page) {
  return (await LISTS[kind](stripe, page)) as { readonly data: StripeSnapshot[]; readonly has_more: boolean };
}
