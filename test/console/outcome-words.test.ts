// The console's sentences about what became of an event.

import { expect, test } from '@jest/globals';
import { eraseEvent } from '../../cli/erase-event.js';
import { changesIn, describeOutcome } from '../../console/events/outcome-words.js';
import { parseSettings } from '../../contract/settings.js';
import type { Transaction } from '../../reader/reader.js';
import { charge, customer, event } from '../support/builders/events.js';

const settings = parseSettings({ livemode: 'both' });
const words = (body: object, outcome: string, row?: Partial<Transaction>) =>
  describeOutcome(
    { sequence: 1, at: 0, outcome },
    { changes: changesIn(JSON.stringify(body), settings), ...(row ? { row: row as Transaction } : {}) },
  );
const refund = { id: 're_1', object: 'refund', amount: 2000, charge: 'ch_1', status: 'failed', created: 1_750_000_000 };
const failedRefund = event('refund.failed', refund as never);

test('a payment whose customer is not known says so, and whom it was credited to later', () => {
  const paid = event('charge.succeeded', charge({ customer: 'cus_unknown' }));
  expect(words(paid, 'waiting')).toBe('recorded 20.00 USD, its customer is not known yet');
  expect(words(paid, 'waiting', { customer_key: 'acme' })).toBe('recorded 20.00 USD, later credited to acme');
});

test('a reversal does not claim to wait for a payment whose row was removed after it counted', () => {
  expect(words(failedRefund, 'waiting')).toBe('refund failed: stored, the payment is not known yet');
  expect(words(failedRefund, 'recorded')).toBe('refund failed: the payment counted; its row was removed later');
  const row = { status: 'recorded', amount_net: 2000, currency: 'usd', customer_key: 'acme' } as const;
  expect(words(failedRefund, 'recorded', row)).toBe('refund of 20.00 USD failed: 20.00 USD counts for acme');
});

test('a customer event says which partner it names, not who referred: an earlier event may name another', () => {
  const metadata = { customer_key: 'cord', partner_key: 'grace' };
  expect(words(event('customer.updated', customer('cord', { metadata })), 'customer_updated')).toBe(
    'customer cord updated; this event names the partner grace',
  );
});

test('an erasure says what it erased', () => {
  expect(words(eraseEvent('cord'), 'customer_updated')).toBe('name and email of customer cord erased');
});
