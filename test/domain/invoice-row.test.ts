// The row of an invoice, computed from whole events.

import { describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.js';
import { charge, dispute, event, invoice, invoicePayment, NOON, refund } from '../support/builders/events.js';
import type { Event } from '../support/builders/history.js';
import { rule } from '../support/rule.js';
import { invoiceRowOf } from '../support/schedules/compute.js';

const DELETE: Settings = { ...DEFAULT_SETTINGS, transactionSource: 'invoice' };
const NET: Settings = { ...DELETE, partialRefund: 'net' };
const LINK = { customer_key: 'acme', moves: 1 };

const paid = (fields: object = {}, at = 0, id = 'evt_paid') =>
  event('invoice.payment_succeeded', invoice({ ...fields }), at, id);
const refunded = (fields: object = {}, at = 1, id = 'evt_r') =>
  event('charge.refunded', charge({ amount_refunded: 500, ...fields }), at, id);
const failed = (fields: object = {}, at = 1) =>
  event('charge.failed', charge({ status: 'failed', ...fields }), at, 'evt_f');
const payment = (invoiceId: string, intent: string, at = 0) =>
  event('invoice_payment.paid', invoicePayment(invoiceId, intent), at);
/** An invoice as it is since API 2025-03-31: it names no payment. */
const bare = (fields: object = {}) => paid({ charge: undefined, payment_intent: undefined, ...fields });

describe('a row has the attributes of the contract', () => {
  test(rule("An invoice's row has no `captured` and no `payment_intent_id`."), () => {
    expect(invoiceRowOf([paid({ metadata: { product_key: 'gold' } })], DELETE, LINK)).toEqual({
      transaction_id: 'in_1',
      status: 'recorded',
      source: 'invoice',
      amount: 5000,
      amount_refunded: 0,
      amount_net: 5000,
      currency: 'usd',
      created: NOON,
      stripe_customer_id: 'cus_a',
      customer_key: 'acme',
      customer_key_source: 'linked',
      product_key: 'gold',
      invoice_id: 'in_1',
      livemode: false,
      event_id: 'evt_paid',
      event_type: 'invoice.payment_succeeded',
      version: `00${NOON}#0#evt_paid`,
    });
  });
  test('a deleted row has the same, with its key in `deleted_customer_key`', () => {
    const own = { metadata: { customer_key: 'own' } };
    const { status, customer_key, ...rest } = invoiceRowOf([paid(own)], DELETE, LINK)!;
    expect([status, customer_key]).toEqual(['recorded', 'own']);
    expect(invoiceRowOf([paid(own), refunded()], DELETE, LINK)).toEqual({
      ...rest,
      status: 'deleted',
      deleted_customer_key: 'own',
      deleted_reason: 'refunded',
      amount_refunded: 500,
      amount_net: 0,
      event_id: 'evt_r',
      event_type: 'charge.refunded',
      version: `00${NOON + 1}#3#evt_r`,
    });
  });
  test(
    rule(
      'the row of an invoice exists as soon as a paid event with `amount_paid` > 0 has been received, and the newest of these determines it',
    ),
    () => {
      expect(invoiceRowOf([refunded(), failed()], DELETE)).toBeUndefined();
      expect(invoiceRowOf([paid({ amount_paid: 0 })], DELETE)).toBeUndefined();
      const newer = event('invoice.paid', invoice({ amount_paid: 4000 }), 5, 'evt_newer');
      expect(invoiceRowOf([newer, paid()], DELETE)).toMatchObject({ amount: 4000, event_id: 'evt_newer' });
    },
  );
});

describe('the newest link decides which invoice a charge paid', () => {
  const refundedOf = (events: Event[]) => invoiceRowOf(events, NET)?.amount_refunded;
  test(
    rule(
      'The invoice of a charge is `charge.invoice` of its newest `charge.refunded` (API before 2025-03-31); otherwise the invoice linked to its payment intent … otherwise the invoice linked to the charge ID.',
    ),
    () => {
      expect(refundedOf([bare(), refunded({ invoice: 'in_1' })])).toBe(500);
      expect(refundedOf([bare(), refunded({ invoice: 'in_1' }), payment('in_2', 'pi_1')])).toBe(500);
      expect(refundedOf([paid(), refunded({ invoice: 'in_2' })])).toBe(0);
      expect(refundedOf([paid(), refunded({ invoice: 'in_1' }, 1, 'evt_1'), refunded({ invoice: 'in_2' }, 2)])).toBe(0);
      expect(refundedOf([bare(), refunded(), payment('in_1', 'pi_1')])).toBe(500);
      expect(refundedOf([paid({ payment_intent: undefined }), refunded()])).toBe(500);
      // The charge ID is linked to in_1, its payment intent to in_2.
      expect(refundedOf([paid({ payment_intent: undefined }), refunded(), payment('in_2', 'pi_1')])).toBe(0);
      expect(refundedOf([bare(), refunded()])).toBe(0);
    },
  );
  test('a refund or a dispute is sufficient to name the payment intent', () => {
    const linked = [bare(), payment('in_1', 'pi_1')];
    expect(refundedOf([...linked, event('refund.created', refund({ amount: 700 }), 1)])).toBe(700);
    const lost = event('charge.dispute.closed', dispute({ amount: 700 }), 1);
    expect(invoiceRowOf([...linked, lost], NET)).toMatchObject({ amount_disputed: 700, amount_net: 4300 });
  });
  test(rule('The newest link wins.'), () => {
    const other = (at: number) => paid({ id: 'in_2' }, at, 'evt_other');
    expect(refundedOf([paid(), other(-1), refunded()])).toBe(500);
    expect(refundedOf([paid(), other(1), refunded()])).toBe(0);
    expect(invoiceRowOf([paid(), other(1), refunded()], NET, undefined, 'in_2')?.amount_refunded).toBe(500);
  });
});

describe('refunds and disputes of all its charges reverse an invoice', () => {
  const second = { id: 'ch_2', payment_intent: 'pi_2', amount: 3000, amount_captured: 3000 };
  const two = [
    paid({ payments: { data: [{ payment: { payment_intent: 'pi_2' } }] } }),
    refunded({ amount_refunded: 2000, refunded: true }, 1),
  ];
  test(rule('in `invoice` mode it is the newest `charge.refunded` of the charge'), () => {
    const older = refunded({ amount_refunded: 100 }, 1, 'evt_1');
    const newer = refunded({ amount_refunded: 300 }, 2, 'evt_2');
    expect(invoiceRowOf([paid(), newer, older], NET)).toMatchObject({ amount_refunded: 300, event_id: 'evt_2' });
  });
  test(rule('and without one, C shows no refund and precedes every event'), () => {
    const alone = event('refund.created', refund({ amount: 700, created: NOON - 50 }), 1);
    const undone = event('refund.failed', refund({ id: 're_2', amount: 900 }), 2);
    expect(invoiceRowOf([paid(), alone, undone], NET)).toMatchObject({
      amount_refunded: 700,
      event_type: 'refund.created',
    });
  });
  test(rule('`refunded` and `disputed` of an invoice are the sums over its charges, capped at `amount_paid`.'), () => {
    const all = [...two, refunded({ ...second, amount_refunded: 2500 }, 2, 'evt_2')];
    expect(invoiceRowOf(all, NET)).toMatchObject({ amount_refunded: 4500, amount_net: 500 });
    const more = refunded({ ...second, amount_refunded: 3500 }, 3, 'evt_3');
    expect(invoiceRowOf([...two, more], NET)).toMatchObject({ amount_refunded: 5000, amount_net: 0 });
    const lost = (id: string, of: string, amount: number) =>
      event('charge.dispute.closed', dispute({ id, charge: of, payment_intent: of.replace('ch', 'pi'), amount }), 4);
    const disputed = [...two, lost('dp_1', 'ch_1', 1000), lost('dp_2', 'ch_2', 1500)];
    expect(invoiceRowOf(disputed, NET)).toMatchObject({ amount_disputed: 2500, amount_net: 500 });
    expect(invoiceRowOf([...disputed, lost('dp_3', 'ch_2', 1000)], NET)).toMatchObject({
      status: 'deleted',
      deleted_reason: 'disputed',
      amount_refunded: 2000,
      amount_disputed: 3000,
    });
    const foreign = event(
      'charge.dispute.closed',
      dispute({ charge: 'ch_2', payment_intent: 'pi_2', amount: 1, currency: 'eur' }),
      4,
    );
    expect(invoiceRowOf([...two, foreign], NET)).toMatchObject({ amount_refunded: 2000, amount_disputed: 3000 });
  });
  test(rule('One of two payments refunded in full does not delete the invoice under `net`.'), () => {
    expect(invoiceRowOf(two, NET)).toMatchObject({ status: 'recorded', amount_refunded: 2000, amount_net: 3000 });
    expect(invoiceRowOf(two, DELETE)?.status).toBe('deleted');
  });
  test('a refund that fails restores the invoice', () => {
    const fails = event('refund.failed', refund({ amount: 500, created: NOON }), 5);
    expect(invoiceRowOf([paid(), refunded(), fails], DELETE)).toMatchObject({
      status: 'recorded',
      amount_net: 5000,
      event_type: 'refund.failed',
    });
  });
  test(rule('the newest paid event, every C that shows a refund, and the same refunds and disputes'), () => {
    const type = (events: Event[]) => invoiceRowOf(events, NET)?.event_type;
    expect(type([paid(), refunded({ amount_refunded: 0 })])).toBe('invoice.payment_succeeded');
    expect(type([paid(), refunded()])).toBe('charge.refunded');
    expect(type([paid({}, 9), refunded()])).toBe('invoice.payment_succeeded');
    expect(type([paid(), refunded(), event('refund.created', refund({ amount: 5, created: NOON + 2 }), 2)])).toBe(
      'refund.created',
    );
    expect(type([paid(), refunded(), event('refund.created', refund({ amount: 500 }), 2)])).toBe('charge.refunded');
    expect(type([paid(), event('charge.dispute.closed', dispute({ amount: 5 }), 2)])).toBe('charge.dispute.closed');
    expect(type([paid(), event('charge.dispute.closed', dispute({ status: 'won' }), 2)])).toBe(
      'invoice.payment_succeeded',
    );
  });
});

describe('charge.failed deletes only the invoice that this charge paid', () => {
  test(
    rule(
      "A declined first attempt shares its payment intent with the attempt that paid, so `charge.failed` deletes only by the charge's own ID.",
    ),
    () => {
      expect(invoiceRowOf([paid({ charge: undefined }), failed()], DELETE)?.status).toBe('recorded');
      expect(invoiceRowOf([paid({ charge: 'ch_2' }), failed({ invoice: 'in_1' })], DELETE)?.status).toBe('recorded');
      expect(invoiceRowOf([paid({ payment_intent: undefined }), failed()], DELETE)?.status).toBe('deleted');
      expect(invoiceRowOf([paid(), failed()], NET)).toMatchObject({
        status: 'deleted',
        deleted_reason: 'failed',
        amount_net: 0,
      });
    },
  );
  test(rule('This is final; the newest such event determines `event_id`, `event_type` and `version`.'), () => {
    const older = event('charge.failed', charge(), 1, 'evt_0');
    const row = invoiceRowOf([failed({}, 3), older, paid({}, 9, 'evt_later'), refunded({}, 10)], NET);
    expect(row).toMatchObject({ deleted_reason: 'failed', event_id: 'evt_f', version: `00${NOON + 3}#0#evt_f` });
  });
});

describe('under excluding_tax amounts are reduced by the share of the tax', () => {
  const WITHOUT_TAX: Settings = { ...NET, amountBasis: 'excluding_tax' };
  const row = (fields: object, events: Event[] = [], settings = WITHOUT_TAX) =>
    invoiceRowOf([paid({ amount_paid: 1200, total: 1200, total_excluding_tax: 1000, ...fields }), ...events], settings);

  test(rule('Each of `amount`, `amount_refunded` and `amount_disputed` becomes a × X / T'), () => {
    const reversals = [refunded({ amount_refunded: 600 }), event('charge.dispute.closed', dispute({ amount: 300 }), 2)];
    expect(row({}, reversals)).toMatchObject({
      amount: 1000,
      amount_refunded: 500,
      amount_disputed: 250,
      amount_net: 250,
    });
    expect(row({}, reversals, NET)).toMatchObject({ amount: 1200, amount_refunded: 600, amount_net: 300 });
    // Part of the total was paid from the customer's balance.
    expect(row({ amount_paid: 600 })).toMatchObject({ amount: 500 });
  });
  test(rule('rounded half up'), () => {
    const amount = (paidAmount: number, total: number, total_excluding_tax: number) =>
      row({ amount_paid: paidAmount, total, total_excluding_tax })?.amount;
    expect([amount(1, 2, 1), amount(3, 2, 1), amount(5, 2, 1)]).toEqual([1, 2, 3]);
    expect([amount(1, 1000, 499), amount(1, 1000, 500), amount(1, 3, 1), amount(2, 3, 1)]).toEqual([0, 1, 0, 1]);
    // Exact where a product of doubles is not.
    expect(amount(9_007_199_254_740_991, 9_007_199_254_740_991, 9_007_199_254_740_990)).toBe(9_007_199_254_740_990);
  });
  test(rule('after the decision whether the row is deleted'), () => {
    const almost = refunded({ amount: 1200, amount_captured: 1200, amount_refunded: 1199 });
    expect(row({ total_excluding_tax: 12 }, [almost])).toMatchObject({
      status: 'recorded',
      amount: 12,
      amount_refunded: 12,
      amount_net: 0,
    });
    const little = refunded({ amount_refunded: 1 });
    expect(row({ total_excluding_tax: 12 }, [little], { ...WITHOUT_TAX, partialRefund: 'delete' })).toMatchObject({
      status: 'deleted',
      amount_refunded: 0,
      amount_net: 0,
    });
  });
  test(rule('If T is 0 or the tax is unknown, amounts stay as they are.'), () => {
    expect(row({ total: 0, total_excluding_tax: 0 })?.amount).toBe(1200);
    expect(row({ total_excluding_tax: undefined })?.amount).toBe(1200);
    expect(row({ total: undefined })?.amount).toBe(1200);
  });
});
