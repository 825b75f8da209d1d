// Small events for tests that need just what a rule reads.

import type { Event } from './history.js';

export const NOON = 1_750_000_000;

let count = 0;

/** An event of this type about this object; `at` in seconds after noon. */
export function event(type: string, object: Record<string, unknown>, at = 0, id = `evt_${++count}`): Event {
  return { id, type, created: NOON + at, livemode: false, data: { object } };
}

export function charge(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'ch_1',
    object: 'charge',
    amount: 2000,
    amount_captured: 2000,
    amount_refunded: 0,
    captured: true,
    created: NOON,
    currency: 'usd',
    customer: 'cus_a',
    livemode: false,
    metadata: {},
    paid: true,
    payment_intent: 'pi_1',
    refunded: false,
    status: 'succeeded',
    ...fields,
  };
}

export function customer(customerKey?: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'cus_a',
    object: 'customer',
    email: 'a@example.com',
    livemode: false,
    metadata: customerKey === undefined ? {} : { customer_key: customerKey },
    name: 'Ann',
    ...fields,
  };
}

/** A paid invoice, in the shape before API 2025-03-31. */
export function invoice(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'in_1',
    object: 'invoice',
    amount_paid: 5000,
    charge: 'ch_1',
    created: NOON,
    currency: 'usd',
    customer: 'cus_a',
    livemode: false,
    metadata: {},
    payment_intent: 'pi_1',
    ...fields,
  };
}

export function invoicePayment(invoiceId: string, paymentIntent: string): Record<string, unknown> {
  return {
    id: `inpay_${invoiceId}_${paymentIntent}`,
    object: 'invoice_payment',
    invoice: invoiceId,
    livemode: false,
    payment: { type: 'payment_intent', payment_intent: paymentIntent },
  };
}

/** A refund of all of `charge()`. */
export function refund(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 're_1',
    object: 'refund',
    amount: 2000,
    charge: 'ch_1',
    created: NOON,
    currency: 'usd',
    payment_intent: 'pi_1',
    status: 'succeeded',
    ...fields,
  };
}

/** A lost dispute about all of `charge()`. */
export function dispute(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'dp_1',
    object: 'dispute',
    amount: 2000,
    charge: 'ch_1',
    created: NOON,
    currency: 'usd',
    livemode: false,
    payment_intent: 'pi_1',
    status: 'lost',
    ...fields,
  };
}

/** The notification that Stripe sends in place of an event, to a destination whose payload style is thin. */
export function thinEvent(of: Event, fields: Record<string, unknown> = {}): Record<string, unknown> {
  const { id, object } = of.data.object as { readonly id: string; readonly object: string };
  return {
    id: `evt_thin_${of.id}`,
    object: 'v2.core.event',
    type: `v1.${of.type}`,
    livemode: of.livemode,
    created: new Date(of.created * 1000).toISOString(),
    related_object: { id, type: object, url: `/v1/${object}s/${id}` },
    snapshot_event: of.id,
    ...fields,
  };
}
