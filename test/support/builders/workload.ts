// A seeded history of a business: customers, charges and what becomes of them, with bodies of about the size of Stripe's.

import type { Event } from './history.js';

export interface WorkloadOptions {
  readonly seed: number;
  readonly customers: number;
  /** Share of events that are delivered twice. */
  readonly duplicates?: number;
  /** How far from true order events are delivered, in seconds. */
  readonly disorder?: number;
}

/** A random source that gives the same numbers for the same seed, from 0 to below 1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const START = 1_750_000_000;

/**
 * 40 % of the customers carry a `customer_key` (half from the start, half by a later update), each has 0 to 8 charges; 80 % of
 * the charges are updated within two seconds, 5 % fail, 3 % are captured later, 4 % are refunded and 2 % in part.
 *
 * @returns the events in the order of their delivery
 */
export function workload({ seed, customers, duplicates = 0.02, disorder = 5 }: WorkloadOptions): Event[] {
  const random = seeded(seed);
  const chance = (share: number) => random() < share;
  const between = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  const events: { event: Event; at: number }[] = [];
  const add = (type: string, object: Record<string, unknown>, at: number) => {
    const id = `evt_${seed}_${String(events.length).padStart(7, '0')}`;
    events.push({ event: stripeEvent(id, type, object, Math.floor(at)), at });
  };
  for (let i = 0; i < customers; i++) {
    const id = `cus_${seed}_${i}`;
    const born = START + between(0, customers);
    const keyed = chance(0.4);
    const fromStart = chance(0.5);
    const metadata = { customer_key: `customer-${seed}-${i}`, partner_key: `partner-${i % 7}` };
    add('customer.created', stripeCustomer(id, keyed && fromStart ? metadata : {}), born);
    if (keyed && !fromStart) add('customer.updated', stripeCustomer(id, metadata), born + between(1, 300));
    const charges = between(0, 8);
    for (let n = 0; n < charges; n++) addCharge(`ch_${seed}_${i}_${n}`, id, born + between(0, 600));
  }
  return shuffled();

  function addCharge(id: string, customer: string, at: number) {
    const amount = between(5, 300) * 100;
    const charge = (fields: Record<string, unknown>) => stripeCharge(id, customer, amount, fields);
    if (chance(0.05))
      return add('charge.failed', charge({ status: 'failed', paid: false, captured: false, amount_captured: 0 }), at);
    if (chance(0.03)) {
      const captured = chance(0.5) ? amount : Math.floor(amount / 2);
      add('charge.succeeded', charge({ captured: false, amount_captured: 0 }), at);
      return add(
        'charge.captured',
        charge({ amount_captured: captured, amount_refunded: amount - captured }),
        at + between(1, 60),
      );
    }
    add('charge.succeeded', charge({}), at);
    if (chance(0.8))
      add('charge.updated', charge({ receipt_url: 'https://pay.stripe.com/receipts/1' }), at + random() * 2);
    if (chance(0.04)) add('charge.refunded', charge({ amount_refunded: amount, refunded: true }), at + between(5, 400));
    else if (chance(0.02))
      add('charge.refunded', charge({ amount_refunded: Math.floor(amount / 4) }), at + between(5, 400));
  }

  function shuffled(): Event[] {
    const deliveries = events.flatMap(({ event, at }) => {
      const times = chance(duplicates) ? 2 : 1;
      return Array.from({ length: times }, () => ({ event, at: at + random() * disorder }));
    });
    return deliveries.sort((a, b) => a.at - b.at).map(({ event }) => event);
  }
}

/**
 * The same business with invoices: each charge of `workload` that succeeded paid one, in the shape before API 2025-03-31 or
 * after it; refunds and failures as they were.
 *
 * @returns the events in the order of their delivery, none twice
 */
