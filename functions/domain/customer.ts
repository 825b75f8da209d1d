// Customers: what customer events say about who a Stripe customer is.

import type { CustomerChange, CustomerSnapshot, Decision } from './change.js';
import {
  defined,
  EventNotUnderstoodError,
  expectObject,
  livemodeOf,
  optionalString,
  requiredId,
  type Stamp,
  type StripeEvent,
  stampOf,
} from './event.js';
import { isUsableKey, type Keys, readKeys } from './metadata.js';

/**
 * Decides `customer.created`, `customer.updated` and `customer.deleted`. "A customer event without `customer_key` changes
 * nothing (most Stripe customers are not referred)."
 */
export function decideCustomer(event: StripeEvent): Decision {
  const customer = expectObject(event, 'customer');
  const objectId = requiredId(customer, 'id');
  const keys = readKeys(customer.metadata);
  const stamp = stampOf(event);
  const [named] = namedCustomer(keys, stamp);
  if (!named) return { objectId, changes: [], ignored: 'no_customer_key', metadataIssues: keys.issues };
  const isDeleted = event.type === 'customer.deleted';
  const snapshot: CustomerSnapshot = defined({
    stripe_customer_id: objectId,
    name: isDeleted ? undefined : optionalString(customer.name),
    email: isDeleted ? undefined : optionalString(customer.email),
    livemode: livemodeOf(event),
    ...stamp,
  });
  return {
    objectId,
    changes: [
      { ...named, snapshot },
      { kind: 'link', stripe_customer_id: objectId, customer_key: named.customer_key, ...stamp, oldest: stamp },
    ],
    metadataIssues: keys.issues,
  };
}

/** "A decisive charge snapshot or a paid invoice with its own `customer_key` also makes `customers[K]` exist." */
export function namedCustomer(keys: Keys, stamp: Stamp): CustomerChange[] {
  if (keys.customer_key === undefined) return [];
  const partner = keys.partner_key === undefined ? {} : { partner: { partner_key: keys.partner_key, ...stamp } };
  return [{ kind: 'customer', customer_key: keys.customer_key, ...partner }];
}

/** The event of our own that asks for a customer's name and email to be forgotten. Its object is `{ id: customer_key }`. */
export const ERASE_EVENT_TYPE = 'stripe_partner_sync.customer.erased';

/** Decides our own event: it reaches the queue from the command line only, because the webhook queues Stripe's types alone. */
export function decideErasure(event: StripeEvent): Decision {
  const key = event.data.object.id;
  if (typeof key !== 'string' || key === '' || !isUsableKey(key))
    throw new EventNotUnderstoodError('id', 'a customer_key');
  return { objectId: key, changes: [{ kind: 'customer', customer_key: key, erased: true }], metadataIssues: [] };
}
