// What invoices, and charges in `invoice` mode, say.

import { describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.js';
import type { Entity, PaidInvoice } from '../../functions/domain/change.js';
import { decide } from '../../functions/domain/decide.js';
import { charge, dispute, event, invoice, invoicePayment, NOON, refund } from '../support/builders/events.js';
import { rule } from '../support/rule.js';

const SETTINGS: Settings = { ...DEFAULT_SETTINGS, transactionSource: 'invoice' };
const VERSION = `00${NOON}#0#evt_1`;

const decided = (type: string, object: Record<string, unknown>) => decide(event(type, object, 0, 'evt_1'), SETTINGS);
const decidePaid = (fields: Record<string, unknown> = {}, type = 'invoice.payment_succeeded') =>
  decided(type, invoice(fields));
const evidenceOf = (changes: ReturnType<typeof decide>['changes'], entity: Entity) => {
  for (const change of changes)
    if (change.kind === 'evidence' && change.entity.type === entity.type && change.entity.id === entity.id)
      return change.evidence;
  throw new Error(`no evidence about ${entity.type} ${entity.id}`);
};
const paidBy = (fields: Record<string, unknown>): PaidInvoice =>
  evidenceOf(decidePaid(fields).changes, { type: 'invoice', id: 'in_1' }).paid!;

describe('a paid invoice is recorded from its event', () => {
  test('has everything that its row shows, and links its payments in both directions', () => {
    const payments = [
      { type: 'payment_intent', id: 'pi_1' },
      { type: 'charge', id: 'ch_1' },
    ];
    for (const type of ['invoice.payment_succeeded', 'invoice.paid']) {
      expect(decidePaid({ metadata: { product_key: 'gold' } }, type).changes).toEqual([
        {
          kind: 'evidence',
          entity: { type: 'invoice', id: 'in_1' },
          evidence: {
            paid: {
              event_id: 'evt_1',
              event_type: type,
              version: VERSION,
              amount: 5000,
              currency: 'usd',
              created: NOON,
              stripe_customer_id: 'cus_a',
              product_key: 'gold',
              invoice_id: 'in_1',
              livemode: false,
            },
            claims: [{ version: VERSION, payments }],
            related: [...payments].reverse(),
          },
        },
        ...payments.map((entity) => ({
          kind: 'evidence',
          entity,
          evidence: { related: [{ type: 'invoice', id: 'in_1' }] },
        })),
      ]);
    }
  });
  test(rule('record the transaction, unless `amount_paid` is 0.'), () => {
    const { changes, ignored } = decidePaid({ amount_paid: 0, metadata: { customer_key: 'k' } });
    expect(ignored).toBe('nothing_paid');
    expect(changes.map(({ kind }) => kind)).toEqual(['evidence', 'evidence', 'evidence']);
    expect(evidenceOf(changes, { type: 'invoice', id: 'in_1' })).not.toHaveProperty('paid');
  });
  test(rule('An invoice of amount 0 still links its payments to itself.'), () => {
    const { changes } = decidePaid({ amount_paid: 0, charge: null });
    expect(evidenceOf(changes, { type: 'invoice', id: 'in_1' }).claims).toEqual([
      { version: VERSION, payments: [{ type: 'payment_intent', id: 'pi_1' }] },
    ]);
  });
  test(rule('An `invoice.paid` with `paid_out_of_band: true` is ignored (`paid_out_of_band`)'), () => {
    expect(decidePaid({ paid_out_of_band: true }, 'invoice.paid')).toMatchObject({
      changes: [],
      ignored: 'paid_out_of_band',
    });
    for (const said of [false, null, undefined])
      expect(decidePaid({ paid_out_of_band: said }, 'invoice.paid').ignored).toBeUndefined();
    expect(decidePaid({ paid_out_of_band: true }).ignored).toBeUndefined();
  });
  test(
    rule(
      'Before `amount_paid` existed, an invoice with `paid: true` was paid its `amount_due`. Its `created` was called `date` until API 2019-03-14.',
    ),
    () => {
      const old = { amount_paid: undefined, amount_due: 700, paid: true, created: undefined, date: 5 };
      expect(paidBy(old)).toMatchObject({ amount: 700, created: 5 });
      expect(() => decidePaid({ amount_paid: undefined, amount_due: 700 })).toThrow(/amount_paid/);
      expect(paidBy({ amount_paid: 300, amount_due: 700, paid: true }).amount).toBe(300);
    },
  );
  test(rule("a key missing there is read from the subscription's metadata on the invoice"), () => {
    const copy = { customer_key: 'sub', product_key: 'gold', gspk: 'cDk=' };
    for (const place of [
      { parent: { subscription_details: { metadata: copy } } },
      { subscription_details: { metadata: copy } },
    ]) {
      expect(paidBy({ ...place, metadata: { product_key: 'own' } })).toMatchObject({
        customer_key: 'sub',
        product_key: 'own',
      });
      expect(decidePaid(place).changes.at(-1)).toEqual({
        kind: 'customer',
        customer_key: 'sub',
        partner: { partner_key: 'p9', version: VERSION },
      });
    }
    const newer = { parent: { subscription_details: { metadata: { customer_key: 'new' } } } };
    expect(paidBy({ ...newer, subscription_details: { metadata: copy } })).toMatchObject({
      customer_key: 'new',
      product_key: 'gold',
    });
  });
});

describe('an invoice states its amounts with and without tax', () => {
  describe(
    rule(
      "let T be the invoice's `total` and X its `total_excluding_tax` (if absent: T − `tax`, or T − the sum of `total_tax_amounts`)",
    ),
    () => {
      const basisOf = (fields: Record<string, unknown>) => paidBy(fields).tax_basis;
      test.each<[string, Record<string, unknown>, number | undefined]>([
        ['total_excluding_tax', { total: 1200, total_excluding_tax: 1000, tax: 1 }, 1000],
        ['tax', { total: 1200, tax: 150, total_tax_amounts: [{ amount: 1 }] }, 1050],
        ['a tax of 0', { total: 1200, tax: 0 }, 1200],
        ['total_tax_amounts', { total: 1200, tax: null, total_tax_amounts: [{ amount: 150 }, { amount: 20 }] }, 1030],
        ['an empty list of taxes', { total: 1200, total_tax_amounts: [] }, 1200],
        ['no tax', { total: 1200 }, undefined],
        ['a list that is null', { total: 1200, total_tax_amounts: null }, undefined],
        ['no total', { total_excluding_tax: 1000, tax: 200 }, undefined],
      ])('%s', (_, fields, excluding_tax) => {
        expect(basisOf(fields)).toEqual(excluding_tax === undefined ? undefined : { total: 1200, excluding_tax });
      });
      test.each([
        ['total', { total: '1200' }],
        ['total_excluding_tax', { total: 1, total_excluding_tax: 'x' }],
        ['tax', { total: 1, tax: 1.5 }],
        ['amount', { total: 1, total_tax_amounts: [{ amount: 'x' }] }],
      ])('an amount that is not an integer is not understood: %s', (field, fields) => {
        expect(() => decidePaid(fields)).toThrow(`the event's ${field} is not an integer`);
      });
    },
  );
});

describe('an invoice is linked to its payments', () => {
  describe(
    rule(
      'Links come from `invoice.charge`, `invoice.payment_intent`, `invoice.payments.data[].payment` and `invoice_payment.paid`.',
    ),
    () => {
      const paymentsOf = (fields: Record<string, unknown>) =>
        evidenceOf(decidePaid(fields).changes, { type: 'invoice', id: 'in_1' }).claims![0]!.payments.map(
          ({ id }) => id,
        );
      test('an invoice names its payments in each of three places, whole or by ID', () => {
        const payments = {
          data: [
            { payment: { type: 'payment_intent', payment_intent: { id: 'pi_9' } } },
            { payment: { type: 'charge', charge: 'ch_9' } },
            { payment: { type: 'charge', charge: 'ch_1' } },
            null,
          ],
        };
        expect(paymentsOf({ payments })).toEqual(['pi_1', 'ch_1', 'pi_9', 'ch_9']);
        expect(paymentsOf({ charge: { id: 'ch_x' }, payment_intent: null })).toEqual(['ch_x']);
        for (const none of [null, {}, { data: null }, []])
          expect(paymentsOf({ charge: null, payment_intent: null, payments: none })).toEqual([]);
      });
      test('an invoice payment names one', () => {
        const { changes, objectId } = decided('invoice_payment.paid', invoicePayment('in_1', 'pi_2'));
        expect(objectId).toBe('inpay_in_1_pi_2');
        expect(evidenceOf(changes, { type: 'invoice', id: 'in_1' })).toEqual({
          claims: [{ version: VERSION, payments: [{ type: 'payment_intent', id: 'pi_2' }] }],
          related: [{ type: 'payment_intent', id: 'pi_2' }],
        });
        expect(evidenceOf(changes, { type: 'payment_intent', id: 'pi_2' })).toEqual({
          related: [{ type: 'invoice', id: 'in_1' }],
        });
      });
      test(
        rule(
          'An `invoice_payment.paid` that names neither a payment intent nor a charge is ignored (`no_payment_named`).',
        ),
        () => {
          const payment = { type: 'payment_record', payment_record: 'pr_1' };
          const decision = decided('invoice_payment.paid', { ...invoicePayment('in_1', 'pi_2'), payment });
          expect(decision.ignored).toBe('no_payment_named');
          expect(() => decided('invoice_payment.paid', { id: 'x', payment })).toThrow(/the event's invoice is not/);
        },
      );
    },
  );
});

test('an event that names no payment still replaces a rendering of it that did', () => {
  const entity = { type: 'invoice', id: 'in_1' } as const;
  const none = { claims: [{ version: VERSION, payments: [] }] };
  const nothingPaid = decidePaid({ amount_paid: 0, charge: null, payment_intent: null });
  expect(nothingPaid.changes).toEqual([{ kind: 'evidence', entity, evidence: none }]);
  expect(evidenceOf(decidePaid({ charge: null, payment_intent: null }).changes, entity)).toMatchObject(none);
  const payment = { type: 'payment_record', payment_record: 'pr_1' };
  const outside = decided('invoice_payment.paid', { ...invoicePayment('in_1', 'pi_2'), payment });
  expect(outside.changes).toEqual([{ kind: 'evidence', entity, evidence: none }]);
});

describe('in `invoice` mode charges are evidence about their invoice', () => {
  test(rule('Customer events and invoices alone identify customers in this mode; charge metadata is not read.'), () => {
    const own = charge({ amount_refunded: 5, metadata: { customer_key: 'k', partner_key: 'p' } });
    for (const type of ['charge.refunded', 'charge.failed'])
      expect(decided(type, own).changes.filter(({ kind }) => kind === 'customer')).toEqual([]);
  });
  test('a refund names the charge, its payment intent and, in old payloads, its invoice', () => {
    const { changes } = decided('charge.refunded', charge({ amount_refunded: 500, invoice: 'in_1' }));
    const version = `00${NOON}#3#evt_1`;
    expect(evidenceOf(changes, { type: 'charge', id: 'ch_1' })).toEqual({
      refunded: { event_id: 'evt_1', event_type: 'charge.refunded', version, shown: 500, invoice_id: 'in_1' },
      refunds_shown: [{ version, shows: true }],
      related: [
        { type: 'invoice', id: 'in_1' },
        { type: 'payment_intent', id: 'pi_1' },
      ],
    });
    for (const entity of [
      { type: 'invoice', id: 'in_1' },
      { type: 'payment_intent', id: 'pi_1' },
    ] as const)
      expect(evidenceOf(changes, entity)).toEqual({ related: [{ type: 'charge', id: 'ch_1' }] });
  });
  test(rule('(which any charge, refund or dispute event may name)'), () => {
    for (const [type, object] of [
      ['charge.refunded', charge()],
      ['charge.failed', charge()],
      ['refund.created', refund()],
      ['charge.dispute.created', dispute()],
    ] as const) {
      expect(evidenceOf(decided(type, object).changes, { type: 'payment_intent', id: 'pi_1' })).toEqual({
        related: [{ type: 'charge', id: 'ch_1' }],
      });
      const alone = decided(type, { ...object, payment_intent: null }).changes;
      expect(alone).toMatchObject([{ entity: { type: 'charge', id: 'ch_1' } }]);
    }
  });
});