export function invoiceWorkload({ seed, customers }: Pick<WorkloadOptions, 'seed' | 'customers'>): Event[] {
  const random = seeded(seed + 1);
  return workload({ seed, customers, duplicates: 0 }).flatMap((event): Event[] => {
    const { object } = event.data;
    if (!event.type.startsWith('charge.')) return [event];
    if (event.type === 'charge.refunded' || event.type === 'charge.failed') return [event];
    if (event.type !== 'charge.succeeded') return [];
    const id = String(object.id).replace('ch_', 'in_');
    const modern = random() < 0.5;
    const payment = { type: 'payment_intent', payment_intent: object.payment_intent };
    const invoice = {
      id,
      object: 'invoice',
      amount_paid: object.amount,
      created: object.created,
      currency: object.currency,
      customer: object.customer,
      livemode: false,
      metadata: {},
      status: 'paid',
      ...(modern ? { parent: null } : { charge: object.id, payment_intent: object.payment_intent }),
    };
    const paid = { ...event, id: `${event.id}_i`, type: 'invoice.payment_succeeded', data: { object: invoice } };
    const linked = {
      id: `inpay_${id}`,
      object: 'invoice_payment',
      invoice: id,
      livemode: false,
      payment,
      status: 'paid',
    };
    return modern
      ? [paid, { ...event, id: `${event.id}_p`, type: 'invoice_payment.paid', data: { object: linked } }]
      : [paid];
  });
}

/** Any order at all. */
export function shuffle<T>(items: readonly T[], random: () => number): T[] {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}

function stripeEvent(id: string, type: string, object: Record<string, unknown>, created: number): Event {
  return {
    id,
    object: 'event',
    api_version: '2024-06-20',
    created,
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
  } as Event;
}

function stripeCustomer(id: string, metadata: Record<string, string>): Record<string, unknown> {
  return {
    id,
    object: 'customer',
    address: ADDRESS,
    balance: 0,
    created: START,
    currency: 'usd',
    default_source: null,
    delinquent: false,
    description: null,
    email: `${id}@example.com`,
    invoice_prefix: 'ABCDEF12',
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata,
    name: `Name of ${id}`,
    phone: null,
    preferred_locales: ['en-CA'],
    shipping: null,
    tax_exempt: 'none',
  };
}

const ADDRESS = {
  city: 'Toronto',
  country: 'CA',
  line1: '1 King St W',
  line2: null,
  postal_code: 'M5H 1A1',
  state: 'ON',
};

function stripeCharge(
  id: string,
  customer: string,
  amount: number,
  fields: Record<string, unknown>,
): Record<string, unknown> {
  return {
    id,
    object: 'charge',
    amount,
    amount_captured: amount,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: `txn_${id}`,
    billing_details: billingDetails(`${customer}@example.com`),
    calculated_statement_descriptor: 'EXAMPLE.COM',
    captured: true,
    created: START,
    currency: 'usd',
    customer,
    description: 'Subscription update',
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: { product_key: 'gold' },
    on_behalf_of: null,
    outcome: AUTHORIZED,
    paid: true,
    payment_intent: `pi_${id}`,
    payment_method: `pm_${id}`,
    payment_method_details: { card: visa(amount), type: 'card' },
    radar_options: {},
    receipt_email: `${customer}@example.com`,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'succeeded',
    transfer_data: null,
    transfer_group: null,
    ...fields,
  };
}

function billingDetails(email: string): Record<string, unknown> {
  return { address: ADDRESS, email, name: 'Jenny Rosen', phone: null, tax_id: null };
}

/** Stripe's `outcome` of a payment that the network has approved. */
const AUTHORIZED = {
  advice_code: null,
  network_advice_code: null,
  network_decline_code: null,
  network_status: 'approved_by_network',
  reason: null,
  risk_level: 'normal',
  risk_score: 12,
  seller_message: 'Payment complete.',
  type: 'authorized',
};

/** The details of a payment by card. */
function visa(amount: number): Record<string, unknown> {
  return {
    amount_authorized: amount,
    authorization_code: null,
    brand: 'visa',
    checks: { address_line1_check: 'pass', address_postal_code_check: 'pass', cvc_check: 'pass' },
    country: 'US',
    exp_month: 8,
    exp_year: 2029,
    extended_authorization: { status: 'disabled' },
    fingerprint: 'Xt5EWLLDS7FJjR1c',
    funding: 'credit',
    incremental_authorization: { status: 'unavailable' },
    installments: null,
    last4: '4242',
    mandate: null,
    multicapture: { status: 'unavailable' },
    network: 'visa',
    network_token: { used: false },
    network_transaction_id: '112023112023112',
    overcapture: { maximum_amount_capturable: amount, status: 'unavailable' },
    regulated_status: 'unregulated',
    three_d_secure: null,
    wallet: null,
  };
}
