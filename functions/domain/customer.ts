// Customers: what `customer.created` and `customer.updated` say about who a Stripe customer is.

import type { CustomerChange, CustomerSnapshot, Decision } from './change.js';
import { defined, expectObject, livemodeOf, optionalString, requiredId, type StripeEvent, versionOf } from './event.js';
import { type Keys, readKeys } from './metadata.js';

/** "A customer event without `customer_key` changes nothing (most Stripe customers are not referred)." */
export function decideCustomer(event: StripeEvent): Decision {
  const customer = expectObject(event, 'customer');
  const objectId = requiredId(customer, 'id');
  const keys = readKeys(customer.metadata);
  const version = versionOf(event);
  const [named] = namedCustomer(keys, version);
  if (!named) return { objectId, changes: [], ignored: 'no_customer_key', oddities: keys.oddities };
  const snapshot: CustomerSnapshot = defined({
    stripe_customer_id: objectId,
    name: optionalString(customer.name),
    email: optionalString(customer.email),
    livemode: livemodeOf(event),
    version,
  });
  return {
    objectId,
    changes: [
      { ...named, snapshot },
      { kind: 'link', stripe_customer_id: objectId, customer_key: named.customer_key, version },
    ],
    oddities: keys.oddities,
  };
}

/** "A charge or invoice that records or deletes, and has its own `customer_key`, also makes `customers[K]` exist." */
export function namedCustomer(keys: Keys, version: string): CustomerChange[] {
  if (keys.customer_key === undefined) return [];
  const partner = keys.partner_key === undefined ? {} : { partner: { partner_key: keys.partner_key, version } };
  return [{ kind: 'customer', customer_key: keys.customer_key, ...partner }];
}
