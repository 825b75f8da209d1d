// Invoices: what `invoice.payment_succeeded` and `invoice_payment.paid` say in `invoice` mode.

import type { Change, Decision, PaymentReference, RecordedTransaction } from './change.js';
import { namedCustomer } from './customer.js';
import {
  defined,
  EventNotUnderstoodError,
  expectObject,
  isObject,
  livemodeOf,
  optionalAmount,
  optionalString,
  optionalTime,
  referencedId,
  requiredAmount,
  requiredId,
  type StripeEvent,
  type StripeObject,
  versionOf,
} from './event.js';
import { type Keys, readKeys } from './metadata.js';

/** `invoice.payment_succeeded`: "record the transaction, unless `amount_paid` is 0". */
export function decideInvoicePaid(event: StripeEvent): Decision {
  const invoice = expectObject(event, 'invoice');
  const objectId = requiredId(invoice, 'id');
  const keys = readKeys(invoice.metadata, ...subscriptionMetadata(invoice));
  const version = versionOf(event);
  const payments: Change[] = paymentsOf(invoice).map((payment) => ({
    kind: 'invoice-payment',
    invoice_id: objectId,
    version,
    payment,
  }));
  if (amountPaid(invoice) === 0) {
    return { objectId, changes: payments, ignored: 'nothing_paid', oddities: keys.oddities };
  }
  const row = recordedTransaction(event, invoice, keys);
  return {
    objectId,
    changes: [
      { kind: 'invoice-paid', invoice_id: objectId, version, row },
      ...payments,
      ...namedCustomer(keys, version),
    ],
    oddities: keys.oddities,
  };
}

/** `invoice_payment.paid`: "link payment to invoice (API 2025-03-31 and later say it nowhere else)". */
export function decideInvoicePaymentPaid(event: StripeEvent): Decision {
  const invoicePayment = expectObject(event, 'invoice_payment');
  const objectId = requiredId(invoicePayment, 'id');
  const invoiceId = referencedId(invoicePayment.invoice, 'invoice');
  if (invoiceId === undefined) throw new EventNotUnderstoodError('invoice', 'an id or an expanded object');
  const changes: Change[] = paymentReferences(invoicePayment.payment).map((payment) => ({
    kind: 'invoice-payment',
    invoice_id: invoiceId,
    version: versionOf(event),
    payment,
  }));
  // A payment made outside Stripe (`payment.type: payment_record`) has no charge that could be refunded.
  return { objectId, changes, ...(changes.length === 0 ? { ignored: 'not_by_id' as const } : {}), oddities: [] };
}

/** "Where it lacks a key, the subscription's copy on the invoice is read", at its place since 2025-03-31, then before. */
function subscriptionMetadata(invoice: StripeObject): unknown[] {
  const parent = isObject(invoice.parent) ? invoice.parent.subscription_details : undefined;
  return [parent, invoice.subscription_details].map((details) => (isObject(details) ? details.metadata : undefined));
}

/** In minor units. Invoices of the API before 2018 have no `amount_paid`: one that is `paid` was paid what was due. */
function amountPaid(invoice: StripeObject): number {
  const amount = optionalAmount(invoice, 'amount_paid');
  if (amount === undefined && invoice.paid === true) return requiredAmount(invoice, 'amount_due');
  return amount ?? requiredAmount(invoice, 'amount_paid');
}

/** "Links come from `invoice.charge`, `invoice.payment_intent`, `invoice.payments.data[].payment` and `invoice_payment.paid`." */
function paymentsOf(invoice: StripeObject): PaymentReference[] {
  const list = isObject(invoice.payments) && Array.isArray(invoice.payments.data) ? invoice.payments.data : [];
  const all = [
    ...paymentReferences({ charge: invoice.charge, payment_intent: invoice.payment_intent }),
    ...list.flatMap((each) => (isObject(each) ? paymentReferences(each.payment) : [])),
  ];
  return [...new Map(all.map((payment) => [`${payment.type} ${payment.id}`, payment])).values()];
}

function paymentReferences(payment: unknown): PaymentReference[] {
  if (!isObject(payment)) return [];
  return (['payment_intent', 'charge'] as const).flatMap((type) => {
    const id = referencedId(payment[type], type);
    return id === undefined ? [] : [{ type, id }];
  });
}

/** As it stands before its refunds and its linked customer are known: `invoice-row.ts` and the store add those. */
function recordedTransaction(event: StripeEvent, invoice: StripeObject, keys: Keys): RecordedTransaction {
  const amount = amountPaid(invoice);
  return defined({
    transaction_id: requiredId(invoice, 'id'),
    status: 'recorded' as const,
    source: 'invoice' as const,
    amount,
    amount_refunded: 0,
    amount_net: amount,
    currency: optionalString(invoice.currency),
    // Called `date` until API 2019-03-14.
    created: optionalTime(invoice.created) ?? optionalTime(invoice.date),
    stripe_customer_id: referencedId(invoice.customer, 'customer'),
    customer_key: keys.customer_key,
    customer_key_source: keys.customer_key === undefined ? undefined : ('own' as const),
    product_key: keys.product_key,
    invoice_id: requiredId(invoice, 'id'),
    livemode: livemodeOf(event),
    event_id: event.id,
    event_type: event.type,
    version: versionOf(event),
  });
}
