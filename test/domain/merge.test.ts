// The changes of a batch, merged by what they are about.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.js';
import { decide } from '../../functions/domain/decide.js';
import { type MergedBatch, mergeChanges } from '../../functions/domain/merge.js';
import { charge, customer, dispute, event, invoice, refund } from '../support/builders/events.js';
import type { Event } from '../support/builders/history.js';

const INVOICE: Settings = { ...DEFAULT_SETTINGS, transactionSource: 'invoice' };
const decisionsOf = (events: readonly Event[], settings = DEFAULT_SETTINGS) =>
  events.map((each) => decide(each, settings));

test('changes about one object become one change, which lists every event that it came from', () => {
  const [created, updated, other] = decisionsOf([
    event('customer.created', customer('acme')),
    event('customer.updated', customer('beta'), 1),
    event('customer.created', customer('acme', { id: 'cus_b' }), 2),
  ]);
  const { customers, links } = mergeChanges([created!, updated!, other!]);
  expect(customers.map(({ change, decisions }) => [change.customer_key, decisions])).toEqual([
    ['acme', [created, other]],
    ['beta', [updated]],
  ]);
  expect(links).toMatchObject([
    { change: { stripe_customer_id: 'cus_a', customer_key: 'beta' }, decisions: [created, updated] },
    { change: { stripe_customer_id: 'cus_b', customer_key: 'acme' }, decisions: [other] },
  ]);
  expect(links[0]!.change.oldest.version < links[0]!.change.version).toBe(true);
});

test('a charge, its refunds and its disputes are one change', () => {
  const decisions = decisionsOf([
    event('charge.succeeded', charge(), 0),
    event('refund.created', refund(), 1),
    event('charge.dispute.created', dispute(), 2),
    event('refund.created', refund({ id: 're_2', charge: 'ch_2' }), 3),
  ]);
  const { charges, evidence } = mergeChanges(decisions);
  expect(charges).toMatchObject([
    {
      change: {
        charge_id: 'ch_1',
        snapshot: { event_type: 'charge.succeeded' },
        evidence: { refunds: [{ id: 're_1' }], disputes: [{ id: 'dp_1' }] },
      },
    },
    { change: { charge_id: 'ch_2', evidence: { refunds: [{ id: 're_2' }] } } },
  ]);
  expect(charges[0]!.decisions).toEqual(decisions.slice(0, 3));
  expect(charges[1]!.change).not.toHaveProperty('snapshot');
  expect(evidence).toEqual([]);
});

test('an event that names an object twice is listed once', () => {
  const own = event('charge.succeeded', charge({ metadata: { customer_key: 'k', partner_key: 'p' } }));
  const [decision] = decisionsOf([own]);
  const { customers } = mergeChanges([decision!, decision!]);
  expect(customers).toHaveLength(1);
  expect(customers[0]!.decisions).toEqual([decision]);
});

describe('a batch of invoice events', () => {
  const events = [
    event('invoice.paid', invoice(), 0),
    event('charge.refunded', charge({ amount_refunded: 500 }), 1),
    event('refund.failed', refund({ amount: 500 }), 2),
    event('charge.failed', charge({ id: 'ch_2', status: 'failed' }), 3),
    event('invoice.payment_succeeded', invoice({ id: 'in_2', charge: 'ch_2' }), 4),
    event('charge.dispute.closed', dispute({ charge: 'ch_2' }), 5),
  ];
  /** What a batch says, without its events and their order. */
  const meaning = (batch: MergedBatch) =>
    [...batch.customers, ...batch.links, ...batch.charges, ...batch.evidence]
      .map(({ change, decisions }) => [change, decisions.length] as const)
      .sort((a, b) => (identity(a[0]) < identity(b[0]) ? -1 : 1));
  const identity = (change: object) => JSON.stringify({ ...change, evidence: undefined, snapshot: undefined });

  test('means the same in any order and with duplicates', () => {
    const decisions = decisionsOf(events, INVOICE);
    const expected = meaning(mergeChanges(decisions));
    expect(expected).toHaveLength(5);
    const orders = fc.shuffledSubarray(decisions, { minLength: decisions.length });
    fc.assert(
      fc.property(orders, fc.array(fc.constantFrom(...decisions)), (order, duplicates) => {
        expect(meaning(mergeChanges([...order, ...duplicates]))).toEqual(expected);
      }),
    );
  });
});
