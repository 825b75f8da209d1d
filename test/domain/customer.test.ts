// What customer events say, and our own event that erases a customer's name and email.

import { describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import type { CustomerChange } from '../../functions/domain/change.js';
import { ERASE_EVENT_TYPE } from '../../functions/domain/customer.js';
import { decide, isWantedType, subscribedTypes } from '../../functions/domain/decide.js';
import { customer, event, NOON } from '../support/builders/events.js';
import { rule } from '../support/rule.js';

const decideCustomer = (type: string, object: Record<string, unknown>) =>
  decide(event(type, object, 0, 'evt_1'), DEFAULT_SETTINGS);
const snapshotOf = (type: string, fields: object) =>
  (decideCustomer(type, customer('acme', fields as Record<string, unknown>)).changes[0] as CustomerChange).snapshot;

describe('a customer event with a key updates its customer, one without changes nothing', () => {
  test(
    rule('A customer event without `customer_key` changes nothing (most Stripe customers are not referred).'),
    () => {
      for (const type of ['customer.created', 'customer.updated', 'customer.deleted']) {
        const { changes, ignored } = decideCustomer(type, customer());
        expect([changes, ignored]).toEqual([[], 'no_customer_key']);
      }
    },
  );

  test(rule('create or update the customer; link its Stripe ID'), () => {
    const stamp = { version: `00${NOON}#1#evt_1` };
    const metadata = { customer_key: 'acme', partner_key: 'p1' };
    expect(decideCustomer('customer.updated', customer('acme', { metadata })).changes).toEqual([
      {
        kind: 'customer',
        customer_key: 'acme',
        partner: { partner_key: 'p1', ...stamp },
        snapshot: { stripe_customer_id: 'cus_a', name: 'Ann', email: 'a@example.com', livemode: false, ...stamp },
      },
      { kind: 'link', stripe_customer_id: 'cus_a', customer_key: 'acme', ...stamp, oldest: stamp },
    ]);
  });
});

test('every fact carries the API version that it was rendered in', () => {
  const stamp = { version: `00${NOON}#0#evt_1`, api_version: '2024-06-20' };
  const metadata = { customer_key: 'acme', partner_key: 'p1' };
  const created = {
    ...event('customer.created', customer('acme', { metadata }), 0, 'evt_1'),
    api_version: '2024-06-20',
  };
  expect(decide(created, DEFAULT_SETTINGS).changes).toMatchObject([
    { snapshot: stamp, partner: stamp },
    { ...stamp, oldest: stamp },
  ]);
});

describe('name and email come from the event, and a deletion removes them', () => {
  test(rule('null or empty values are absent attributes'), () => {
    const snapshot = snapshotOf('customer.created', { name: ' ', email: null });
    expect(snapshot).toMatchObject({ name: ' ' });
    expect(snapshot).not.toHaveProperty('email');
    expect(snapshotOf('customer.created', { name: '', email: 7 })).toEqual({
      stripe_customer_id: 'cus_a',
      livemode: false,
      version: `00${NOON}#0#evt_1`,
    });
  });

  test(rule('like an update, but name and email are removed; no older event restores them'), () => {
    const deleted = snapshotOf('customer.deleted', { deleted: true });
    expect(deleted).toEqual({ stripe_customer_id: 'cus_a', livemode: false, version: `00${NOON}#2#evt_1` });
    const { changes } = decideCustomer('customer.deleted', customer('acme'));
    expect(changes.map(({ kind }) => kind)).toEqual(['customer', 'link']);
  });
});

describe('an erasure is permanent', () => {
  describe(rule('`erase KEY` removes `name` and `email` of a customer for good'), () => {
    const erase = (object: Record<string, unknown>, settings = DEFAULT_SETTINGS) =>
      decide({ ...event(ERASE_EVENT_TYPE, object), livemode: false }, settings);

    test('the queue accepts an erase event in every livemode', () => {
      const erased = { kind: 'customer', customer_key: 'acme', erased: true };
      for (const livemode of ['live', 'test', 'both'] as const)
        expect(erase({ id: 'acme' }, { ...DEFAULT_SETTINGS, livemode })).toEqual({
          objectId: 'acme',
          changes: [erased],
          metadataIssues: [],
        });
    });
    test('the webhook never accepts an erase event', () => {
      for (const transactionSource of ['charge', 'invoice'] as const) {
        const settings = { ...DEFAULT_SETTINGS, transactionSource };
        expect(isWantedType(ERASE_EVENT_TYPE, settings)).toBe(false);
        expect(subscribedTypes(settings)).not.toContain(ERASE_EVENT_TYPE);
      }
    });
    test.each([[''], [7], [undefined], ['x'.repeat(2049)], ['half \ud83d']])('%j is not a customer_key', (id) => {
      expect(() => erase({ id })).toThrow("the event's id is not a customer_key");
    });
  });
});
