// The register of event types: which are wanted in which mode, and which rule decides each.

import type { Livemode, Settings, TransactionSource } from '../../contract/settings.js';
import type { Decision } from './change.js';
import { decideCharge, decideInvoiceFailure, decideInvoiceRefund } from './charge.js';
import { decideCustomer } from './customer.js';
import { requiredId, type StripeEvent } from './event.js';
import { decideInvoicePaid, decideInvoicePaymentPaid } from './invoice.js';

type Rule = (event: StripeEvent, settings: Settings) => Decision;

const RULES: Readonly<Record<TransactionSource, Readonly<Record<string, Rule>>>> = {
  charge: {
    'customer.created': decideCustomer,
    'customer.updated': decideCustomer,
    'charge.succeeded': decideCharge,
    'charge.captured': decideCharge,
    'charge.updated': decideCharge,
    'charge.refunded': decideCharge,
    'charge.failed': decideCharge,
    'charge.expired': decideCharge,
  },
  invoice: {
    'customer.created': decideCustomer,
    'customer.updated': decideCustomer,
    'charge.refunded': decideInvoiceRefund,
    'charge.failed': decideInvoiceFailure,
    'invoice.payment_succeeded': decideInvoicePaid,
    'invoice_payment.paid': decideInvoicePaymentPaid,
  },
};

/** The event types to tick in Stripe for a deployment. */
export function wantedTypes(transactionSource: TransactionSource): string[] {
  return Object.keys(RULES[transactionSource]);
}

export function isWantedType(type: string, transactionSource: TransactionSource): boolean {
  return Object.hasOwn(RULES[transactionSource], type);
}

export function isWantedMode(event: { readonly livemode?: unknown }, livemode: Livemode): boolean {
  return livemode === 'both' || (livemode === 'live') === (event.livemode === true);
}

/**
 * What an event changes. Pure: the same event and settings always decide the same.
 *
 * @throws {EventNotUnderstoodError} for an event of a wanted type whose object no rule can read
 */
export function decide(event: StripeEvent, settings: Settings): Decision {
  const ignored = (reason: 'unsupported_type' | 'livemode_mismatch'): Decision => ({
    objectId: typeof event.data.object.id === 'string' ? requiredId(event.data.object, 'id') : '',
    changes: [],
    ignored: reason,
    oddities: [],
  });
  if (!isWantedMode(event, settings.livemode)) return ignored('livemode_mismatch');
  if (!isWantedType(event.type, settings.transactionSource)) return ignored('unsupported_type');
  return RULES[settings.transactionSource][event.type]!(event, settings);
}
