// Invoices: what `invoice.payment_succeeded`, `invoice.paid` and `invoice_payment.paid` say in `invoice` mode.

import type { Change, Decision, Entity, Evidence, PaidInvoice } from './change.js';
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
  sourceOf,
  stampOf,
} from './event.js';
import { entityText } from './join.js';
import { type Keys, readKeys } from './metadata.js';
import { relate } from './relate.js';

/** `invoice.payment_succeeded` and `invoice.paid`: "record the transaction, unless `amount_paid` is 0". */
export function decideInvoicePaid(event: StripeEvent): Decision {
  const invoice = expectObject(event, 'invoice');
  const objectId = requiredId(invoice, 'id');
  if (event.type === 'invoice.paid' && invoice.paid_out_of_band === true)
    return { objectId, changes: [], ignored: 'paid_out_of_band', metadataIssues: [] };
  const keys = readKeys(invoice.metadata, ...subscriptionMetadata(invoice));
  const about = { objectId, metadataIssues: keys.issues };
  const payments = paymentsOf(invoice);
  if (amountPaid(invoice) === 0)
    return { ...about, changes: claim(event, objectId, payments), ignored: 'nothing_paid' };
  const changes: Change[] = claim(event, objectId, payments, { paid: paidInvoice(event, invoice, keys) });
  return { ...about, changes: [...changes, ...namedCustomer(keys, stampOf(event))] };
}

/** `invoice_payment.paid`: "link a payment to its invoice (the only source of this link since API 2025-03-31)". */
export function decideInvoicePaymentPaid(event: StripeEvent): Decision {
  const invoicePayment = expectObject(event, 'invoice_payment');
  const objectId = requiredId(invoicePayment, 'id');
  const invoiceId = referencedId(invoicePayment.invoice, 'invoice');
  if (invoiceId === undefined) throw new EventNotUnderstoodError('invoice', 'an ID or an expanded object');
  const payments = paymentReferences(invoicePayment.payment);
  const about = { objectId, changes: claim(event, invoiceId, payments), metadataIssues: [] };
  // A payment made outside Stripe (`payment.type: payment_record`) has no charge that could be refunded.
  return payments.length === 0 ? { ...about, ignored: 'no_payment_named' } : about;
}

/** What an event says about which payments paid the invoice. It may name none: then it replaces a rendering that did. */
function claim(event: StripeEvent, invoiceId: string, payments: readonly Entity[], evidence: Evidence = {}): Change[] {
  const claims = [{ ...stampOf(event), payments }];
  return relate({ type: 'invoice', id: invoiceId }, { ...evidence, claims }, payments);
}

/** "a key missing there is read from the subscription's metadata on the invoice": where it is since 2025-03-31, then where it was. */
function subscriptionMetadata(invoice: StripeObject): unknown[] {
  const parent = isObject(invoice.parent) ? invoice.parent.subscription_details : undefined;
  return [parent, invoice.subscription_details].map((details) => (isObject(details) ? details.metadata : undefined));
}

/** In minor units. Invoices before API 2018 have no `amount_paid`; a `paid` one was paid what was due. */
function amountPaid(invoice: StripeObject): number {
  const amount = optionalAmount(invoice, 'amount_paid');
  if (amount === undefined && invoice.paid === true) return requiredAmount(invoice, 'amount_due');
  return amount ?? requiredAmount(invoice, 'amount_paid');
}

/** "Links come from `invoice.charge`, `invoice.payment_intent`, `invoice.payments.data[].payment` and `invoice_payment.paid`." */
function paymentsOf(invoice: StripeObject): Entity[] {
  const list = isObject(invoice.payments) && Array.isArray(invoice.payments.data) ? invoice.payments.data : [];
  const all = [
    ...paymentReferences({ charge: invoice.charge, payment_intent: invoice.payment_intent }),
    ...list.flatMap((each) => (isObject(each) ? paymentReferences(each.payment) : [])),
  ];
  return [...new Map(all.map((payment) => [entityText(payment), payment])).values()];
}

function paymentReferences(payment: unknown): Entity[] {
  if (!isObject(payment)) return [];
  return (['payment_intent', 'charge'] as const).flatMap((type) => {
    const id = referencedId(payment[type], type);
    return id === undefined ? [] : [{ type, id }];
  });
}

function paidInvoice(event: StripeEvent, invoice: StripeObject, keys: Keys): PaidInvoice {
  return defined({
    ...sourceOf(event),
    amount: amountPaid(invoice),
    currency: optionalString(invoice.currency),
    // Called `date` until API 2019-03-14.
    created: optionalTime(invoice.created) ?? optionalTime(invoice.date),
    stripe_customer_id: referencedId(invoice.customer, 'customer'),
    customer_key: keys.customer_key,
    product_key: keys.product_key,
    invoice_id: requiredId(invoice, 'id'),
    livemode: livemodeOf(event),
    tax_basis: taxBasis(invoice),
  });
}

/** "`total_excluding_tax` (if absent: T − `tax`, or T − the sum of `total_tax_amounts`)"; undefined if the tax is unknown. */
function taxBasis(invoice: StripeObject): PaidInvoice['tax_basis'] {
  const total = optionalAmount(invoice, 'total');
  if (total === undefined) return undefined;
  const excluding = optionalAmount(invoice, 'total_excluding_tax');
  if (excluding !== undefined) return { total, excluding_tax: excluding };
  const tax = optionalAmount(invoice, 'tax') ?? sumOfTaxes(invoice.total_tax_amounts);
  return tax === undefined ? undefined : { total, excluding_tax: total - tax };
}

function sumOfTaxes(taxes: unknown): number | undefined {
  if (!Array.isArray(taxes)) return undefined;
  return taxes.reduce((sum: number, tax) => sum + (isObject(tax) ? requiredAmount(tax, 'amount') : 0), 0);
}
