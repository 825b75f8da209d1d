// The events that the testing suite sends: small ones as Stripe writes them, about one customer and one payment. Sent from first
// to last they tell one story; each carries the metadata of the snapshots before it, as Stripe's do.

import { sampleCharge, sampleCustomer, sampleEvent, sampleInvoice } from '../../cli/sample-events.js';
import type { Settings } from '../../contract/settings.js';

export interface Scenario {
  readonly title: string;
  /** What the person who sends it should see. */
  readonly expectation: string;
  readonly event: object;
  /** Sign with a secret that is not the stack's. */
  readonly forged?: true;
}

/**
 * @param run makes the IDs unique, such as `a1b2c3`
 * @param now Unix seconds
 */
export function scenarios(run: string, now: number, settings: Settings): Scenario[] {
  const samples = createSamples(run, now, settings.livemode === 'live');
  const payments = settings.transactionSource === 'invoice' ? invoicePayments(samples) : chargePayments(samples);
  return [
    {
      title: 'Customer',
      expectation: `Creates the customer ${samples.customerKey}, referred by ada.`,
      event: samples.event('customer', 'customer.created', 0, samples.customer('Acme Inc.')),
    },
    ...payments,
    ...refunds(samples, settings),
    ...disputes(samples, settings),
    ...deliveries(samples),
  ];
}

type Samples = ReturnType<typeof createSamples>;
type Fields = Readonly<Record<string, unknown>>;

function createSamples(run: string, now: number, livemode: boolean) {
  const customerKey = `acme_${run}`;
  const payment = (name: string) => ({
    customer: `cus_${run}`,
    created: now,
    payment_intent: `pi_${name}_${run}`,
    metadata: { product_key: 'gold' },
  });
  return {
    run,
    customerKey,
    paidAt: now,
    event: (name: string, type: string, at: number, object: Parameters<typeof sampleEvent>[3]) =>
      sampleEvent(`evt_${name}_${run}`, type, now + at, object),
    customer: (name: string) =>
      sampleCustomer(
        { id: `cus_${run}`, livemode },
        {
          metadata: { customer_key: customerKey, partner_key: 'ada' },
          name,
          email: `billing@${customerKey}.example`,
        },
      ),
    charge: (name: string, fields: Fields = {}) =>
      sampleCharge({ id: `ch_${name}_${run}`, livemode }, { amount: 2000, ...payment(name), ...fields }),
    /** A refund or a dispute of the payment that the other samples call `paid`. */
    reversal: (object: 'refund' | 'dispute', fields: Fields) => ({
      id: `${object === 'refund' ? 're' : 'du'}_${run}`,
      object,
      amount: 2000,
      charge: `ch_paid_${run}`,
      created: now + 70,
      livemode,
      metadata: {},
      payment_intent: `pi_paid_${run}`,
      ...fields,
    }),
    invoice: (name: string, fields: Fields = {}) =>
      sampleInvoice({ id: `in_${name}_${run}`, livemode }, { amount_paid: 2000, ...payment(name), ...fields }),
  };
}

function chargePayments({ run, customerKey, event, charge, invoice }: Samples): Scenario[] {
  return [
    {
      title: 'Charge',
      expectation: `Records 20.00 USD for ${customerKey}, as soon as the customer exists.`,
      event: event('paid', 'charge.succeeded', 10, charge('paid')),
    },
    {
      title: 'Charge before its customer',
      expectation: 'Records the payment without a customer. A later customer event credits it.',
      event: event('early', 'charge.succeeded', 10, charge('early', { customer: `cus_early_${run}` })),
    },
    {
      title: 'Partial capture',
      expectation: 'Records 12.00 USD: only this part of the authorized 20.00 USD was captured.',
      event: event(
        'captured',
        'charge.captured',
        20,
        charge('captured', { amount_captured: 1200, amount_refunded: 800 }),
      ),
    },
    {
      title: 'Failed payment',
      expectation: 'A failed charge is stored as deleted and never counts.',
      event: event('failed', 'charge.failed', 20, charge('failed', { paid: false, captured: false, status: 'failed' })),
    },
    {
      title: 'Invoice',
      expectation: 'Accepted and not used: this stack takes transactions from charges.',
      event: event('invoice', 'invoice.payment_succeeded', 20, invoice('paid')),
    },
  ];
}

