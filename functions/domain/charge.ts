// Charges: what a charge event records or deletes in `charge` mode, and what it says of an invoice in `invoice` mode.

import type { Settings } from '../../contract/settings.js';
import type {
  ChargeFailure,
  ChargeRefund,
  Decision,
  DeletedReason,
  DeletedTransaction,
  DeletingEvent,
  RecordedTransaction,
} from './change.js';
import { namedCustomer } from './customer.js';
import {
  defined,
  expectObject,
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

/** A tombstone outlives any delivery of an older event by far: Stripe retries for 3 days and lists events for 30. */
const TOMBSTONE_SECONDS = 90 * 24 * 60 * 60;

/** Decides a charge event in `charge` mode. */
export function decideCharge(event: StripeEvent, settings: Settings): Decision {
  const charge = expectObject(event, 'charge');
  const objectId = requiredId(charge, 'id');
  const keys = readKeys(charge.metadata);
  const reason = deletedReason(event, charge, settings);
  if (reason) {
    const row = deletedTransaction(event, charge, reason);
    return {
      objectId,
      changes: [{ kind: 'delete', row }, ...namedCustomer(keys, row.version)],
      oddities: keys.oddities,
    };
  }
  if (!hasSucceeded(charge)) return { objectId, changes: [], ignored: 'not_yet_paid', oddities: keys.oddities };
  const row = recordedTransaction(event, charge, keys);
  return { objectId, changes: [{ kind: 'record', row }, ...namedCustomer(keys, row.version)], oddities: keys.oddities };
}

/**
 * "It is deleted by the events above, and by any snapshot that shows it: `status: failed`, `refunded: true`, or, under
 * `delete`, a part truly refunded (told only where `amount_captured` is a number)."
 */
function deletedReason(event: StripeEvent, charge: StripeObject, settings: Settings): DeletedReason | undefined {
  if (charge.status === 'failed' || event.type === 'charge.failed') return 'failed';
  if (event.type === 'charge.expired') return 'expired';
  if (charge.refunded === true) return 'refunded';
  if (settings.partialRefund === 'net') return undefined;
  const told = event.type === 'charge.refunded' || optionalAmount(charge, 'amount_captured') !== undefined;
  return told && isTrulyRefunded(event, charge) ? 'refunded' : undefined;
}

/** `paid` stood where there was no `status`, and was the word for it until API 2015-02-18 (Stripe's changelog of that day). */
function hasSucceeded(charge: StripeObject): boolean {
  if (typeof charge.status === 'string') return charge.status === 'succeeded' || charge.status === 'paid';
  return charge.paid === true;
}

/** A refund event that does not say how much is taken at its word: something was refunded. */
function isTrulyRefunded(event: StripeEvent, charge: StripeObject): boolean {
  const saysNothing = optionalAmount(charge, 'amount_refunded') === undefined;
  return trulyRefunded(charge) > 0 || (saysNothing && event.type === 'charge.refunded');
}

/**
 * What was truly refunded, in minor units. Stripe counts the part of an authorisation that a partial capture releases into
 * `amount_refunded`; that part never was money. Payloads without `amount_captured` cannot tell the two apart: the net amount
 * is the same either way.
 */
function trulyRefunded(charge: StripeObject): number {
  const refunded = optionalAmount(charge, 'amount_refunded') ?? 0;
  const captured = optionalAmount(charge, 'amount_captured');
  if (captured === undefined) return refunded;
  const released = Math.max(0, requiredAmount(charge, 'amount') - captured);
  return Math.max(0, refunded - released);
}

/** "`amount` (captured amount, or the authorised one while uncaptured)", in minor units. */
function transactionAmount(charge: StripeObject): number {
  const authorised = requiredAmount(charge, 'amount');
  if (charge.captured === false) return authorised;
  return optionalAmount(charge, 'amount_captured') ?? authorised;
}

function recordedTransaction(event: StripeEvent, charge: StripeObject, keys: Keys): RecordedTransaction {
  const amount = transactionAmount(charge);
  const amountRefunded = trulyRefunded(charge);
  return defined({
    transaction_id: requiredId(charge, 'id'),
    status: 'recorded' as const,
    source: 'charge' as const,
    amount,
    amount_refunded: amountRefunded,
    amount_net: amount - amountRefunded,
    currency: optionalString(charge.currency),
    captured: typeof charge.captured === 'boolean' ? charge.captured : undefined,
    created: optionalTime(charge.created),
    stripe_customer_id: referencedId(charge.customer, 'customer'),
    customer_key: keys.customer_key,
    customer_key_source: keys.customer_key === undefined ? undefined : ('own' as const),
    product_key: keys.product_key,
    payment_intent_id: referencedId(charge.payment_intent, 'payment_intent'),
    invoice_id: referencedId(charge.invoice, 'invoice'),
    livemode: livemodeOf(event),
    event_id: event.id,
    event_type: event.type,
    version: versionOf(event),
  });
}

function deletedTransaction(event: StripeEvent, charge: StripeObject, reason: DeletedReason): DeletedTransaction {
  return defined({
    transaction_id: requiredId(charge, 'id'),
    status: 'deleted' as const,
    source: 'charge' as const,
    amount: transactionAmount(charge),
    currency: optionalString(charge.currency),
    created: optionalTime(charge.created),
    livemode: livemodeOf(event),
    ...deletingEvent(event, reason),
  });
}

function deletingEvent(event: StripeEvent, reason: DeletedReason): DeletingEvent {
  return {
    event_id: event.id,
    event_type: event.type,
    version: versionOf(event),
    deleted_reason: reason,
    expires_at: event.created + TOMBSTONE_SECONDS,
  };
}

/**
 * Decides `charge.refunded` in `invoice` mode: what it says of its invoice's refunds. The metadata of charges is not read in
 * this mode.
 */
export function decideInvoiceRefund(event: StripeEvent): Decision {
  const charge = expectObject(event, 'charge');
  const objectId = requiredId(charge, 'id');
  const amount = requiredAmount(charge, 'amount');
  const saysNothing = optionalAmount(charge, 'amount_refunded') === undefined;
  const refund: ChargeRefund = defined({
    charge_id: objectId,
    payment_intent_id: referencedId(charge.payment_intent, 'payment_intent'),
    invoice_id: referencedId(charge.invoice, 'invoice'),
    amount_refunded: saysNothing ? amount : trulyRefunded(charge),
    ...deletingEvent(event, charge.status === 'failed' ? 'failed' : 'refunded'),
  });
  return { objectId, changes: [{ kind: 'charge-refunded', ...refund }], oddities: [] };
}

/** Decides `charge.failed` in `invoice` mode: it deletes "only if this very charge paid" the invoice. */
export function decideInvoiceFailure(event: StripeEvent): Decision {
  const objectId = requiredId(expectObject(event, 'charge'), 'id');
  const failure: ChargeFailure = { charge_id: objectId, ...deletingEvent(event, 'failed') };
  return { objectId, changes: [{ kind: 'charge-failed', ...failure }], oddities: [] };
}
