// The events that the testing suite sends: small ones as Stripe writes them, about one customer and one payment of their own.

import { sampleCharge, sampleCustomer, sampleEvent, sampleInvoice } from '../cli/sample-events.js';
import type { Settings } from '../contract/settings.js';

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** What should be seen. */
  readonly expectation: string;
  readonly event: object;
  /** Signed with a secret that is not the stack's. */
  readonly forged?: true;
}

/** @param run a name for the objects, such as `a1b2c3`; @param now Unix seconds */
export function scenarios(run: string, now: number, settings: Settings): Scenario[] {
  const livemode = settings.livemode === 'live';
  const invoices = settings.transactionSource === 'invoice';
  const key = `acme_${run}`;
  const event = (name: string, type: string, at: number, object: Parameters<typeof sampleEvent>[3]) =>
    sampleEvent(`evt_${name}_${run}`, type, now + at, object);
  const customer = (id: string, customerKey: string, name: string) =>
    sampleCustomer(
      { id, livemode },
      { metadata: { customer_key: customerKey, partner_key: 'ada' }, name, email: `billing@${customerKey}.example` },
    );
  const paidBy = (id: string) => ({ customer: id, created: now });
  const charge = (name: string, fields: object = {}) =>
    sampleCharge(
      { id: `ch_${name}_${run}`, livemode },
      { amount: 2000, ...paidBy(`cus_${run}`), payment_intent: `pi_${name}_${run}`, ...fields },
    );
  const invoice = (name: string, fields: object = {}) =>
    sampleInvoice(
      { id: `in_${name}_${run}`, livemode },
      { amount_paid: 2000, ...paidBy(`cus_${run}`), payment_intent: `pi_${name}_${run}`, ...fields },
    );
  /** A payment in the mode of the stack. */
  const payment = (name: string, fields: object = {}) =>
    invoices
      ? event(name, 'invoice.payment_succeeded', 10, invoice(name, fields))
      : event(name, 'charge.succeeded', 10, charge(name, { metadata: { product_key: 'gold' }, ...fields }));
  const created = event('customer', 'customer.created', 5, customer(`cus_${run}`, key, 'Acme Inc.'));
  return [
    {
      id: 'customer',
      title: 'Customer',
      expectation: `A row for ${key}, referred by ada.`,
      event: created,
    },
    {
      id: 'charge',
      title: invoices ? 'Payment' : 'Charge',
      expectation: `20.00 USD under ${key}, once its customer is there.`,
      event: payment('paid'),
    },
    {
      id: 'charge-before-customer',
      title: 'Charge before its customer',
      expectation: 'Recorded, and waiting: no customer is known for it. Nothing is lost.',
      event: payment('early', paidBy(`cus_early_${run}`)),
    },
    {
      id: 'partial-capture',
      title: 'Partial capture',
      expectation: invoices
        ? 'Answered and not wanted: in invoice mode, what an invoice says was paid counts.'
        : '12.00 of 20.00 USD were captured: the net amount follows.',
      event: event('captured', 'charge.captured', 20, charge('paid', { amount_captured: 1200, amount_refunded: 800 })),
    },
    {
      id: 'refund',
      title: 'Refund',
      expectation: invoices
        ? 'The payment of the invoice is taken away again.'
        : 'The charge is taken away again, and its id remembered.',
      event: event('refund', 'charge.refunded', 30, charge('paid', { amount_refunded: 2000, refunded: true })),
    },
    {
      id: 'failed',
      title: 'Failed payment',
      expectation: 'Nothing is owed for it.',
      event: event('failed', 'charge.failed', 40, charge('failed', { paid: false, captured: false, status: 'failed' })),
    },
    {
      id: 'invoice',
      title: 'Invoice',
      expectation: invoices
        ? '45.00 USD under the customer, from the invoice.'
        : 'Answered and not wanted: in charge mode, charges count.',
      event: event('invoice', 'invoice.payment_succeeded', 15, invoice('second', { amount_paid: 4500 })),
    },
    {
      id: 'forged',
      title: 'Forged',
      expectation: 'Refused with 400: the signature is not of the stack’s secret.',
      event: event('forged', 'charge.succeeded', 10, charge('forged', { amount: 1_000_000 })),
      forged: true,
    },
    {
      id: 'duplicate',
      title: 'Duplicate',
      expectation: 'The same event as “Customer”, once more: nothing new.',
      event: created,
    },
    {
      id: 'out-of-order',
      title: 'Out of order',
      expectation: 'An older update of the customer: the newer name stands.',
      // Who referred is for the earliest to say: this one leaves it out, so that there is nothing new in it.
      event: event('older', 'customer.updated', 0, {
        ...customer(`cus_${run}`, key, 'Acme (old name)'),
        metadata: { customer_key: key },
      }),
    },
  ];
}
