// The register of event types: which of them a deployment wants, and which rule decides each.

import type { Livemode, Settings } from '../../contract/settings.js';
import type { Decision } from './change.js';
import { decideCharge } from './charge.js';
import { decideCustomer, decideErasure, ERASE_EVENT_TYPE } from './customer.js';
import { requiredId, type StripeEvent } from './event.js';
import { decideInvoicePaid, decideInvoicePaymentPaid } from './invoice.js';
import { decideInvoiceFailure, decideInvoiceRefund } from './invoice-charge.js';
import { decideDispute, decideRefund } from './reversal-events.js';

type Rule = (event: StripeEvent, settings: Settings) => Decision;
type Rules = Readonly<Record<string, Rule>>;

/** The settings that decide which event types are wanted. */
type TypeSettings = Pick<Settings, 'transactionSource' | 'disputes'>;

const CUSTOMERS: Rules = {
  'customer.created': decideCustomer,
  'customer.updated': decideCustomer,
  'customer.deleted': decideCustomer,
};
const REFUNDS: Rules = {
  'refund.created': decideRefund,
  'refund.updated': decideRefund,
  'refund.failed': decideRefund,
  'charge.refund.updated': decideRefund,
};
const DISPUTES: Rules = {
  'charge.dispute.created': decideDispute,
  'charge.dispute.updated': decideDispute,
  'charge.dispute.closed': decideDispute,
  'charge.dispute.funds_withdrawn': decideDispute,
  'charge.dispute.funds_reinstated': decideDispute,
};
const RULES: Readonly<Record<Settings['transactionSource'], Rules>> = {
  charge: {
    ...CUSTOMERS,
    'charge.succeeded': decideCharge,
    'charge.captured': decideCharge,
    'charge.updated': decideCharge,
    'charge.refunded': decideCharge,
    'charge.failed': decideCharge,
    'charge.expired': decideCharge,
    ...REFUNDS,
    ...DISPUTES,
  },
  invoice: {
    ...CUSTOMERS,
    'charge.refunded': decideInvoiceRefund,
    'charge.failed': decideInvoiceFailure,
    'invoice.payment_succeeded': decideInvoicePaid,
    'invoice.paid': decideInvoicePaid,
    'invoice_payment.paid': decideInvoicePaymentPaid,
    ...REFUNDS,
    ...DISPUTES,
  },
};

/** Stripe sends this one in addition to `refund.updated`, which says the same. It is understood if an endpoint subscribes to it. */
const NOT_SUBSCRIBED = 'charge.refund.updated';

/** The event types that a webhook endpoint subscribes to. */
export function subscribedTypes(settings: TypeSettings): string[] {
  return Object.keys(RULES[settings.transactionSource]).filter(
    (type) => type !== NOT_SUBSCRIBED && isWantedType(type, settings),
  );
}

export function isWantedType(type: string, { transactionSource, disputes }: TypeSettings): boolean {
  if (disputes === 'ignore' && Object.hasOwn(DISPUTES, type)) return false;
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
  if (event.type === ERASE_EVENT_TYPE) return decideErasure(event);
  if (!isWantedMode(event, settings.livemode)) return ignored(event, 'livemode_mismatch');
  if (!isWantedType(event.type, settings)) return ignored(event, 'unsupported_type');
  return RULES[settings.transactionSource][event.type]!(event, settings);
}

function ignored(event: StripeEvent, reason: 'unsupported_type' | 'livemode_mismatch'): Decision {
  const objectId = typeof event.data.object.id === 'string' ? requiredId(event.data.object, 'id') : '';
  return { objectId, changes: [], ignored: reason, metadataIssues: [] };
}