function invoicePayments({ run, customerKey, event, charge, invoice }: Samples): Scenario[] {
  return [
    {
      title: 'Invoice',
      expectation: `Records 20.00 USD for ${customerKey}, as soon as the customer exists.`,
      event: event('paid', 'invoice.payment_succeeded', 10, invoice('paid')),
    },
    {
      title: 'Invoice before its customer',
      expectation: 'Records the payment without a customer. A later customer event credits it.',
      event: event('early', 'invoice.payment_succeeded', 10, invoice('early', { customer: `cus_early_${run}` })),
    },
    {
      title: 'Failed payment',
      expectation: 'Stored, but it changes no invoice: a failed charge deletes only the invoice that this charge paid.',
      event: event('failed', 'charge.failed', 20, charge('failed', { paid: false, captured: false, status: 'failed' })),
    },
    {
      title: 'Charge',
      expectation: 'Accepted and not used: this stack takes transactions from invoices.',
      event: event('charge', 'charge.succeeded', 20, charge('paid')),
    },
  ];
}

function refunds({ run, paidAt, event, charge, reversal }: Samples, settings: Settings): Scenario[] {
  const invoice = settings.transactionSource === 'invoice' ? `in_paid_${run}` : null;
  return [
    {
      title: 'Partial refund',
      expectation:
        settings.partialRefund === 'delete'
          ? 'Deletes the transaction: under the setting partialRefund: delete, any refund does.'
          : 'Lowers the net amount to 15.00 USD. The transaction stays.',
      event: event('partial', 'charge.refunded', 30, charge('paid', { amount_refunded: 500, invoice })),
    },
    {
      title: 'Refund',
      expectation: 'Deletes the transaction: all of it was refunded.',
      event: event('refund', 'charge.refunded', 40, charge('paid', { amount_refunded: 2000, refunded: true, invoice })),
    },
    {
      title: 'Refund fails',
      expectation: 'After “Refund”: the money did not reach the customer’s bank. The transaction counts again.',
      event: event(
        'refund_failed',
        'refund.failed',
        60,
        reversal('refund', { status: 'failed', created: paidAt + 40, failure_reason: 'expired_or_canceled_card' }),
      ),
    },
  ];
}

function disputes({ event, reversal }: Samples, settings: Settings): Scenario[] {
  const expectation = {
    ignore: {
      opened: 'Accepted and not used: this stack ignores disputes.',
      lost: 'Accepted and not used: this stack ignores disputes.',
      won: 'Accepted and not used: this stack ignores disputes.',
    },
    lost: {
      opened: 'Changes no row: a dispute counts only once it is lost.',
      lost: 'Deletes the transaction: the customer’s bank has taken the money back.',
      won: 'After “Dispute lost”: an appeal succeeded. The transaction counts again.',
    },
    open: {
      opened: 'Deletes the transaction: Stripe holds the money during the dispute.',
      lost: 'The transaction stays deleted: the customer’s bank keeps the money.',
      won: 'The transaction counts again: Stripe returns the money.',
    },
  }[settings.disputes];
  const dispute = (status: string) => reversal('dispute', { currency: 'usd', reason: 'fraudulent', status });
  return [
    {
      title: 'Dispute opened',
      expectation: expectation.opened,
      event: event('dispute_opened', 'charge.dispute.created', 70, dispute('needs_response')),
    },
    {
      title: 'Dispute lost',
      expectation: expectation.lost,
      event: event('dispute_lost', 'charge.dispute.closed', 80, dispute('lost')),
    },
    {
      title: 'Dispute won',
      expectation: expectation.won,
      event: event('dispute_won', 'charge.dispute.closed', 90, dispute('won')),
    },
  ];
}

function deliveries({ event, charge, customer }: Samples): Scenario[] {
  return [
    {
      title: 'Duplicate',
      expectation: 'Sends the event “Customer” again. Nothing changes.',
      event: event('customer', 'customer.created', 0, customer('Acme Inc.')),
    },
    {
      title: 'Customer renamed',
      expectation: 'Changes the customer’s name.',
      event: event('renamed', 'customer.updated', 50, customer('Acme International')),
    },
    {
      title: 'Out of order',
      expectation: 'After “Customer renamed”: an older update arrives late. The newer name stays.',
      event: event('older', 'customer.updated', 45, customer('Acme (old name)')),
    },
    {
      title: 'Forged',
      expectation: 'Rejected with 400: the signature was made with a wrong secret.',
      event: event('forged', 'charge.succeeded', 10, charge('forged', { amount: 1_000_000 })),
      forged: true,
    },
  ];
}
