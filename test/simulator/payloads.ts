// Objects of Stripe's API, as far as the rules read them, in the shape of any version of that API.

import type { Random } from './random.js';

export type Payload = Record<string, unknown>;
/** An object as one version of Stripe's API renders it. */
export type Rendered = (apiVersion: string) => Payload;

/** The IDs and keys that a history is about. */
export interface Ids {
  readonly renderings: boolean;
  readonly customers: readonly string[];
  readonly keys: readonly string[];
  readonly charges: readonly string[];
  readonly invoices: readonly string[];
  /** How often a charge or an invoice has its own key, and a customer a partner. */
  readonly ownKeys: number;
  readonly partners: number;
  /** Of nearly all payments. */
  readonly currency: string;
}

export const START = 1_750_000_000;

export function customer(random: Random, ids: Ids, metadata: Payload): Rendered {
  const object = {
    id: random.pick(ids.customers),
    object: 'customer',
    name: random.pick(['Ann', 'Bob', null]),
    email: random.pick(['a@example.com', null]),
    livemode: random.pick([false, false, true, undefined]),
    metadata,
  };
  // Two renderings of one customer differ in what is left out.
  return (version) => (version < '2020' ? { ...object, email: null } : object);
}

/** Of the payments in one history, a few are in another currency than the rest. */
function currencyOf(random: Random, ids: Ids): string {
  return random.chance(0.1) ? random.pick(['usd', 'eur', 'gbp']) : ids.currency;
}

/** Mostly one second, so that an older time of a newer snapshot is noticed. */
function createdAt(random: Random): number {
  return random.pick([START, START, START - 100]);
}

/** Captured, `amount_captured` and `amount_refunded`. */
function moneyOf(random: Random, state: string, amount: number): [boolean, number, number] {
  switch (state) {
    case 'uncaptured':
    case 'failed':
      return [false, 0, 0];
    case 'canceled':
      return [false, 0, amount];
    case 'partly captured':
      return [true, 1500, amount - 1500];
    case 'partly refunded':
      return [true, amount, random.pick([500, 700])];
    case 'refunded':
      return [true, amount, amount];
    case 'partly captured and refunded':
      return [true, 1500, amount - 1500 + 400];
    default:
      return [true, amount, 0];
  }
}

/** @param state one that `moneyOf` knows, or `pending`, or `silent`: it does not say how much is refunded */
export function charge(random: Random, ids: Ids, state: string, { invoice, ...fields }: Payload): Rendered {
  const amount = random.pick([2000, 3000]);
  const [captured, amount_captured, amount_refunded] = moneyOf(random, state, amount);
  const status = state === 'failed' || state === 'pending' ? state : 'succeeded';
  const created = createdAt(random);
  const currency = currencyOf(random, ids);
  const livemode = random.pick([false, false, true, undefined]);
  return (version) => ({
    ...fields,
    object: 'charge',
    amount,
    ...(version >= '2020' ? { amount_captured } : {}),
    ...(state === 'silent' ? {} : { amount_refunded }),
    captured,
    created,
    currency,
    livemode,
    paid: status === 'succeeded',
    refunded: amount_refunded === amount,
    ...(version < '2015' ? {} : { status }),
    ...(version < '2025' ? { invoice } : {}),
  });
}

const REFUND_TYPES = ['refund.created', 'refund.created', 'refund.updated', 'refund.failed', 'charge.refund.updated'];
const REFUND_STATUSES = ['succeeded', 'succeeded', 'pending', 'requires_action', 'failed', 'canceled'];
const DISPUTE_TYPES = ['created', 'updated', 'closed', 'funds_withdrawn', 'funds_reinstated'];
/** A dispute that was lost, then appealed: every status that this can pass through. */
const APPEAL_STATUSES = ['lost', 'appeal_needs_response', 'appeal_under_review', 'won'];
export const DISPUTE_STATUSES = [
  ...APPEAL_STATUSES,
  'lost',
  'needs_response',
  'under_review',
  'prevented',
  'warning_needs_response',
  'warning_under_review',
  'warning_closed',
];

/**
 * An event about one refund or one dispute of a charge.
 *
 * @param appeals how often it is about a dispute that is appealed
 */
export function reversalEvent(
  random: Random,
  ids: Ids,
  [chargeId, intent]: readonly [string, string],
  appeals: number,
): { type: string; object: Rendered } {
  const isAppeal = random.chance(appeals);
  const common = {
    charge: random.chance(0.95) ? chargeId : null,
    payment_intent: random.chance(0.8) ? intent : null,
    livemode: false,
  };
  if (!isAppeal && random.chance(0.6)) {
    const refund: Payload = {
      ...common,
      id: random.pick(['re_1', 're_1', 're_2']),
      object: 'refund',
      amount: random.pick([400, 500, 2000]),
      created: random.pick([START, START + 1, START + 2, undefined]),
      currency: currencyOf(random, ids),
      status: random.pick(REFUND_STATUSES),
    };
    return { type: random.pick(REFUND_TYPES), object: () => refund };
  }
  const dispute: Payload = {
    ...common,
    id: random.pick(['du_1', 'du_1', 'du_2']),
    object: 'dispute',
    amount: random.pick([300, 2000]),
    currency: random.pick([ids.currency, currencyOf(random, ids), 'gbp']),
    status: random.pick(isAppeal ? APPEAL_STATUSES : DISPUTE_STATUSES),
  };
  return { type: `charge.dispute.${random.pick(DISPUTE_TYPES)}`, object: () => dispute };
}

/** What an invoice says about its tax. */
const TAXES: readonly Payload[] = [
  { total: 6000, total_excluding_tax: 5000, tax: 1000 },
  { total: 6000, tax: 999 },
  { total: 3000, total_tax_amounts: [{ amount: 301 }, { amount: 200 }] },
  { total: 0, total_excluding_tax: 0 },
  {},
];

/** @param keys metadata of the invoice and of its subscription */
export function invoice(
  random: Random,
  ids: Ids,
  intent: string,
  chargeId: string,
  [metadata, subscription]: readonly [Payload, Payload],
): Rendered {
  const created = createdAt(random);
  const amount = random.pick([0, 2000, 3000, 3000, 5000, 5000]);
  const common = {
    ...random.pick(TAXES),
    id: random.pick(ids.invoices),
    object: 'invoice',
    currency: currencyOf(random, ids),
    customer: random.chance(0.95) ? random.pick(ids.customers) : null,
    livemode: random.pick([false, false, true, undefined]),
    paid_out_of_band: random.chance(0.1),
    metadata,
  };
  const named = {
    charge: random.chance(0.4) ? chargeId : null,
    payment_intent: random.chance(0.5) ? intent : null,
  };
  const payments = [1, 2, 3]
    .filter(() => random.chance(0.2))
    .map((number) => ({
      object: 'invoice_payment',
      payment: { type: 'payment_intent', payment_intent: `pi_${number}` },
    }));
  return (version) => ({
    ...common,
    ...(version < '2015' ? { date: created, amount_due: amount, paid: true } : { created, amount_paid: amount }),
    ...(version < '2025'
      ? { ...named, subscription_details: { metadata: subscription } }
      : {
          parent: { type: 'subscription_details', subscription_details: { metadata: subscription } },
          payments: { object: 'list', data: payments },
        }),
  });
}
