import { describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.js';
import { decide } from '../../functions/domain/decide.js';
import { charge, event, NOON } from '../support/events.js';
import { rule } from '../support/rule.js';

const DELETE: Settings = DEFAULT_SETTINGS;
const NET: Settings = { ...DELETE, partialRefund: 'net' };

const change = (type: string, fields: Record<string, unknown>, settings = DELETE) =>
  decide(event(type, charge(fields), 0, 'evt_1'), settings).changes[0];
const row = (type: string, fields: Record<string, unknown>, settings = DELETE) => {
  const found = change(type, fields, settings);
  if (found?.kind !== 'record') throw new Error(`not recorded but ${found?.kind}`);
  return found.row;
};
const reason = (type: string, fields: Record<string, unknown>, settings = DELETE) => {
  const found = change(type, fields, settings);
  return found?.kind === 'delete' ? found.row.deleted_reason : undefined;
};

describe('a charge is recorded', () => {
  test(rule('A snapshot is recorded when it is a successful charge: `status` is `succeeded`'), () => {
    expect(row('charge.succeeded', {})).toEqual({
      transaction_id: 'ch_1',
      status: 'recorded',
      source: 'charge',
      amount: 2000,
      amount_refunded: 0,
      amount_net: 2000,
      currency: 'usd',
      captured: true,
      created: NOON,
      stripe_customer_id: 'cus_a',
      payment_intent_id: 'pi_1',
      livemode: false,
      event_id: 'evt_1',
      event_type: 'charge.succeeded',
      version: `00${NOON}#0#evt_1`,
    });
  });
  test(rule('(in payloads too old to have a `status`: `paid` is true)'), () => {
    expect(row('charge.succeeded', { status: undefined, paid: true }).amount).toBe(2000);
    expect(change('charge.succeeded', { status: undefined, paid: false })).toBeUndefined();
    expect(row('charge.succeeded', { status: 'paid' }).amount).toBe(2000);
  });
  test(rule('A `pending` snapshot changes nothing.'), () => {
    const pending = decide(
      event('charge.updated', charge({ status: 'pending', metadata: { customer_key: 'k' } })),
      DELETE,
    );
    expect([pending.changes, pending.ignored]).toEqual([[], 'not_yet_paid']);
  });
  test(rule('Uncaptured is recorded too, with `captured: false`.'), () => {
    expect(row('charge.succeeded', { captured: false, amount_captured: 0 })).toMatchObject({
      captured: false,
      amount: 2000,
    });
  });
  test(
    rule('(authorised 20675, captured 20300: it says 375, `refunded` false); that part is no refund: 0 and 20300 here'),
    () => {
      const captured = { amount: 20675, amount_captured: 20300, amount_refunded: 375 };
      expect(row('charge.captured', captured)).toMatchObject({ amount: 20300, amount_refunded: 0, amount_net: 20300 });
      expect(row('charge.updated', { ...captured, amount_refunded: 475 }, NET)).toMatchObject({
        amount_refunded: 100,
        amount_net: 20200,
      });
    },
  );
  test(rule('A charge without `amount_captured` cannot tell a refund from a released part'), () => {
    const old = { amount_captured: undefined, amount_refunded: 375 };
    expect(row('charge.captured', old)).toMatchObject({ amount: 2000, amount_refunded: 375, amount_net: 1625 });
    expect(reason('charge.refunded', old)).toBe('refunded');
    expect(row('charge.refunded', old, NET)).toMatchObject({ amount_net: 1625 });
  });
  test('references are read whether they are ids or expanded objects', () => {
    const expanded = { customer: { id: 'cus_x' }, payment_intent: { id: 'pi_x' }, invoice: { id: 'in_x' } };
    expect(row('charge.succeeded', expanded)).toMatchObject({
      stripe_customer_id: 'cus_x',
      payment_intent_id: 'pi_x',
      invoice_id: 'in_x',
    });
    expect(row('charge.succeeded', { customer: null, payment_intent: null })).not.toHaveProperty('stripe_customer_id');
  });
  test(rule("`customer_key` is the charge's (or invoice's) own metadata if it has one"), () => {
    const keys = { customer_key: 'k', partner_key: 'p', product_key: 'gold' };
    const { changes } = decide(event('charge.succeeded', charge({ metadata: keys }), 0, 'evt_1'), DELETE);
    const version = `00${NOON}#0#evt_1`;
    expect(changes[0]).toMatchObject({ row: { customer_key: 'k', customer_key_source: 'own', product_key: 'gold' } });
    expect(changes[1]).toEqual({ kind: 'customer', customer_key: 'k', partner: { partner_key: 'p', version } });
  });
});

describe('a charge is deleted', () => {
  test(
    rule('`failed` where the snapshot or the event says failed, else `expired` for `charge.expired`, else `refunded`'),
    () => {
      expect(reason('charge.failed', {})).toBe('failed');
      expect(reason('charge.expired', { status: 'failed' })).toBe('failed');
      expect(reason('charge.expired', {})).toBe('expired');
      expect(reason('charge.updated', { refunded: true })).toBe('refunded');
    },
  );
  test(
    rule(
      'by any snapshot that shows it: `status: failed`, `refunded: true`, or, under `delete`, a part truly refunded',
    ),
    () => {
      expect(reason('charge.updated', { status: 'failed' })).toBe('failed');
      expect(reason('charge.succeeded', { refunded: true, amount_refunded: 2000 }, NET)).toBe('refunded');
      expect(reason('charge.updated', { amount_refunded: 1 })).toBe('refunded');
      expect(reason('charge.updated', { amount_refunded: 1 }, NET)).toBeUndefined();
    },
  );
  test(rule('(told only where `amount_captured` is a number)'), () => {
    expect(reason('charge.updated', { amount_refunded: 1, amount_captured: undefined })).toBeUndefined();
  });
  test(rule('Under `net`, a partial refund only lowers `amount_net`.'), () => {
    expect(row('charge.refunded', { amount_refunded: 500 }, NET)).toMatchObject({
      amount_refunded: 500,
      amount_net: 1500,
    });
  });
  test(
    rule(
      'A `charge.refunded` in which nothing but the released part of a partial capture is refunded deletes nothing.',
    ),
    () => {
      expect(row('charge.refunded', { amount_captured: 1500, amount_refunded: 500 })).toMatchObject({
        amount: 1500,
        amount_net: 1500,
      });
      expect(reason('charge.refunded', { amount_captured: 1500, amount_refunded: 501 })).toBe('refunded');
    },
  );
  test(rule('One that says no amount is taken at its word.'), () => {
    expect(reason('charge.refunded', { amount_refunded: undefined })).toBe('refunded');
  });
  test(rule("`expires_at` (the deleting event's `created` + 90 days, the table's TTL)"), () => {
    expect(change('charge.failed', { metadata: { customer_key: 'k' } })).toEqual({
      kind: 'delete',
      row: {
        transaction_id: 'ch_1',
        status: 'deleted',
        source: 'charge',
        amount: 2000,
        currency: 'usd',
        created: NOON,
        livemode: false,
        event_id: 'evt_1',
        event_type: 'charge.failed',
        version: `00${NOON}#0#evt_1`,
        deleted_reason: 'failed',
        expires_at: NOON + 90 * 24 * 3600,
      },
    });
  });
});

describe('an event of a shape no rule knows is not understood, and its message names no value', () => {
  test.each([
    ['id', { id: '' }],
    ['id', { id: 'x'.repeat(256) }],
    ['amount', { amount: '2000' }],
    ['amount', { amount: 20.5 }],
    ['amount_refunded', { amount_refunded: 'all' }],
    ['customer', { customer: ['cus_a'] }],
    ['data.object', { object: 'customer' }],
  ])('%s', (field, fields) => {
    expect(() => change('charge.succeeded', fields)).toThrow(new RegExp(`^the event's ${field} is not `));
  });
});
