// The races that matter: what was there before, and what several workers process at the same time.

import { DEFAULT_SETTINGS } from '../../../contract/settings.js';
import type { Scenario } from '../schedules/workers.js';
import { charge, customer, dispute, event, invoice, invoicePayment, refund } from './events.js';

const base = {
  settings: DEFAULT_SETTINGS,
  before: [],
} as const;
const invoices = {
  ...base,
  settings: { ...base.settings, transactionSource: 'invoice', partialRefund: 'net' },
} as const;

const refunded = (fields: Record<string, unknown>) =>
  charge({ amount: 3000, amount_captured: 3000, amount_refunded: 3000, refunded: true, ...fields });
const modern = { charge: null, payment_intent: null };

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'a charge against its customer': {
    ...base,
    workers: [[event('charge.succeeded', charge())], [event('customer.created', customer('acme'))]],
  },
  'a charge against a moving link': {
    ...base,
    before: [event('customer.created', customer('acme'))],
    workers: [[event('charge.succeeded', charge(), 1)], [event('customer.updated', customer('beta'), 2)]],
  },
  'an update of a linked charge against a moving link': {
    ...base,
    before: [event('customer.created', customer('acme')), event('charge.succeeded', charge())],
    workers: [[event('charge.updated', charge(), 1)], [event('customer.updated', customer('beta'), 2)]],
  },
  'two moves of a link': {
    ...base,
    before: [event('customer.created', customer('acme')), event('charge.succeeded', charge())],
    workers: [[event('customer.updated', customer('beta'), 1)], [event('customer.updated', customer('gamma'), 2)]],
  },
  'a move there and back': {
    ...base,
    before: [event('customer.created', customer('acme')), event('charge.succeeded', charge())],
    workers: [[event('customer.updated', customer('beta'), 1)], [event('customer.updated', customer('acme'), 2)]],
  },
  'an own key gained against a link': {
    ...base,
    before: [event('charge.succeeded', charge())],
    workers: [
      [event('charge.updated', charge({ metadata: { customer_key: 'own' } }), 1)],
      [event('customer.created', customer('acme'), 2)],
    ],
  },
  'an own key lost against a link': {
    ...base,
    before: [event('charge.succeeded', charge({ metadata: { customer_key: 'own' } }))],
    workers: [[event('charge.updated', charge(), 1)], [event('customer.created', customer('acme'), 2)]],
  },
  'a record against a deletion': {
    ...base,
    workers: [
      [event('charge.succeeded', charge())],
      [event('charge.refunded', charge({ amount_refunded: 2000, refunded: true }), 1)],
    ],
  },
  'two snapshots of one charge': {
    ...base,
    before: [event('customer.created', customer('acme'))],
    workers: [
      [event('charge.succeeded', charge())],
      [event('charge.updated', charge({ metadata: { product_key: 'gold' } }), 1)],
    ],
  },
  'a duplicate against itself': (() => {
    const twice = event(
      'customer.updated',
      customer('beta', { metadata: { customer_key: 'beta', partner_key: 'p1' } }),
      1,
    );
    return {
      ...base,
      before: [event('customer.created', customer('acme')), event('charge.succeeded', charge())],
      workers: [[twice], [twice]],
    };
  })(),
  'two claims of who referred a customer': {
    ...base,
    workers: [
      [event('customer.created', customer('acme', { metadata: { customer_key: 'acme', partner_key: 'p1' } }))],
      [event('customer.updated', customer('acme', { metadata: { customer_key: 'acme', partner_key: 'p2' } }), 1)],
    ],
  },
  'two Stripe customers that swap their keys': {
    ...base,
    before: [
      event('customer.created', customer('acme')),
      event('customer.created', customer('beta', { id: 'cus_b' })),
      event('charge.succeeded', charge()),
      event('charge.succeeded', charge({ id: 'ch_2', customer: 'cus_b' })),
    ],
    workers: [
      [event('customer.updated', customer('beta'), 1)],
      [event('customer.updated', customer('acme', { id: 'cus_b' }), 1)],
    ],
  },
  'a refund against the link to its invoice': {
    ...invoices,
    before: [event('invoice.payment_succeeded', invoice({ ...modern, amount_paid: 3000 }))],
    workers: [
      [event('charge.refunded', refunded({ amount_refunded: 1000, refunded: false }), 1)],
      [event('invoice_payment.paid', invoicePayment('in_1', 'pi_1'))],
    ],
  },
  'a refund against its invoice': {
    ...invoices,
    workers: [
      [event('charge.refunded', refunded({ amount_refunded: 1000, refunded: false }), 1)],
      [event('invoice.payment_succeeded', invoice({ amount_paid: 3000 }))],
    ],
  },
  'two refunds of one invoice': {
    ...invoices,
    before: [
      event('invoice.payment_succeeded', invoice(modern)),
      event('invoice_payment.paid', invoicePayment('in_1', 'pi_1')),
      event('invoice_payment.paid', invoicePayment('in_1', 'pi_2')),
    ],
    workers: [
      [event('charge.refunded', refunded({ id: 'ch_1' }), 1)],
      [
        event(
          'charge.refunded',
          refunded({ id: 'ch_2', payment_intent: 'pi_2', amount: 2000, amount_captured: 2000, amount_refunded: 2000 }),
          2,
        ),
      ],
    ],
  },
  'a failure against the invoice that its charge paid': {
    ...invoices,
    workers: [
      [event('charge.failed', charge({ status: 'failed' }), 1)],
      [event('invoice.payment_succeeded', invoice())],
    ],
  },
  'an invoice against a moving link': {
    ...invoices,
    before: [event('customer.created', customer('acme'))],
    workers: [
      [event('invoice.payment_succeeded', invoice(modern), 1)],
      [event('customer.updated', customer('beta'), 2)],
    ],
  },
  'three workers: a charge and two moves of its customer': {
    ...base,
    workers: [
      [event('charge.succeeded', charge())],
      [event('customer.created', customer('acme'), 1)],
      [event('customer.updated', customer('beta'), 2)],
    ],
  },
  'three workers: a charge, its update and its customer': {
    ...base,
    workers: [
      [event('charge.succeeded', charge())],
      [event('charge.updated', charge({ metadata: { product_key: 'gold' } }), 1)],
      [event('customer.created', customer('acme'), 2)],
    ],
  },
  'three workers: an invoice, its payment and a refund': {
    ...invoices,
    workers: [
      [event('invoice.payment_succeeded', invoice(modern))],
      [event('invoice_payment.paid', invoicePayment('in_1', 'pi_1'))],
      [event('charge.refunded', refunded({}), 1)],
    ],
  },
  'workers with several events each': {
    ...base,
    workers: [
      [event('charge.succeeded', charge()), event('customer.created', customer('acme'))],
      [event('customer.updated', customer('beta'), 1), event('charge.updated', charge(), 2)],
    ],
  },
  'a moving link of a Stripe customer with two charges': {
    ...base,
    before: [
      event('customer.created', customer('acme')),
      event('charge.succeeded', charge()),
      event('charge.succeeded', charge({ id: 'ch_2' })),
    ],
    workers: [[event('customer.updated', customer('beta'), 1)], [event('charge.updated', charge({ id: 'ch_2' }), 2)]],
  },
  'a charge that goes to another Stripe customer against a moving link': {
    ...base,
    before: [event('customer.created', customer('acme')), event('charge.succeeded', charge())],
    workers: [
      [event('charge.updated', charge({ customer: 'cus_b' }), 1)],
      [event('customer.updated', customer('beta'), 2)],
    ],
  },
  'three claims of who referred a customer': {
    ...base,
    workers: ['p1', 'p2', 'p3'].map((partner, i) => [
      event('customer.updated', customer('acme', { metadata: { customer_key: 'acme', partner_key: partner } }), i),
    ]),
  },
  'a refund against its charge': {
    ...base,
    workers: [[event('refund.created', refund(), 1)], [event('charge.succeeded', charge())]],
  },
  'a refund that fails against the charge that shows it': {
    ...base,
    before: [event('charge.succeeded', charge()), event('refund.created', refund(), 1)],
    workers: [
      [event('refund.failed', refund({ status: 'failed' }), 3)],
      [event('charge.refunded', charge({ amount_refunded: 500 }), 2)],
    ],
  },
  'a dispute against a refund': {
    ...base,
    settings: { ...base.settings, partialRefund: 'net' },
    before: [event('charge.succeeded', charge())],
    workers: [[event('charge.dispute.closed', dispute({ status: 'lost' }), 2)], [event('refund.created', refund(), 1)]],
  },
  'a refund against a moving link': {
    ...base,
    before: [event('customer.created', customer('acme')), event('charge.succeeded', charge())],
    workers: [[event('refund.created', refund(), 1)], [event('customer.updated', customer('beta'), 2)]],
  },
  'a lost dispute against a moving link': {
    ...base,
    before: [event('customer.created', customer('acme')), event('charge.succeeded', charge())],
    workers: [
      [event('charge.dispute.closed', dispute({ status: 'lost' }), 1)],
      [event('customer.updated', customer('beta'), 2)],
    ],
  },
  'a dispute against the link to its invoice': {
    ...invoices,
    before: [event('invoice.payment_succeeded', invoice(modern))],
    workers: [
      [event('charge.dispute.closed', dispute({ status: 'lost' }), 1)],
      [event('invoice_payment.paid', invoicePayment('in_1', 'pi_1'))],
    ],
  },
  'two invoices that claim one payment': {
    ...invoices,
    before: [event('charge.refunded', refunded({}), 1)],
    workers: [
      [event('invoice.payment_succeeded', invoice({ charge: null }))],
      [event('invoice.payment_succeeded', invoice({ id: 'in_2', charge: null }), 2)],
    ],
  },
  'a refund against its invoice, where any refund deletes': {
    ...invoices,
    settings: { ...invoices.settings, partialRefund: 'delete' },
    workers: [
      [event('charge.refunded', refunded({ amount_refunded: 1000, refunded: false }), 1)],
      [event('invoice.payment_succeeded', invoice({ amount_paid: 3000 }))],
    ],
  },
};
