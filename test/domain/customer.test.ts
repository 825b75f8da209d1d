import { expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import { decide } from '../../functions/domain/decide.js';
import { customer, event, NOON } from '../support/events.js';
import { rule } from '../support/rule.js';

test(rule('A customer event without `customer_key` changes nothing (most Stripe customers are not referred).'), () => {
  const decision = decide(event('customer.created', customer()), DEFAULT_SETTINGS);
  expect([decision.changes, decision.ignored]).toEqual([[], 'no_customer_key']);
});

test(rule('create or update the customer; link its Stripe id'), () => {
  const version = `00${NOON}#1#evt_1`;
  const metadata = { customer_key: 'acme', partner_key: 'p1' };
  expect(
    decide(event('customer.updated', customer('acme', { metadata }), 0, 'evt_1'), DEFAULT_SETTINGS).changes,
  ).toEqual([
    {
      kind: 'customer',
      customer_key: 'acme',
      partner: { partner_key: 'p1', version },
      snapshot: { stripe_customer_id: 'cus_a', name: 'Ann', email: 'a@example.com', livemode: false, version },
    },
    { kind: 'link', stripe_customer_id: 'cus_a', customer_key: 'acme', version },
  ]);
});

test(rule('as they stand there; null or empty is absent'), () => {
  const [change] = decide(
    event('customer.created', customer('acme', { name: ' ', email: null })),
    DEFAULT_SETTINGS,
  ).changes;
  expect(change).toMatchObject({ snapshot: { name: ' ' } });
  expect((change as { snapshot: object }).snapshot).not.toHaveProperty('email');
});
