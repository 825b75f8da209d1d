// How much refunds and disputes take back. Each row is computed from whole events.

import { describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.js';
import { charge, dispute, event, NOON, refund } from '../support/builders/events.js';
import type { Event } from '../support/builders/history.js';
import { rule } from '../support/rule.js';
import { chargeRowOf } from '../support/schedules/compute.js';

const NET: Settings = { ...DEFAULT_SETTINGS, partialRefund: 'net' };
const DELETE: Settings = DEFAULT_SETTINGS;

/** A charge snapshot; `at` in seconds after noon. */
const C = (type: string, at: number, fields: object = {}) => event(`charge.${type}`, charge({ ...fields }), at);
/** A refund event about `re_1` (500 of 2000) that was created at noon + `created`. */
const R = (type: string, at: number, created: number, fields: object = {}) =>
  event(`refund.${type}`, refund({ amount: 500, created: NOON + created, ...fields }), at);
const D = (status: string, fields: object = {}, at = 50) =>
  event('charge.dispute.closed', dispute({ status, ...fields }), at);
const refundedBy = (events: Event[], settings = NET) => chargeRowOf(events, settings)?.amount_refunded;
const disputedBy = (events: Event[], settings = NET) => chargeRowOf(events, settings)?.amount_disputed;

describe('a refund that the charge does not include yet is added', () => {
  test(rule('C includes a refund whose `created` … is before the `created` of C'), () => {
    expect(refundedBy([C('succeeded', 0), R('created', 20, 20)])).toBe(500);
    expect(refundedBy([C('refunded', 30, { amount_refunded: 500 }), R('created', 20, 20)])).toBe(500);
    expect(refundedBy([C('updated', 30, { amount_refunded: 500 }), R('created', 20, 20)])).toBe(500);
    // The refund event is newer than C, but the refund is older.
    expect(refundedBy([C('updated', 30, { amount_refunded: 500 }), R('updated', 40, 20)])).toBe(500);
    // Two refunds, of which C shows the first.
    const second = R('created', 40, 40, { id: 're_2', amount: 300 });
    expect(refundedBy([C('refunded', 30, { amount_refunded: 500 }), R('created', 20, 20), second])).toBe(800);
  });
  test(rule("(the event's, if the refund has none)"), () => {
    const unstamped = { created: undefined };
    expect(refundedBy([C('updated', 30, { amount_refunded: 500 }), R('created', 20, 0, unstamped)])).toBe(500);
    expect(refundedBy([C('updated', 30, { amount_refunded: 0 }), R('created', 31, 0, unstamped)])).toBe(500);
  });
  test(
    rule(
      'Within the same second, a `charge.refunded` comes after the creation of a refund … any other charge event comes before the creation',
    ),
    () => {
      expect(refundedBy([C('refunded', 20, { amount_refunded: 500 }), R('created', 20, 20)])).toBe(500);
      expect(refundedBy([C('updated', 20), R('created', 20, 20)])).toBe(500);
      expect(refundedBy([C('captured', 20), R('created', 20, 20)])).toBe(500);
    },
  );
  test(
    rule('A refund that is `pending` or `requires_action` counts as a refund, as it does in `charge.refunded`.'),
    () => {
      for (const status of ['pending', 'requires_action', 'succeeded', 'a_status_of_the_future'])
        expect([status, refundedBy([C('succeeded', 0), R('created', 20, 20, { status })])]).toEqual([status, 500]);
    },
  );
  test(rule('capped at the row'), () => {
    const amounts = [C('succeeded', 0), R('created', 20, 20, { amount: 2500 })];
    expect(chargeRowOf(amounts, NET)).toMatchObject({ amount_refunded: 2000, amount_net: 0 });
    const shown = C('refunded', 1, { amount_captured: undefined, amount: 2000, amount_refunded: 2500 });
    expect(refundedBy([shown])).toBe(2000);
  });
});

describe('a refund that failed or was canceled is subtracted', () => {
  test(rule('A refund is undone if its `status` is `failed` or `canceled`, or its event is `refund.failed`.'), () => {
    const shown = C('refunded', 20, { amount_refunded: 500 });
    expect(refundedBy([shown, R('updated', 30, 20, { status: 'failed' })])).toBe(0);
    expect(refundedBy([shown, R('updated', 30, 20, { status: 'canceled' })])).toBe(0);
    expect(refundedBy([shown, R('failed', 30, 20, { status: 'pending' })])).toBe(0);
    expect(refundedBy([shown, R('updated', 30, 20, { status: 'succeeded' })])).toBe(500);
    expect(refundedBy([C('succeeded', 0), R('failed', 30, 20)])).toBe(0);
  });
  test(rule('C still includes an undone refund if the event of its newest snapshot was created after C'), () => {
    // The charge of second 40 no longer shows the refund that failed in second 30, but it shows another.
    expect(refundedBy([C('updated', 40, { amount_refunded: 300 }), R('failed', 30, 20)])).toBe(300);
    expect(refundedBy([C('updated', 25, { amount_refunded: 500 }), R('failed', 30, 20)])).toBe(0);
    // Created after C: C never showed it.
    expect(refundedBy([C('refunded', 10, { amount_refunded: 300 }), R('failed', 30, 20)])).toBe(300);
  });
  test(
    rule(
      'Within the same second, a `charge.refunded` comes after the creation of a refund and before its undoing; any other charge event comes before the creation and after the undoing.',
    ),
    () => {
      expect(refundedBy([C('refunded', 30, { amount_refunded: 500 }), R('failed', 30, 30)])).toBe(0);
      expect(refundedBy([C('refunded', 30, { amount_refunded: 500 }), R('failed', 30, 20)])).toBe(0);
      expect(refundedBy([C('updated', 30, { amount_refunded: 300 }), R('failed', 30, 20)])).toBe(300);
      expect(refundedBy([C('updated', 30, { amount_refunded: 300 }), R('failed', 31, 30)])).toBe(300);
    },
  );
  test(rule('(shown by C − undone refunds that C still includes, never below 0)'), () => {
    const undone = R('failed', 30, 20, { amount: 500 });
    const added = R('created', 25, 25, { id: 're_2', amount: 200 });
    expect(refundedBy([C('refunded', 21, { amount_refunded: 300 }), undone, added])).toBe(200);
    expect(refundedBy([C('refunded', 21, { amount_refunded: 700 }), undone, added])).toBe(400);
  });
  test('the newest snapshot of a refund counts, and a refund that is no longer failed counts again', () => {
    const shown = C('refunded', 20, { amount_refunded: 500 });
    expect(refundedBy([shown, R('failed', 30, 20), R('created', 20, 20)])).toBe(0);
    expect(refundedBy([shown, R('failed', 30, 20), R('updated', 31, 20)])).toBe(500);
    expect(
      refundedBy([C('succeeded', 0), R('created', 20, 20, { amount: 500 }), R('updated', 21, 20, { amount: 400 })]),
    ).toBe(400);
  });
});

describe('a refund that is reported twice counts once', () => {
  test(
    rule(
      'So refund events alone are sufficient, charge events alone are sufficient, and nothing is counted twice when both arrive.',
    ),
    () => {
      const charges = [C('succeeded', 0), C('refunded', 20, { amount_refunded: 500 })];
      const refunds = [R('created', 20, 20), R('updated', 21, 20)];
      expect(refundedBy(charges)).toBe(500);
      expect(refundedBy([charges[0]!, ...refunds])).toBe(500);
      expect(refundedBy([...charges, ...refunds])).toBe(500);
    },
  );
});

describe('the setting decides which disputes count', () => {
  const paid = C('succeeded', 0);
  const count = (settings: Settings, statuses: readonly string[]) =>
    statuses.filter((status) => disputedBy([paid, D(status)], settings) !== undefined);
  const STATUSES = [
    'lost',
    'appeal_needs_response',
    'appeal_under_review',
    'needs_response',
    'under_review',
    'won',
    'prevented',
    'warning_needs_response',
    'warning_under_review',
    'warning_closed',
  ];

  test(rule('Under `lost`, the statuses `lost`, `appeal_needs_response` and `appeal_under_review` count'), () => {
    expect(count({ ...NET, disputes: 'lost' }, STATUSES)).toEqual([
      'lost',
      'appeal_needs_response',
      'appeal_under_review',
    ]);
  });
  test(rule('under `open`, every status except `won`, `prevented` and those that start with `warning_`.'), () => {
    expect(count({ ...NET, disputes: 'open' }, [...STATUSES, 'charge_refunded', 'a_status_of_the_future'])).toEqual([
      'lost',
      'appeal_needs_response',
      'appeal_under_review',
      'needs_response',
      'under_review',
      'charge_refunded',
      'a_status_of_the_future',
    ]);
  });
  test(rule('A dispute without a status counts only under `disputes: open`.'), () => {
    const unnamed = D('', { status: null });
    expect(disputedBy([paid, unnamed], { ...NET, disputes: 'open' })).toBe(2000);
    expect(disputedBy([paid, unnamed], { ...NET, disputes: 'lost' })).toBeUndefined();
  });
  test(rule('not subscribed and ignored under `disputes: ignore`'), () => {
    expect(disputedBy([paid, D('lost')], { ...NET, disputes: 'ignore' })).toBeUndefined();
  });
  test('evidence from before the setting was `ignore` does not count either', async () => {
    const { reversed } = await import('../../functions/domain/reversals.js');
    const lost = { id: 'dp_1', event_id: 'e', event_type: 't', version: '1', amount: 5, status: 'lost' };
    const view = { charge: undefined, evidence: { disputes: [lost] } };
    expect(reversed({ amount: 9 }, view, { ...NET, disputes: 'ignore' })).toMatchObject({ disputed: 0, sources: [] });
    expect(reversed({ amount: 9 }, view, { ...NET, disputes: 'lost' })).toMatchObject({ disputed: 5, sources: [lost] });
  });
  test(rule('the total `amount` of the disputes that count, capped at what `refunded` leaves'), () => {
    const first = D('lost', { id: 'dp_1', amount: 700 });
    const second = D('lost', { id: 'dp_2', amount: 600 });
    const won = D('won', { id: 'dp_3', amount: 100 });
    expect(disputedBy([paid, first, second, won])).toBe(1300);
    expect(disputedBy([paid, first, second, R('created', 20, 20, { amount: 900 })])).toBe(1100);
    expect(disputedBy([paid, first, R('created', 20, 20, { amount: 2000 })])).toBeUndefined();
  });
  test(rule('A dispute in a different currency than the payment counts for all that is left.'), () => {
    const partial = R('created', 20, 20, { amount: 500 });
    expect(disputedBy([paid, D('lost', { amount: 1, currency: 'eur' })])).toBe(2000);
    expect(disputedBy([paid, D('lost', { amount: 1, currency: 'eur' }), partial])).toBe(1500);
    expect(disputedBy([paid, D('won', { amount: 1, currency: 'eur' })])).toBeUndefined();
  });
  test(
    rule(
      "Two currencies are compared regardless of case. A dispute that states no currency is in the payment's currency.",
    ),
    () => {
      expect(disputedBy([paid, D('lost', { amount: 1, currency: 'USD' })])).toBe(1);
      expect(disputedBy([paid, D('lost', { amount: 1, currency: undefined })])).toBe(1);
      expect(disputedBy([C('succeeded', 0, { currency: undefined }), D('lost', { amount: 1 })])).toBe(1);
    },
  );
  test('the newest snapshot of a dispute counts: an appeal that is won restores the payment', () => {
    const lost = D('lost', {}, 50);
    expect(disputedBy([paid, lost, D('appeal_under_review', {}, 60)])).toBe(2000);
    expect(disputedBy([paid, lost, D('won', {}, 70)])).toBeUndefined();
    expect(disputedBy([paid, D('won', {}, 40), lost])).toBe(2000);
  });
});

describe('reversals delete the row by the setting partialRefund', () => {
  const partial = [C('succeeded', 0), R('created', 20, 20, { amount: 500 })];
  test(rule('Under `partialRefund: delete` the row is deleted if `refunded` + `disputed` > 0'), () => {
    expect(chargeRowOf([C('succeeded', 0)], DELETE)?.status).toBe('recorded');
    expect(chargeRowOf([C('refunded', 1, { amount_refunded: 1 })], DELETE)?.status).toBe('deleted');
    expect(chargeRowOf([C('succeeded', 0), D('lost', { amount: 1 })], DELETE)?.status).toBe('deleted');
    expect(chargeRowOf(partial, DELETE)).toMatchObject({ status: 'deleted', amount_net: 0, amount_refunded: 500 });
  });
  test(rule('under `net` if the sum reaches `amount` and is > 0'), () => {
    expect(chargeRowOf(partial, NET)).toMatchObject({ status: 'recorded', amount_net: 1500 });
    const disputed = (amount: number) => chargeRowOf([...partial, D('lost', { amount })], NET);
    expect(disputed(1499)).toMatchObject({ status: 'recorded', amount_net: 1, amount_disputed: 1499 });
    expect(disputed(1500)).toMatchObject({ status: 'deleted', amount_net: 0, amount_disputed: 1500 });
    const nothing = C('succeeded', 0, { amount: 0, amount_captured: 0 });
    expect(chargeRowOf([nothing], NET)?.status).toBe('recorded');
    expect(chargeRowOf([nothing], DELETE)?.status).toBe('recorded');
  });
  test(rule('otherwise `refunded` if `refunded` alone is sufficient, otherwise `disputed`'), () => {
    const reason = (events: Event[], settings: Settings) => chargeRowOf(events, settings)?.deleted_reason;
    expect(reason(partial, DELETE)).toBe('refunded');
    expect(reason([...partial, D('lost')], DELETE)).toBe('refunded');
    expect(reason([...partial, D('lost')], NET)).toBe('disputed');
    expect(reason([C('succeeded', 0), D('lost')], DELETE)).toBe('disputed');
    expect(reason([C('succeeded', 0), R('created', 20, 20, { amount: 2000 }), D('lost')], NET)).toBe('refunded');
    expect(reason([C('succeeded', 0)], NET)).toBeUndefined();
  });
  test(rule('a refund can fail, and a dispute can be won; then the row is recorded again'), () => {
    const refunded = [
      C('succeeded', 0),
      C('refunded', 20, { amount_refunded: 2000 }),
      R('created', 20, 20, { amount: 2000 }),
    ];
    const failed = R('failed', 30, 20, { amount: 2000 });
    expect(chargeRowOf(refunded, DELETE)?.status).toBe('deleted');
    expect(chargeRowOf([...refunded, failed], DELETE)).toMatchObject({ status: 'recorded', amount_net: 2000 });
    expect(chargeRowOf([C('succeeded', 0), D('lost', {}, 50), D('won', {}, 60)], DELETE)?.status).toBe('recorded');
  });
});

describe('payloads without `amount_captured` count conservatively', () => {
  const old = (type: string, at: number, fields: object) => C(type, at, { amount_captured: undefined, ...fields });
  test(rule('Under `net`, what they show counts as refunded; the net amount is correct either way.'), () => {
    expect(chargeRowOf([old('captured', 1, { amount_refunded: 375 })], NET)).toMatchObject({
      amount: 2000,
      amount_refunded: 375,
      amount_net: 1625,
    });
  });
  test(
    rule(
      'Under `delete`, what C shows counts only if C says `refunded: true` or any `charge.refunded` of the charge that shows a refund has been received',
    ),
    () => {
      const shows = old('updated', 5, { amount_refunded: 375 });
      expect(refundedBy([shows], DELETE)).toBe(0);
      expect(refundedBy([old('updated', 5, { amount_refunded: 2000, refunded: true })], DELETE)).toBe(2000);
      expect(refundedBy([old('refunded', 5, { amount_refunded: 375 })], DELETE)).toBe(375);
      expect(refundedBy([shows, old('refunded', 3, { amount_refunded: 200 })], DELETE)).toBe(375);
      expect(refundedBy([shows, old('refunded', 3, { amount_refunded: 200, status: 'pending' })], DELETE)).toBe(375);
      expect(refundedBy([shows, C('refunded', 3, { amount_refunded: 200 })], DELETE)).toBe(375);
      expect(refundedBy([shows, C('refunded', 3, { amount_captured: 1500, amount_refunded: 500 })], DELETE)).toBe(0);
      // A payload that has `amount_captured` is unambiguous.
      expect(refundedBy([C('updated', 5, { amount_refunded: 375 })], DELETE)).toBe(375);
    },
  );
  test(rule('then at least 1 counts'), () => {
    expect(refundedBy([old('updated', 5, { amount_refunded: 0, refunded: true })], DELETE)).toBe(1);
    expect(
      refundedBy([old('updated', 5, { amount_refunded: 0 }), C('refunded', 3, { amount_refunded: 9 })], DELETE),
    ).toBe(1);
    expect(refundedBy([old('updated', 5, { amount_refunded: 0, refunded: true })], NET)).toBe(0);
  });
});

describe('the row names the newest event that it is computed from', () => {
  test(
    rule(
      'are those of the newest event that it is computed from: C, every refund that was added or subtracted, every dispute that counts',
    ),
    () => {
      const type = (events: Event[]) => chargeRowOf(events, NET)?.event_type;
      const shown = C('refunded', 20, { amount_refunded: 500 });
      expect(type([C('succeeded', 0), R('created', 20, 20)])).toBe('refund.created');
      expect(type([shown, R('updated', 40, 20)])).toBe('charge.refunded');
      expect(type([shown, R('failed', 40, 20)])).toBe('refund.failed');
      expect(type([C('succeeded', 0), R('failed', 40, 20)])).toBe('charge.succeeded');
      expect(type([C('succeeded', 0), D('lost', { amount: 1 })])).toBe('charge.dispute.closed');
      expect(type([C('succeeded', 0), D('won')])).toBe('charge.succeeded');
      expect(type([C('updated', 90), R('created', 95, 95), D('lost', {}, 50)])).toBe('refund.created');
      expect(type([C('updated', 90), R('created', 20, 20), D('lost', { amount: 1 }, 50)])).toBe('charge.updated');
    },
  );
});

describe('a refund or dispute without a charge changes nothing', () => {
  test(rule('A refund or dispute that names no charge is ignored (`no_charge`).'), async () => {
    const { decide } = await import('../../functions/domain/decide.js');
    for (const each of [
      event('refund.created', refund({ charge: null })),
      event('charge.dispute.created', dispute({ charge: undefined })),
    ])
      for (const transactionSource of ['charge', 'invoice'] as const)
        expect(decide(each, { ...DEFAULT_SETTINGS, transactionSource })).toMatchObject({
          changes: [],
          ignored: 'no_charge',
        });
  });
});
test('a refund or dispute of a charge that has not been seen is evidence and no row', () => {
  expect(chargeRowOf([R('created', 20, 20), D('lost')], NET)).toBeUndefined();
});
