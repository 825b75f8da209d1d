// One object from Stripe and what belongs to it, as snapshots: a customer's payments, a charge's customer, refunds, disputes and
// invoice, an invoice's customer and charges.

import type { Stripe } from 'stripe';
import type { Settings } from '../contract/settings.js';
import { withRateLimitRetry } from '../functions/stripe/client.js';
import { OperatorError } from './errors.js';
import { type SnapshotEvent, type SnapshotKind, type StripeSnapshot, snapshotEvents } from './snapshots.js';

export interface Found {
  readonly kind: SnapshotKind;
  readonly object: StripeSnapshot;
}

/**
 * @param id of a customer, a charge or an invoice
 * @returns the snapshots' events, customers first
 * @throws {OperatorError} if Stripe has no such object, or no rule reads objects of this kind
 */
export async function resyncEvents(
  stripe: Stripe,
  id: string,
  settings: Settings,
  now: () => number = Date.now,
): Promise<SnapshotEvent[]> {
  const askedAt = Math.floor(now() / 1000);
  const found = await withRateLimitRetry(() => objectsOf(stripe, id, settings)).catch((error) => {
    if (error.statusCode !== 404) throw error;
    throw new OperatorError(
      `Stripe has no object ${id}: check the ID, and whether the API key is of the right account and mode`,
    );
  });
  const events = found.flatMap(({ kind, object }) => snapshotEvents(kind, object, askedAt, settings));
  // A charge can be found by its customer, its invoice and its refund.
  return [...new Map(events.map((event) => [event.id, event])).values()];
}

async function objectsOf(stripe: Stripe, id: string, settings: Settings): Promise<Found[]> {
  if (/^cus_/.test(id)) return customerAndPayments(stripe, id, settings);
  if (/^(ch|py)_/.test(id)) return chargeAndOthers(stripe, id, settings);
  if (/^in_/.test(id)) {
    if (settings.transactionSource === 'invoice') return invoiceAndOthers(stripe, id, settings);
    throw new OperatorError('transactionSource is charge: resync the charge (ch_…) or the customer (cus_…) instead', 2);
  }
  throw new OperatorError(
    `${id} cannot be resynced; use the ID of a customer (cus_…), charge (ch_…) or invoice (in_…)`,
    2,
  );
}

async function customerAndPayments(stripe: Stripe, id: string, settings: Settings): Promise<Found[]> {
  const customers = await customerOf(stripe, id);
  if (customers.length === 0) throw new OperatorError(`${id} was deleted in Stripe`);
  const charges: Found[] = [];
  for await (const charge of stripe.charges.list({ customer: id, limit: 100 })) {
    charges.push(...(await chargeParts(stripe, charge, settings)));
  }
  if (settings.transactionSource === 'charge') return [...customers, ...charges];
  const list = stripe.invoices.list({ customer: id, status: 'paid', limit: 100, expand: ['data.payments'] });
  return [...customers, ...(await all('invoices', list)), ...charges];
}

async function chargeAndOthers(stripe: Stripe, id: string, settings: Settings): Promise<Found[]> {
  const charge = await stripe.charges.retrieve(id);
  if (settings.transactionSource === 'invoice') {
    const invoiceId = await invoiceOf(stripe, charge);
    if (invoiceId) return invoiceAndOthers(stripe, invoiceId, settings);
  }
  return [...(await customerOf(stripe, idOf(charge.customer))), ...(await chargeParts(stripe, charge, settings))];
}

async function invoiceAndOthers(stripe: Stripe, id: string, settings: Settings): Promise<Found[]> {
  const invoice = await stripe.invoices.retrieve(id, { expand: ['payments'] });
  if (invoice.status !== 'paid') throw new OperatorError(`${id} is ${invoice.status}: only paid invoices are recorded`);
  const customers = await customerOf(stripe, idOf(invoice.customer));
  return [...customers, found('invoices', invoice), ...(await invoiceParts(stripe, invoice, settings))];
}

/** The charges of an invoice that has its payments expanded, with what belongs to them. */
export async function invoiceParts(
  stripe: Stripe,
  invoice: Pick<Stripe.Invoice, 'payments'>,
  settings: Settings,
): Promise<Found[]> {
  const parts: Found[] = [];
  for (const { payment } of invoice.payments?.data ?? []) {
    const [chargeId, intentId] = [idOf(payment.charge), idOf(payment.payment_intent)];
    if (chargeId) parts.push(...(await chargeParts(stripe, await stripe.charges.retrieve(chargeId), settings)));
    if (!intentId) continue;
    for await (const charge of stripe.charges.list({ payment_intent: intentId, limit: 100 })) {
      parts.push(...(await chargeParts(stripe, charge, settings)));
    }
  }
  return parts;
}

/** A charge with its refunds, which show if one was undone, and its disputes. The charge comes last: it is the newest. */
export async function chargeParts(stripe: Stripe, charge: Stripe.Charge, settings: Settings): Promise<Found[]> {
  const parts: Found[] = [];
  const refunds = stripe.refunds.list({ charge: charge.id, limit: 100, expand: ['data.charge'] });
  for await (const refund of refunds) parts.push(found('refunds', refund));
  if (charge.disputed && settings.disputes !== 'ignore') {
    for await (const dispute of stripe.disputes.list({ charge: charge.id, limit: 100 })) {
      parts.push(found('disputes', dispute));
    }
  }
  return [...parts, found('charges', charge)];
}

/** The invoice that a charge paid. Since API 2025-03-31 only the payment of the invoice says so. */
async function invoiceOf(stripe: Stripe, charge: Stripe.Charge): Promise<string | undefined> {
  const intent = idOf(charge.payment_intent);
  if (intent === undefined) return undefined;
  const payments = await stripe.invoicePayments.list({
    payment: { type: 'payment_intent', payment_intent: intent },
    limit: 1,
  });
  return idOf(payments.data[0]?.invoice);
}

async function customerOf(stripe: Stripe, id: string | undefined): Promise<Found[]> {
  if (id === undefined) return [];
  const customer = await stripe.customers.retrieve(id);
  return customer.deleted ? [] : [found('customers', customer)];
}

async function all(kind: SnapshotKind, list: AsyncIterable<{ id: string }>): Promise<Found[]> {
  const objects: Found[] = [];
  for await (const object of list) objects.push(found(kind, object));
  return objects;
}

function found(kind: SnapshotKind, object: object): Found {
  return { kind, object: object as StripeSnapshot };
}

/** The ID in a field that is an ID or, expanded, an object. */
function idOf(field: string | { readonly id?: string } | null | undefined): string | undefined {
  return (typeof field === 'string' ? field : field?.id) || undefined;
}
