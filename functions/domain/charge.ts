// Charges in `charge` mode: what a charge event says about its transaction.

import type { ChargeChange, ChargeSnapshot, Decision, Evidence, Payment, ShownRefund } from './change.js';
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
  sourceOf,
  stampOf,
} from './event.js';
import { type Keys, readKeys } from './metadata.js';

/** Decides a charge event in `charge` mode. */
export function decideCharge(event: StripeEvent): Decision {
  const charge = expectObject(event, 'charge');
  const objectId = requiredId(charge, 'id');
  const keys = readKeys(charge.metadata);
  const about = { objectId, metadataIssues: keys.issues };
  const refund = refundsShown(event, charge);
  const failure = failureOf(event, charge);
  if (!failure && !hasSucceeded(charge)) {
    if (!refund.refunds_shown) return { ...about, changes: [], ignored: 'not_yet_paid' };
    return { ...about, changes: [{ kind: 'charge', charge_id: objectId, evidence: refund }] };
  }
  const snapshot: ChargeSnapshot = defined({
    ...paymentOf(event, charge, keys, failure !== undefined),
    ...shownRefund(event, charge),
    failure,
  });
  const change: ChargeChange = { kind: 'charge', charge_id: objectId, snapshot, ...refund };
  return { ...about, changes: [change, ...namedCustomer(keys, stampOf(event))] };
}

/** "or failed for good (`status: failed`, or the event is `charge.failed` or `charge.expired`)" */
function failureOf(event: StripeEvent, charge: StripeObject): 'failed' | 'expired' | undefined {
  if (charge.status === 'failed' || event.type === 'charge.failed') return 'failed';
  return event.type === 'charge.expired' ? 'expired' : undefined;
}

/** Before charges had a `status`, and until API 2015-02-18, the word for success was `paid` (Stripe's changelog of that day). */
function hasSucceeded(charge: StripeObject): boolean {
  if (typeof charge.status === 'string') return charge.status === 'succeeded' || charge.status === 'paid';
  return charge.paid === true;
}

/** What a charge says about its refunds; the same in both modes. */
export function shownRefund(event: StripeEvent, charge: StripeObject): ShownRefund {
  return defined({
    ...sourceOf(event),
    shown: amountShown(event, charge),
    says_refunded: charge.refunded === true ? (true as const) : undefined,
    is_ambiguous: optionalAmount(charge, 'amount_captured') === undefined ? (true as const) : undefined,
  });
}

export function refundsShown(event: StripeEvent, charge: StripeObject): Pick<Evidence, 'refunds_shown'> {
  if (event.type !== 'charge.refunded') return {};
  return { refunds_shown: [{ ...stampOf(event), shows: amountShown(event, charge) > 0 }] };
}

/**
 * "`amount_refunded`. If `captured` is not false and `amount_captured` is a number, subtract the amount that a partial capture
 * released (`amount` − `amount_captured`) … Never below 0. A `charge.refunded` without `amount_refunded` counts as a refund of
 * the full `amount`."
 */
function amountShown(event: StripeEvent, charge: StripeObject): number {
  const amount = requiredAmount(charge, 'amount');
  const refunded = optionalAmount(charge, 'amount_refunded');
  if (refunded === undefined) return event.type === 'charge.refunded' ? amount : 0;
  const captured = optionalAmount(charge, 'amount_captured');
  const released = charge.captured !== false && captured !== undefined ? amount - captured : 0;
  return Math.max(0, refunded - released);
}

function paymentOf(event: StripeEvent, charge: StripeObject, keys: Keys, hasFailed: boolean): Payment {
  const authorized = requiredAmount(charge, 'amount');
  // "the captured amount; while uncaptured or failed, the authorized amount"
  const isCaptured = charge.captured !== false && !hasFailed;
  return defined({
    amount: isCaptured ? (optionalAmount(charge, 'amount_captured') ?? authorized) : authorized,
    currency: optionalString(charge.currency),
    captured: typeof charge.captured === 'boolean' ? charge.captured : undefined,
    created: optionalTime(charge.created),
    stripe_customer_id: referencedId(charge.customer, 'customer'),
    customer_key: keys.customer_key,
    product_key: keys.product_key,
    payment_intent_id: referencedId(charge.payment_intent, 'payment_intent'),
    invoice_id: referencedId(charge.invoice, 'invoice'),
    livemode: livemodeOf(event),
  });
}
