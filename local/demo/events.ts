// The events of the demo, as Stripe would send them under the stack's settings: a payment is a charge, or a paid invoice.

import { type SampleEvent, sampleCharge, sampleCustomer, sampleEvent, sampleInvoice } from '../../cli/sample-events.js';
import type { Settings } from '../../contract/settings.js';

type Fields = Readonly<Record<string, unknown>>;

export interface CustomerOptions {
  readonly type?: 'customer.created' | 'customer.updated';
  /** The customer's name in Stripe. */
  readonly displayName?: string;
  readonly secondsAgo?: number;
}

/** A customer of the demo is known by a name, and so is the one payment that it makes. */
export interface EventMaker {
  /** The IDs of a customer and a transaction in this run: another run has others. */
  readonly stripeCustomer: (name: string) => string;
  readonly transaction: (name: string) => string;
  customer(name: string, metadata: Fields, options?: CustomerOptions): SampleEvent;
  /** @param fields of the payment; `customer: null` for one without a Stripe customer */
  paid(name: string, amount: number, fields?: Fields): SampleEvent;
  declined(name: string, amount: number): SampleEvent;
  /** The whole payment is refunded, as the charge shows it. */
  refunded(name: string, amount: number): SampleEvent;
  /** One refund of the whole payment. */
  refund(name: string, amount: number, type: 'refund.created' | 'refund.failed'): SampleEvent;
  /** A dispute over the whole payment. */
  dispute(name: string, amount: number, status: 'needs_response' | 'lost'): SampleEvent;
}

/** @param run distinguishes the IDs of one run from those of another */
export function eventMaker({ transactionSource, livemode: mode }: Settings, run: string): EventMaker {
  const livemode = mode === 'live';
  const id = (prefix: string, name: string | number) => `${prefix}_demo_${run}_${name}`;
  const stripeCustomer = (name: string) => id('cus', name);
  let count = 0;
  const now = () => Math.floor(Date.now() / 1000);
  const event = (type: string, object: Fields, secondsAgo = 0) =>
    sampleEvent(id('evt', ++count), type, now() - secondsAgo, { ...object, livemode });
  const charge = (name: string, amount: number, fields: Fields) =>
    sampleCharge(
      { id: id('ch', name), livemode },
      { amount, created: now(), customer: stripeCustomer(name), payment_intent: id('pi', name), ...fields },
    );
  const invoice = (name: string, amount: number, fields: Fields) =>
    sampleInvoice(
      { id: id('in', name), livemode },
      {
        amount_paid: amount,
        total: amount,
        total_excluding_tax: amount,
        created: now(),
        customer: stripeCustomer(name),
        payments: { data: [{ payment: { type: 'payment_intent', payment_intent: id('pi', name) } }] },
        ...fields,
      },
    );
  const ofCharge = (prefix: string, object: string, name: string, amount: number, status: string) => ({
    id: id(prefix, name),
    object,
    amount,
    charge: id('ch', name),
    created: now(),
    currency: 'usd',
    payment_intent: id('pi', name),
    status,
  });
  return {
    stripeCustomer,
    transaction: (name) => id(transactionSource === 'charge' ? 'ch' : 'in', name),
    customer: (name, metadata, { type = 'customer.created', displayName = name, secondsAgo = 0 } = {}) =>
      event(
        type,
        sampleCustomer(
          { id: stripeCustomer(name), livemode },
          { name: displayName, email: `${name}@example.com`, metadata },
        ),
        secondsAgo,
      ),
    paid: (name, amount, fields = {}) =>
      transactionSource === 'charge'
        ? event('charge.succeeded', charge(name, amount, fields))
        : event('invoice.payment_succeeded', invoice(name, amount, fields)),
    declined: (name, amount) =>
      event(
        'charge.failed',
        charge(name, amount, { status: 'failed', paid: false, captured: false, amount_captured: 0 }),
      ),
    refunded: (name, amount) =>
      event('charge.refunded', charge(name, amount, { amount_refunded: amount, refunded: true })),
    refund: (name, amount, type) =>
      event(type, ofCharge('re', 'refund', name, amount, type === 'refund.failed' ? 'failed' : 'succeeded')),
    dispute: (name, amount, status) =>
      event(
        status === 'lost' ? 'charge.dispute.closed' : 'charge.dispute.created',
        ofCharge('du', 'dispute', name, amount, status),
      ),
  };
}
