// The envelope, versions, and which events a deployment wants.

import { describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS, parseSettings, type Settings } from '../../contract/settings.js';
import { decide, isWantedMode, subscribedTypes } from '../../functions/domain/decide.js';
import { createdAt, parseEvent, versionOf } from '../../functions/domain/event.js';
import { charge, event } from '../support/builders/events.js';
import { rule } from '../support/rule.js';

const INVOICE: Settings = { ...DEFAULT_SETTINGS, transactionSource: 'invoice' };

describe('versions sort by second, rank and event ID', () => {
  test(rule('`version` is `created` zero-padded to 12 digits, `#`, rank, `#`, event ID, compared as a string.'), () => {
    const version = versionOf({ created: 1_750_000_000, type: 'charge.updated', id: 'evt_1' });
    expect(version).toBe('001750000000#2#evt_1');
    expect(createdAt(version)).toBe(1_750_000_000);
    expect(versionOf({ created: 7, type: 'x', id: '#' })).toBe('000000000007#0##');
  });
});

/** The table of the page, as it is printed there. */
const RANKS: Readonly<Record<string, string>> = {
  0: '| 0 | `customer.created`, `charge.succeeded`, `charge.failed`, `refund.created`, `charge.dispute.created`, all others |',
  1: '| 1 | `customer.updated`, `charge.captured`, `refund.updated`, `charge.refund.updated`, `charge.dispute.funds_withdrawn` |',
  2: '| 2 | `customer.deleted`, `charge.updated`, `refund.failed`, `charge.dispute.updated` |',
  3: '| 3 | `charge.refunded`, `charge.expired`, `charge.dispute.funds_reinstated` |',
  4: '| 4 | `charge.dispute.closed` |',
};
test.each(Object.entries(RANKS))('rank %s', (rank, row) => {
  for (const [, type] of rule(row).matchAll(/`([a-z_.]+)`/g))
    expect([type, versionOf({ created: 1, type: type!, id: 'x' }).split('#')[1]]).toEqual([type, rank]);
});
test('all others have rank 0', () => {
  const rank = (type: string) => versionOf({ created: 1, type, id: 'x' }).split('#')[1];
  expect(['invoice.paid', 'invoice.payment_succeeded', 'invoice_payment.paid', 'constructor'].map(rank)).toEqual(
    Array(4).fill('0'),
  );
});

describe('the settings decide which events are wanted', () => {
  const COMMON = [
    'customer.created',
    'customer.updated',
    'customer.deleted',
    'charge.refunded',
    'charge.failed',
    'refund.created',
    'refund.updated',
    'refund.failed',
  ];
  const CHARGES = ['charge.succeeded', 'charge.captured', 'charge.updated', 'charge.expired'];
  const INVOICES = ['invoice.payment_succeeded', 'invoice.paid', 'invoice_payment.paid'];
  const DISPUTES = ['created', 'updated', 'closed', 'funds_withdrawn', 'funds_reinstated'].map(
    (name) => `charge.dispute.${name}`,
  );
  test(
    rule(
      '`connect` subscribes to every event type that the settings need, except `charge.refund.updated`, which duplicates `refund.updated`.',
    ),
    () => {
      const types = (settings: Settings) => subscribedTypes(settings).sort();
      expect(types(DEFAULT_SETTINGS)).toEqual([...COMMON, ...CHARGES, ...DISPUTES].sort());
      expect(types(INVOICE)).toEqual([...COMMON, ...INVOICES, ...DISPUTES].sort());
      const ignore = { disputes: 'ignore' } as const;
      expect(types({ ...DEFAULT_SETTINGS, ...ignore })).toEqual([...COMMON, ...CHARGES].sort());
      expect(types({ ...INVOICE, ...ignore })).toEqual([...COMMON, ...INVOICES].sort());
    },
  );
  test(rule('not subscribed; ignored'), () => {
    const ignoredBy = (type: string, settings: Settings) =>
      decide(event(type, { id: 'x' }), settings).ignored === 'unsupported_type';
    for (const type of CHARGES) expect([type, ignoredBy(type, INVOICE)]).toEqual([type, true]);
    for (const type of INVOICES) expect([type, ignoredBy(type, DEFAULT_SETTINGS)]).toEqual([type, true]);
    for (const type of DISPUTES)
      for (const settings of [DEFAULT_SETTINGS, INVOICE])
        expect([type, ignoredBy(type, { ...settings, disputes: 'ignore' })]).toEqual([type, true]);
    expect(decide(event('plan.created', { id: 'plan_1' }), DEFAULT_SETTINGS)).toMatchObject({ changes: [] });
    expect(decide(event('constructor', {}), DEFAULT_SETTINGS).ignored).toBe('unsupported_type');
  });
  test('`charge.refund.updated` is understood if an endpoint subscribes to it', () => {
    const object = { id: 're_1', object: 'refund', amount: 5, charge: 'ch_1', status: 'failed' };
    for (const settings of [DEFAULT_SETTINGS, INVOICE])
      expect(decide(event('charge.refund.updated', object), settings).changes).toMatchObject([
        { evidence: { refunds: [{ id: 're_1', undone: true }] } },
      ]);
  });
  test(rule('events of the other mode are answered with 200, counted and not applied'), () => {
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

describe('a message that is not an event is not understood', () => {
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
  test('an API version that is not a string counts as absent', () => {
    expect(parseEvent({ ...valid, api_version: null })).not.toHaveProperty('api_version');
    expect(parseEvent({ ...valid, api_version: '2024-06-20' }).api_version).toBe('2024-06-20');
  });
});
