// The message that an event becomes: an event that is too large for one keeps all that the rules read.

import { describe, expect, test } from '@jest/globals';
import { parseSettings, type Settings } from '../../contract/settings.js';
import { decide } from '../../functions/domain/decide.js';
import { parseEvent } from '../../functions/domain/event.js';
import { MAX_MESSAGE_BYTES, toMessage } from '../../functions/queue/message.js';
import { charge, customer, dispute, event, invoice, invoicePayment, refund } from '../support/builders/events.js';
import { type Event, examples } from '../support/builders/history.js';
import { rule } from '../support/rule.js';

const SETTINGS: readonly Settings[] = [
  parseSettings({}),
  parseSettings({ transactionSource: 'invoice', amountBasis: 'excluding_tax', disputes: 'open' }),
];
const METADATA = { customer_key: 'k', partner_key: 'p', product_key: 'gold', gspk: 'cDk=', note: 'n' };

/** One event for each field that a rule reads and the worked examples do not all have. */
const OTHERS: readonly Event[] = [
  event('customer.created', customer('acme', { metadata: METADATA })),
  event('customer.deleted', customer('acme')),
  ...['succeeded', 'captured', 'updated', 'refunded', 'failed', 'expired'].map((type) =>
    event(`charge.${type}`, charge({ metadata: METADATA, amount_refunded: 300, amount_captured: 1800 })),
  ),
  event(
    'charge.refunded',
    charge({ customer: { id: 'cus_x' }, payment_intent: { id: 'pi_x' }, invoice: { id: 'in_x' } }),
  ),
  event('charge.updated', charge({ refunded: true, amount_captured: undefined })),
  event('charge.succeeded', charge({ status: undefined })),
  event('charge.succeeded', charge({ livemode: true })),
  event('invoice.paid', invoice({ total: 1200, total_excluding_tax: 1000 })),
  event('invoice.paid', invoice({ total: 1200, tax: 200 })),
  event(
    'invoice.paid',
    invoice({ total: 1200, total_tax_amounts: [{ amount: 150, inclusive: true }, { amount: 50 }] }),
  ),
  event('invoice.paid', invoice({ paid_out_of_band: true })),
  event('invoice.payment_succeeded', invoice({ amount_paid: undefined, amount_due: 700, paid: true })),
  event('invoice.payment_succeeded', invoice({ created: undefined, date: 5 })),
  event('invoice.payment_succeeded', invoice({ parent: { subscription_details: { metadata: METADATA } } })),
  event('invoice.payment_succeeded', invoice({ subscription_details: { metadata: METADATA } })),
  event(
    'invoice.payment_succeeded',
    invoice({
      payments: { data: [{ payment: { payment_intent: { id: 'pi_9' } } }, { payment: { charge: 'ch_9' } }] },
    }),
  ),
  event('invoice_payment.paid', invoicePayment('in_1', 'pi_1')),
  ...['created', 'updated', 'failed'].map((type) => event(`refund.${type}`, refund({ status: 'canceled' }))),
  event('refund.created', refund({ created: undefined })),
  event('charge.refund.updated', refund({ charge: { id: 'ch_x' } })),
  ...['created', 'updated', 'closed', 'funds_withdrawn', 'funds_reinstated'].map((name) =>
    event(`charge.dispute.${name}`, dispute({ currency: 'eur' })),
  ),
].flatMap((each) => [each, { ...each, api_version: '2024-06-20' }]);

/** The event with something large in every object of it. */
function padded<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(padded) as T;
  const entries = Object.entries(value).map(([name, each]) => [name, padded(each)] as const);
  return { ...Object.fromEntries(entries), note: 'x'.repeat(20_000), list: [{ id: 'x'.repeat(5_000) }] } as T;
}

/** The same, large in its metadata and object beyond what a message takes. */
function tooLarge(whole: Event): Event {
  const large = padded(whole);
  const object = { ...large.data.object, description: 'x'.repeat(MAX_MESSAGE_BYTES) };
  return { ...large, data: { ...large.data, object } };
}

describe('a reduced event has the same effect as the whole one', () => {
  describe(
    rule(
      'An event that is too large for one queue message is reduced to the fields that these rules read; it is never dropped.',
    ),
    () => {
      const events = [...examples().flatMap((example) => example.events), ...OTHERS];
      const types = [...new Set(events.map(({ type }) => type))].sort();
      test.each(types)('%s means the same when it is reduced', (type) => {
        for (const whole of events.filter((each) => each.type === type)) {
          const large = tooLarge(whole);
          const message = toMessage(JSON.stringify(large), large);
          expect(Buffer.byteLength(message)).toBeLessThan(8_000);
          const reduced = parseEvent(JSON.parse(message));
          for (const settings of SETTINGS) {
            const expected = decide(parseEvent(whole), settings);
            expect(decide(parseEvent(large), settings)).toEqual(expected);
            expect(decide(reduced, settings)).toEqual(expected);
          }
        }
      });
      test('these are all event types that any settings want', async () => {
        const { subscribedTypes } = await import('../../functions/domain/decide.js');
        const wanted = SETTINGS.flatMap((settings) => subscribedTypes(settings));
        expect(wanted.filter((type) => !types.includes(type))).toEqual([]);
      });
    },
  );
});

test('an event that fits is sent as it was received, byte for byte', () => {
  const body = ` ${JSON.stringify(event('charge.succeeded', charge({ description: 'ß' })), undefined, 2)}\n`;
  expect(toMessage(body, JSON.parse(body))).toBe(body);
});

test('the two characters that JSON allows and SQS refuses are escaped', () => {
  const body = JSON.stringify({ name: 'a\uffff\ufffeb' });
  const message = toMessage(body, JSON.parse(body));
  expect(message).not.toMatch(/[\ufffe\uffff]/);
  expect(JSON.parse(message)).toEqual({ name: 'a\uffff\ufffeb' });
});
