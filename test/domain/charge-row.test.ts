// The row of a charge: what it is computed from, and that the snapshot can be read back from it.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.js';
import { snapshotOf } from '../../functions/domain/charge-row.js';
import { decide } from '../../functions/domain/decide.js';
import type { StoredRow } from '../../functions/domain/row.js';
import { charge, dispute, event, NOON, refund } from '../support/builders/events.js';
import { rule } from '../support/rule.js';
import { chargeRowOf, storedChargeRow } from '../support/schedules/compute.js';

const DELETE: Settings = DEFAULT_SETTINGS;
const NET: Settings = { ...DELETE, partialRefund: 'net' };
const LINK = { customer_key: 'acme', moves: 3 };

const succeeded = event('charge.succeeded', charge({ invoice: 'in_1', metadata: { product_key: 'gold' } }), 0, 'evt_1');
const RECORDED = {
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
  product_key: 'gold',
  payment_intent_id: 'pi_1',
  invoice_id: 'in_1',
  livemode: false,
  event_id: 'evt_1',
  event_type: 'charge.succeeded',
  version: `00${NOON}#0#evt_1`,
};

describe('a row has the attributes of the contract', () => {
  test('of a recorded row', () => {
    expect(chargeRowOf([succeeded], DELETE)).toEqual(RECORDED);
    expect(chargeRowOf([succeeded], DELETE, LINK)).toEqual({
      ...RECORDED,
      customer_key: 'acme',
      customer_key_source: 'linked',
    });
  });
  test(
    rule(
      'A deleted row has the same attributes, plus `deleted_reason` (`refunded`, `disputed`, `failed` or `expired`), and its key is in `deleted_customer_key` instead of `customer_key`.',
    ),
    () => {
      const lost = event('charge.dispute.closed', dispute({ amount: 1500 }), 5, 'evt_2');
      expect(chargeRowOf([succeeded, lost], DELETE, LINK)).toEqual({
        ...RECORDED,
        status: 'deleted',
        amount_disputed: 1500,
        amount_net: 0,
        deleted_customer_key: 'acme',
        customer_key_source: 'linked',
        event_id: 'evt_2',
        event_type: 'charge.dispute.closed',
        version: `00${NOON + 5}#4#evt_2`,
        deleted_reason: 'disputed',
      });
    },
  );
  test(rule('`amount_disputed` (only if > 0), `amount_net` (`amount` − refunded − disputed; 0 if deleted)'), () => {
    const both = [
      succeeded,
      event('refund.created', refund({ amount: 300, created: NOON + 1 }), 1),
      event('charge.dispute.closed', dispute({ amount: 200 }), 2),
    ];
    expect(chargeRowOf(both, NET)).toMatchObject({ amount_refunded: 300, amount_disputed: 200, amount_net: 1500 });
    expect(chargeRowOf([succeeded], NET)).not.toHaveProperty('amount_disputed');
    expect(chargeRowOf(both, DELETE)).toMatchObject({ amount_refunded: 300, amount_disputed: 200, amount_net: 0 });
  });
});

describe('a row has the key that its metadata names, or else the key of its Stripe customer', () => {
  const own = event('charge.succeeded', charge({ metadata: { customer_key: 'own' } }));
  test(
    rule(
      "`customer_key` is the charge's (or invoice's) own metadata value, from the snapshot that determines the row; otherwise the key of the linked Stripe customer; otherwise absent.",
    ),
    () => {
      const keyOf = (events: (typeof own)[], link?: typeof LINK) => {
        const row = chargeRowOf(events, DELETE, link)!;
        return [row.customer_key, row.customer_key_source];
      };
      expect(keyOf([own], LINK)).toEqual(['own', 'own']);
      expect(keyOf([succeeded], LINK)).toEqual(['acme', 'linked']);
      expect(keyOf([succeeded])).toEqual([undefined, undefined]);
      const newer = event('charge.updated', charge(), 1);
      expect(keyOf([own, newer], LINK)).toEqual(['acme', 'linked']);
    },
  );
  test('a row with its own key does not depend on the link', () => {
    expect(storedChargeRow([own], DELETE, LINK)).toEqual(storedChargeRow([own], DELETE));
    expect(storedChargeRow([succeeded], DELETE, LINK)).not.toEqual(
      storedChargeRow([succeeded], DELETE, { ...LINK, moves: 4 }),
    );
  });
});

