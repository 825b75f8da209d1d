import { describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.js';
import { decide } from '../../functions/domain/decide.js';
import { type InvoiceView, invoiceRow } from '../../functions/domain/invoice-row.js';
import { charge, event, invoice, NOON } from '../support/events.js';
import { rule } from '../support/rule.js';

const DELETE: Settings = { ...DEFAULT_SETTINGS, transactionSource: 'invoice' };
const NET: Settings = { ...DELETE, partialRefund: 'net' };

const paid = (fields: Record<string, unknown> = {}) =>
  decide(event('invoice.payment_succeeded', invoice(fields), 0, 'evt_1'), DELETE);
const rowOf = (fields: Record<string, unknown>) => {
  const change = paid(fields).changes.find(({ kind }) => kind === 'invoice-paid');
  if (change?.kind !== 'invoice-paid') throw new Error('not recorded');
  return change.row;
};

describe('invoice.payment_succeeded', () => {
  test(rule("(an invoice's row has no `captured` and no `payment_intent_id`)"), () => {
    expect(rowOf({})).toEqual({
      transaction_id: 'in_1',
      status: 'recorded',
      source: 'invoice',
      amount: 5000,
      amount_refunded: 0,
      amount_net: 5000,
      currency: 'usd',
      created: NOON,
      stripe_customer_id: 'cus_a',
      invoice_id: 'in_1',
      livemode: false,
      event_id: 'evt_1',
      event_type: 'invoice.payment_succeeded',
      version: `00${NOON}#0#evt_1`,
    });
  });
  test(rule('record the transaction, unless `amount_paid` is 0'), () => {
    const { changes, ignored } = paid({ amount_paid: 0, metadata: { customer_key: 'k' } });
    expect([changes.map(({ kind }) => kind), ignored]).toEqual([
      ['invoice-payment', 'invoice-payment'],
      'nothing_paid',
    ]);
  });
  test(rule('An invoice from before `amount_paid` existed was paid what was due, if it is `paid`.'), () => {
    expect(rowOf({ amount_paid: undefined, amount_due: 700, paid: true, created: undefined, date: 5 })).toMatchObject({
      amount: 700,
      created: 5,
    });
    expect(() => paid({ amount_paid: undefined, amount_due: 700 })).toThrow(/amount_paid/);
  });
  test(rule("where it lacks a key, the subscription's copy on the invoice is read"), () => {
    const copy = { customer_key: 'sub', product_key: 'gold', gspk: 'cDk=' };
    for (const place of [
      { parent: { subscription_details: { metadata: copy } } },
      { subscription_details: { metadata: copy } },
    ]) {
      expect(rowOf({ ...place, metadata: { product_key: 'own' } })).toMatchObject({
        customer_key: 'sub',
        customer_key_source: 'own',
        product_key: 'own',
      });
      expect(paid(place).changes.at(-1)).toMatchObject({
        kind: 'customer',
        customer_key: 'sub',
        partner: { partner_key: 'p9' },
      });
    }
  });
  test(
    rule(
      'Links come from `invoice.charge`, `invoice.payment_intent`, `invoice.payments.data[].payment` and `invoice_payment.paid`.',
    ),
    () => {
      const payments = {
        data: [
          { payment: { type: 'payment_intent', payment_intent: { id: 'pi_9' } } },
          { payment: { type: 'charge', charge: 'ch_9' } },
          null,
        ],
      };
      const found = paid({ payments }).changes.flatMap((change) =>
        change.kind === 'invoice-payment' ? change.payment.id : [],
      );
      expect(found).toEqual(['pi_1', 'ch_1', 'pi_9', 'ch_9']);
      const linked = decide(
        event('invoice_payment.paid', {
          id: 'inpay_1',
          object: 'invoice_payment',
          invoice: 'in_1',
          payment: { payment_intent: 'pi_2' },
        }),
        DELETE,
      );
      expect(linked.changes).toMatchObject([
        { kind: 'invoice-payment', invoice_id: 'in_1', payment: { type: 'payment_intent', id: 'pi_2' } },
      ]);
    },
  );
});

describe('the row of an invoice', () => {
  const refund = (fields: Record<string, unknown>, at: number, id: string) => {
    const [change] = decide(event('charge.refunded', charge(fields), at, id), DELETE).changes;
    if (change?.kind !== 'charge-refunded') throw new Error('no refund');
    return change;
  };
  const failure = (fields: Record<string, unknown>) => {
    const [change] = decide(event('charge.failed', charge(fields), 1, 'evt_f'), DELETE).changes;
    if (change?.kind !== 'charge-failed') throw new Error('no failure');
    return change;
  };
  const link = (type: 'payment_intent' | 'charge', id: string, invoice_id = 'in_1', version = '1') => ({
    type,
    id,
    invoice_id,
    version,
  });
  const view = (fields: Partial<InvoiceView>): InvoiceView => ({
    invoice_id: 'in_1',
    paid: [rowOf({})],
    refunds: [],
    failures: [],
    links: [],
    ...fields,
  });

  test(
    rule(
      'The invoice of a charge is `charge.invoice` (API before 2025-03-31), else the invoice linked to its `payment_intent`, else to the charge id.',
    ),
    () => {
      const status = (fields: Record<string, unknown>, links: InvoiceView['links']) =>
        invoiceRow(view({ refunds: [refund({ amount_refunded: 1, ...fields }, 1, 'evt_r')], links }), DELETE)?.status;
      expect(status({ invoice: 'in_1' }, [link('payment_intent', 'pi_1', 'in_2')])).toBe('deleted');
      expect(status({ invoice: 'in_2' }, [link('payment_intent', 'pi_1', 'in_1')])).toBe('recorded');
      expect(status({}, [link('payment_intent', 'pi_1'), link('charge', 'ch_1', 'in_2')])).toBe('deleted');
      expect(status({}, [link('payment_intent', 'pi_1', 'in_2'), link('charge', 'ch_1')])).toBe('recorded');
      expect(status({}, [link('charge', 'ch_1')])).toBe('deleted');
      expect(status({}, [])).toBe('recorded');
    },
  );
  test(rule('Where two invoices claim one payment, the newer word counts.'), () => {
    const refunds = [refund({ amount_refunded: 1 }, 1, 'evt_r')];
    const older = link('payment_intent', 'pi_1', 'in_1', '1');
    const newer = link('payment_intent', 'pi_1', 'in_2', '2');
    expect(invoiceRow(view({ refunds, links: [newer, older] }), DELETE)?.status).toBe('recorded');
    expect(invoiceRow(view({ refunds, links: [older] }), DELETE)?.status).toBe('deleted');
  });
  test(rule("any `charge.refunded` that truly refunds a part deletes the invoice's transaction"), () => {
    const links = [link('charge', 'ch_1')];
    expect(
      invoiceRow(
        view({ links, refunds: [refund({ amount_captured: 1500, amount_refunded: 500 }, 1, 'evt_r')] }),
        DELETE,
      )?.status,
    ).toBe('recorded');
    expect(invoiceRow(view({ links, refunds: [refund({ amount_refunded: 500 }, 1, 'evt_r')] }), DELETE)).toEqual({
      transaction_id: 'in_1',
      status: 'deleted',
      source: 'invoice',
      amount: 5000,
      currency: 'usd',
      created: NOON,
      livemode: false,
      event_id: 'evt_r',
      event_type: 'charge.refunded',
      version: `00${NOON + 1}#3#evt_r`,
      deleted_reason: 'refunded',
      expires_at: NOON + 1 + 90 * 24 * 3600,
    });
  });
  test(
    rule(
      'what the newest `charge.refunded` of each of its charges truly refunded adds up to `amount_refunded`; the transaction is deleted once that reaches `amount`',
    ),
    () => {
      const links = [link('charge', 'ch_1'), link('charge', 'ch_2')];
      const first = refund({ amount_refunded: 500 }, 1, 'evt_1');
      const again = refund({ amount_refunded: 800 }, 2, 'evt_2');
      const other = refund(
        { id: 'ch_2', amount: 4200, amount_captured: 4200, amount_refunded: 4200, refunded: true },
        3,
        'evt_3',
      );
      expect(invoiceRow(view({ links, refunds: [again, first] }), NET)).toMatchObject({
        status: 'recorded',
        amount_refunded: 800,
        amount_net: 4200,
      });
      expect(invoiceRow(view({ links, refunds: [other] }), NET)).toMatchObject({ status: 'recorded', amount_net: 800 });
      expect(invoiceRow(view({ links, refunds: [other, again, first] }), NET)).toMatchObject({
        status: 'deleted',
        event_id: 'evt_3',
      });
    },
  );
  test(rule("`charge.failed` deletes only by the charge's own id"), () => {
    const failures = [failure({ invoice: 'in_1', status: 'failed' })];
    expect(invoiceRow(view({ failures, links: [link('payment_intent', 'pi_1')] }), DELETE)?.status).toBe('recorded');
    expect(invoiceRow(view({ failures, links: [link('charge', 'ch_1')] }), DELETE)).toMatchObject({
      status: 'deleted',
      deleted_reason: 'failed',
    });
  });
  test(
    rule('A row exists for an invoice once its `invoice.payment_succeeded` has come, with `amount_paid` above 0'),
    () => {
      expect(invoiceRow(view({ paid: [] }), DELETE)).toBeUndefined();
    },
  );
});
