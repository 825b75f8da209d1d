import { describe, expect, test } from '@jest/globals';
import { parseSettings } from '../../contract/settings.js';
import { decide, isWantedMode, subscribedTypes } from '../../functions/domain/decide.js';
import { parseEvent, versionOf } from '../../functions/domain/event.js';
import { charge, event } from '../support/events.js';
import { rule } from '../support/rule.js';

test(rule('`version` = `created` zero-padded to 12 digits, `#`, rank, `#`, event id; compared as a string.'), () => {
  const version = (type: string) => versionOf({ created: 1_750_000_000, type, id: 'evt_1' });
  expect(version('charge.updated')).toBe('001750000000#2#evt_1');
});

test(
  rule(
    'Rank: `customer.created` 0, `customer.updated` 1; `charge.succeeded` and `charge.failed` 0, `charge.captured` 1, `charge.updated` 2, `charge.refunded` and `charge.expired` 3; others 0.',
  ),
  () => {
    const rank = (type: string) => Number(versionOf({ created: 1, type, id: 'x' }).split('#')[1]);
    expect(['customer.created', 'customer.updated'].map(rank)).toEqual([0, 1]);
    expect(
      ['succeeded', 'failed', 'captured', 'updated', 'refunded', 'expired'].map((name) => rank(`charge.${name}`)),
    ).toEqual([0, 0, 1, 2, 3, 3]);
    expect(['invoice.payment_succeeded', 'invoice_payment.paid', 'constructor'].map(rank)).toEqual([0, 0, 0]);
  },
);

describe('which events are wanted', () => {
  const settings = (transactionSource: string) => parseSettings({ transactionSource });
  test(rule('not subscribed, ignored'), () => {
    expect(decide(event('charge.succeeded', charge()), settings('invoice'))).toMatchObject({
      changes: [],
      ignored: 'unsupported_type',
    });
    expect(decide(event('invoice.payment_succeeded', { id: 'in_1' }), settings('charge'))).toMatchObject({
      changes: [],
    });
    expect(subscribedTypes({ transactionSource: 'charge', disputes: 'lost' })).toHaveLength(8);
    expect(subscribedTypes({ transactionSource: 'invoice', disputes: 'lost' })).toHaveLength(6);
  });
  test(rule('events of the other mode are answered 200, counted and not applied'), () => {
    const modes = (setting: 'live' | 'test' | 'both') =>
      [true, false].map((livemode) => isWantedMode({ livemode }, setting));
    expect([modes('live'), modes('test'), modes('both')]).toEqual([
      [true, false],
      [false, true],
      [true, true],
    ]);
    expect(decide(event('charge.succeeded', charge()), parseSettings({ livemode: 'live' }))).toMatchObject({
      changes: [],
      ignored: 'livemode_mismatch',
    });
  });
});

describe('what is no event is not understood', () => {
  const valid = event('charge.succeeded', charge());
  test.each([
    ['body', 'text'],
    ['body', [valid]],
    ['data.object', { ...valid, data: {} }],
    ['id', { ...valid, id: 7 }],
    ['type', { ...valid, type: '' }],
    ['created', { ...valid, created: '1750000000' }],
    ['created', { ...valid, created: 1e15 }],
    ['created', { ...valid, created: -1 }],
  ])('%s', (field, value) => {
    expect(() => parseEvent(value)).toThrow(`the event's ${field} is not `);
  });
});