describe('a failed charge stays deleted', () => {
  describe(rule('Failure is final'), () => {
    const failed = event('charge.failed', charge({ status: 'failed', amount: 1900 }), 1, 'evt_f');
    test(
      rule(
        'if any snapshot says failed or expired, the newest of those alone determines the row, and the row is deleted',
      ),
      () => {
        const later = event('charge.succeeded', charge(), 9);
        const expired = event('charge.expired', charge({ captured: false, amount_captured: 0 }), 2);
        const alone = chargeRowOf([failed], DELETE);
        expect(alone).toMatchObject({ status: 'deleted', deleted_reason: 'failed', event_id: 'evt_f', amount: 1900 });
        for (const order of [
          [failed, later],
          [later, failed],
          [succeeded, later, failed],
        ])
          expect(chargeRowOf(order, DELETE)).toEqual(alone);
        expect(chargeRowOf([failed, expired, later], DELETE)).toEqual(chargeRowOf([expired], DELETE));
      },
    );
    test('refunds and disputes do not change a failed row, and none becomes its event', () => {
      const reversals = [
        event('refund.created', refund({ created: NOON + 5 }), 5),
        event('charge.dispute.closed', dispute(), 6),
      ];
      expect(chargeRowOf([failed, ...reversals], DELETE)).toEqual(chargeRowOf([failed], DELETE));
      const shows = event('charge.failed', charge({ status: 'failed', amount_refunded: 2000, amount: 2000 }), 2);
      expect(chargeRowOf([shows], DELETE)).toMatchObject({
        amount_refunded: 0,
        amount_net: 0,
        deleted_reason: 'failed',
      });
    });
  });
});

describe('the snapshot that a stored row was computed from', () => {
  const snapshots = fc
    .record({
      type: fc.constantFrom('succeeded', 'captured', 'updated', 'refunded', 'failed', 'expired'),
      at: fc.nat(3),
      api_version: fc.option(fc.constantFrom('2020-03-02', '2025-03-31'), { nil: undefined }),
      fields: fc.record(
        {
          amount_captured: fc.constantFrom(undefined, 1500, 2000),
          amount_refunded: fc.constantFrom(undefined, 0, 500, 2000),
          captured: fc.constantFrom(true, false, undefined),
          currency: fc.constantFrom('usd', undefined),
          customer: fc.constantFrom('cus_a', null),
          invoice: fc.constantFrom('in_1', undefined),
          metadata: fc.constantFrom({}, { customer_key: 'own', product_key: 'gold' }),
          payment_intent: fc.constantFrom('pi_1', undefined),
          refunded: fc.boolean(),
          status: fc.constantFrom('succeeded', 'failed'),
        },
        { requiredKeys: [] },
      ),
    })
    .map(({ type, at, api_version, fields }) => ({
      ...event(`charge.${type}`, charge(fields), at, 'evt_c'),
      ...(api_version === undefined ? {} : { api_version }),
    }));
  const reversals = fc.subarray([
    event('refund.created', refund({ amount: 500, created: NOON + 2 }), 2),
    event('refund.failed', refund({ id: 're_2', amount: 500 }), 3),
    event('charge.dispute.closed', dispute({ amount: 700 }), 3),
  ]);

  test('is recovered exactly from the row, with any refunds and disputes', () => {
    fc.assert(
      fc.property(
        snapshots,
        reversals,
        fc.constantFrom(DELETE, NET),
        fc.constantFrom(undefined, LINK),
        (snapshot, others, settings, link) => {
          const [change] = decide(snapshot, settings).changes;
          if (change?.kind !== 'charge' || !change.snapshot) throw new Error('not decisive');
          const row = storedChargeRow([snapshot, ...others], settings, link)!;
          // A failed charge has no refunds, so what it shows of them is not kept.
          const { shown, says_refunded, is_ambiguous, ...failed } = change.snapshot;
          expect(snapshotOf(row)).toEqual(failed.failure ? { ...failed, shown: 0 } : change.snapshot);
          expect(row._refunds_shown).toEqual(change.refunds_shown);
        },
      ),
      { numRuns: 500 },
    );
  });

  test(rule('Rows that pre-release builds wrote are read as they are.'), () => {
    const { deleted_reason: _, ...recorded } = { ...RECORDED, deleted_reason: undefined, amount_refunded: 40 };
    expect(snapshotOf(recorded as unknown as StoredRow)).toMatchObject({
      amount: 2000,
      shown: 40,
      version: RECORDED.version,
    });
    const deleted = (deleted_reason: string) =>
      snapshotOf({
        transaction_id: 'ch_1',
        status: 'deleted',
        source: 'charge',
        amount: 2000,
        livemode: false,
        event_id: 'evt_1',
        event_type: 'charge.refunded',
        version: '1',
        deleted_reason,
      } as unknown as StoredRow);
    expect(deleted('refunded')).toMatchObject({ shown: 2000, amount: 2000 });
    expect(deleted('refunded')).not.toHaveProperty('failure');
    expect(deleted('failed')).toMatchObject({ shown: 0, failure: 'failed' });
    expect(deleted('expired')).toMatchObject({ shown: 0, failure: 'expired' });
  });
});
