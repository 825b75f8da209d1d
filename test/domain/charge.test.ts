// What one charge event says in `charge` mode.

import { describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import type { ChargeChange } from '../../functions/domain/change.js';
import { decide } from '../../functions/domain/decide.js';
import { charge, event, NOON } from '../support/builders/events.js';
import { rule } from '../support/rule.js';

const decideCharge = (type: string, fields: Record<string, unknown>) =>
  decide(event(type, charge(fields), 0, 'evt_1'), DEFAULT_SETTINGS);
const changeOf = (type: string, fields: Record<string, unknown>) =>
  decideCharge(type, fields).changes.find((change): change is ChargeChange => change.kind === 'charge');
const snapshotOf = (type: string, fields: Record<string, unknown>) => {
  const snapshot = changeOf(type, fields)?.snapshot;
  if (!snapshot) throw new Error('the event is not decisive');
  return snapshot;
};

describe('a snapshot is decisive if the payment succeeded or failed for good', () => {
  test('has everything that the row shows', () => {
    expect(changeOf('charge.succeeded', { invoice: 'in_1', metadata: { product_key: 'gold' } })).toEqual({
      kind: 'charge',
      charge_id: 'ch_1',
      snapshot: {
        event_id: 'evt_1',
        event_type: 'charge.succeeded',
        version: `00${NOON}#0#evt_1`,
        shown: 0,
        amount: 2000,
        currency: 'usd',
        captured: true,
        created: NOON,
        stripe_customer_id: 'cus_a',
        product_key: 'gold',
        payment_intent_id: 'pi_1',
        invoice_id: 'in_1',
        livemode: false,
      },
    });
  });
  test(rule('if the payment succeeded (`status: succeeded`; in payloads that predate `status`, `paid: true`)'), () => {
    expect(snapshotOf('charge.succeeded', { status: 'succeeded', paid: false }).amount).toBe(2000);
    expect(snapshotOf('charge.succeeded', { status: undefined, paid: true }).amount).toBe(2000);
    expect(decideCharge('charge.succeeded', { status: undefined, paid: false }).ignored).toBe('not_yet_paid');
  });
  test(rule('`status: paid` is the word for `succeeded` in payloads before API 2015-02-18.'), () => {
    expect(snapshotOf('charge.succeeded', { status: 'paid' })).not.toHaveProperty('failure');
  });
  test(rule('or failed for good (`status: failed`, or the event is `charge.failed` or `charge.expired`)'), () => {
    expect(snapshotOf('charge.updated', { status: 'failed' }).failure).toBe('failed');
    expect(snapshotOf('charge.failed', { status: 'pending' }).failure).toBe('failed');
    expect(snapshotOf('charge.expired', { status: 'pending' }).failure).toBe('expired');
    expect(snapshotOf('charge.succeeded', {})).not.toHaveProperty('failure');
  });
  test(rule('(`failed` if the snapshot or the event says failed)'), () => {
    expect(snapshotOf('charge.expired', { status: 'failed' }).failure).toBe('failed');
  });
  test(rule('A `pending` snapshot changes nothing.'), () => {
    const { changes, ignored } = decideCharge('charge.updated', {
      status: 'pending',
      paid: true,
      metadata: { customer_key: 'k' },
    });
    expect([changes, ignored]).toEqual([[], 'not_yet_paid']);
  });
  test(rule('An uncaptured charge is recorded too, with `captured: false`.'), () => {
    const uncaptured = { captured: false, amount_captured: 0 };
    expect(snapshotOf('charge.succeeded', uncaptured)).toMatchObject({ captured: false, amount: 2000 });
  });
});

describe('the amount is the captured one', () => {
  test(rule('(the captured amount; while uncaptured or failed, the authorized amount'), () => {
    const amountOf = (type: string, fields: object) => snapshotOf(type, { amount: 20675, ...fields }).amount;
    expect(amountOf('charge.captured', { amount_captured: 20300 })).toBe(20300);
    expect(amountOf('charge.captured', { amount_captured: undefined })).toBe(20675);
    expect(amountOf('charge.captured', { amount_captured: 20300, captured: undefined })).toBe(20300);
    expect(amountOf('charge.succeeded', { amount_captured: 0, captured: false })).toBe(20675);
    expect(amountOf('charge.failed', { amount_captured: 0, status: 'failed' })).toBe(20675);
    expect(amountOf('charge.expired', { amount_captured: 0, captured: false })).toBe(20675);
  });
});

describe('a charge shows how much of it was refunded', () => {
  describe(rule('Shown by C: `amount_refunded`.'), () => {
    const shown = (fields: object, type = 'charge.updated') =>
      snapshotOf(type, { amount: 20675, amount_captured: 20300, amount_refunded: 375, ...fields }).shown;

    test(
      rule(
        'If `captured` is not false and `amount_captured` is a number, subtract the amount that a partial capture released (`amount` − `amount_captured`)',
      ),
      () => {
        expect(shown({})).toBe(0);
        expect(shown({ captured: undefined })).toBe(0);
        expect(shown({ amount_refunded: 475 })).toBe(100);
        expect(shown({ amount_captured: 20675 })).toBe(375);
        expect(shown({ amount_captured: undefined })).toBe(375);
      },
    );
    test(rule('Never below 0.'), () => {
      expect(shown({ amount_refunded: 0 })).toBe(0);
      expect(shown({ amount_refunded: 374 })).toBe(0);
    });
    test(rule('A `charge.refunded` without `amount_refunded` counts as a refund of the full `amount`.'), () => {
      expect(shown({ amount_refunded: undefined }, 'charge.refunded')).toBe(20675);
      expect(shown({ amount_refunded: null }, 'charge.refunded')).toBe(20675);
      expect(shown({ amount_refunded: undefined }, 'charge.updated')).toBe(0);
    });
    test(
      rule('(A canceled authorization arrives as `charge.refunded` with `captured: false`: all of it is refunded.)'),
      () => {
        const canceled = { captured: false, amount_captured: 0, amount_refunded: 20675 };
        expect(shown(canceled, 'charge.refunded')).toBe(20675);
      },
    );
    test(rule('Payloads without `amount_captured` (before API 2020-08-27) do not distinguish a refund'), () => {
      expect(snapshotOf('charge.updated', { amount_captured: undefined })).toMatchObject({ is_ambiguous: true });
      expect(snapshotOf('charge.updated', {})).not.toHaveProperty('is_ambiguous');
      expect(snapshotOf('charge.updated', { refunded: true })).toMatchObject({ says_refunded: true });
      expect(snapshotOf('charge.updated', { refunded: false })).not.toHaveProperty('says_refunded');
    });
    test('every charge.refunded remembers whether it shows a refund, and nothing else does', () => {
      const stamp = { version: `00${NOON}#3#evt_1` };
      expect(changeOf('charge.refunded', { amount_refunded: 1 })?.refunds_shown).toEqual([{ ...stamp, shows: true }]);
      expect(changeOf('charge.refunded', { amount_refunded: 0 })?.refunds_shown).toEqual([{ ...stamp, shows: false }]);
      expect(changeOf('charge.updated', { amount_refunded: 1 })).not.toHaveProperty('refunds_shown');
    });
    test('a charge.refunded that is not decisive is kept as evidence', () => {
      const { changes, ignored } = decideCharge('charge.refunded', { status: 'pending', amount_refunded: 1 });
      const shows = { version: `00${NOON}#3#evt_1`, shows: true };
      expect(changes).toEqual([{ kind: 'charge', charge_id: 'ch_1', evidence: { refunds_shown: [shows] } }]);
      expect(ignored).toBeUndefined();
    });
  });
});

describe('references and keys are read from the charge', () => {
  test(rule('A reference is an ID or an expanded object; null and the empty string count as absent.'), () => {
    const expanded = { customer: { id: 'cus_x' }, payment_intent: { id: 'pi_x' }, invoice: { id: 'in_x' } };
    expect(snapshotOf('charge.succeeded', expanded)).toMatchObject({
      stripe_customer_id: 'cus_x',
      payment_intent_id: 'pi_x',
      invoice_id: 'in_x',
    });
    const absent = snapshotOf('charge.succeeded', { customer: null, payment_intent: '', invoice: undefined });
    for (const name of ['stripe_customer_id', 'payment_intent_id', 'invoice_id'])
      expect(absent).not.toHaveProperty(name);
  });
  test(
    rule(
      'A decisive charge snapshot or a paid invoice with its own `customer_key` also makes `customers[K]` exist (with `partner_key` by the rule above).',
    ),
    () => {
      const keys = { customer_key: 'k', partner_key: 'p', product_key: 'gold' };
      for (const type of ['charge.succeeded', 'charge.failed']) {
        const { changes } = decideCharge(type, { metadata: keys });
        expect(changes).toMatchObject([
          { kind: 'charge', snapshot: { customer_key: 'k', product_key: 'gold' } },
          { kind: 'customer', customer_key: 'k', partner: { partner_key: 'p', version: `00${NOON}#0#evt_1` } },
        ]);
        expect(changes[1]).not.toHaveProperty('snapshot');
      }
      expect(decideCharge('charge.succeeded', { metadata: { customer_key: 'k' } }).changes[1]).toEqual({
        kind: 'customer',
        customer_key: 'k',
      });
      expect(decideCharge('charge.succeeded', { metadata: { partner_key: 'p' } }).changes).toHaveLength(1);
    },
  );
  test(rule("`livemode` of a row is the object's own, or the event's if the object does not state one."), () => {
    const { changes } = decide(
      { ...event('charge.succeeded', charge({ livemode: undefined })), livemode: true },
      DEFAULT_SETTINGS,
    );
    expect(changes).toMatchObject([{ snapshot: { livemode: true } }]);
    expect(snapshotOf('charge.succeeded', { livemode: true }).livemode).toBe(true);
  });
});

describe('an event whose shape no rule knows is not understood, and the message contains no value', () => {
  test.each([
    ['id', { id: '' }],
    ['id', { id: 'x'.repeat(256) }],
    ['amount', { amount: '2000' }],
    ['amount', { amount: 20.5 }],
    ['amount', { amount: undefined }],
    ['amount_refunded', { amount_refunded: 'all' }],
    ['amount_captured', { amount_captured: 'all' }],
    ['customer', { customer: ['cus_a'] }],
    ['payment_intent', { payment_intent: 7 }],
    ['data.object', { object: 'customer' }],
  ])('%s', (field, fields) => {
    expect(() => decideCharge('charge.succeeded', fields)).toThrow(new RegExp(`^the event's ${field} is not `));
  });
});
