// Real Stripe payloads, from public test data that is not part of this repository: STRIPE_FIXTURES names the folder. Each is signed
// and posted, and the tables must then have the rows of the contract.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseSettings } from '../../contract/settings.js';
import type { Event } from '../support/builders/history.js';
import { expectedRows } from '../support/model/model.js';
import { type LocalStackUnderTest, startStack } from '../support/stack/local-stack.js';

const FOLDER = process.env.STRIPE_FIXTURES ?? '../shared/fixtures/stripe';
const isThere = existsSync(FOLDER);
if (!isThere) process.stdout.write(`real payloads: skipped, there is no folder ${FOLDER} (set STRIPE_FIXTURES)\n`);

type StripeObject = Event['data']['object'];

/** The type of an event that an object alone is put into. */
const TYPES: Readonly<Record<string, string>> = {
  charge: 'charge.succeeded',
  customer: 'customer.created',
  invoice: 'invoice.payment_succeeded',
  invoice_payment: 'invoice_payment.paid',
  refund: 'refund.created',
};

/** Whole events as they are, and an event around each object that comes alone. */
function payloads(): Event[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .flatMap((file, i) => {
      const content = JSON.parse(readFileSync(join(FOLDER, file), 'utf8'));
      const events: Event[] = content.type
        ? [content]
        : Object.entries(content as Record<string, StripeObject>).flatMap(([name, object]) =>
            TYPES[name] ? [around(TYPES[name], object)] : [],
          );
      // Many have the same placeholder.
      return events.map((event, j) => ({ ...event, id: `evt_${i}_${j}` }));
    });
}

function around(type: string, object: StripeObject, created = 1_750_000_000): Event {
  return { id: 'evt', type, created, livemode: object.livemode === true, data: { object } };
}

/** The same events, each about a separate object. */
function apart(events: readonly Event[]): Event[] {
  return events.map((event, i) => {
    const { object } = event.data;
    const own = object.id ? { id: `${object.id}_${i}` } : {};
    return { ...event, id: `${event.id}_apart`, data: { ...event.data, object: { ...object, ...own } } };
  });
}

/** For each refund and dispute a charge, and its invoice, that it reverses. */
function reversed(events: readonly Event[]): Event[] {
  const { charge, invoice } = JSON.parse(readFileSync(join(FOLDER, 'stripe-mock.objects.json'), 'utf8'));
  const ids = events.flatMap(({ data }) =>
    /^(refund|dispute)$/.test(String(data.object.object)) ? [data.object.charge] : [],
  );
  return [...new Set(ids)].flatMap((id, i) => {
    const paid = { ...charge, id, amount: 2500, amount_captured: 2500, captured: true, status: 'succeeded' };
    const bill = {
      ...invoice,
      id: `in_reversed_${i}`,
      amount_paid: 2500,
      charge: id,
      metadata: { customer_key: `k${i}` },
    };
    return [
      { ...around('charge.succeeded', paid, 1), id: `evt_charge_${i}` },
      { ...around('invoice.paid', bill, 1), id: `evt_invoice_${i}` },
    ];
  });
}

(isThere ? describe : describe.skip)('real payloads, signed and posted', () => {
  for (const [name, args, settings] of [
    ['charge mode', [], parseSettings({})],
    [
      'invoice mode',
      [
        '--transaction-source',
        'invoice',
        '--partial-refund',
        'net',
        '--disputes',
        'open',
        '--amount-basis',
        'excluding_tax',
      ],
      parseSettings({
        transactionSource: 'invoice',
        partialRefund: 'net',
        disputes: 'open',
        amountBasis: 'excluding_tax',
      }),
    ],
  ] as const) {
    describe(name, () => {
      let stack: LocalStackUnderTest;
      beforeAll(async () => {
        stack = await startStack({ args: [...args] });
      }, 180_000);
      afterAll(async () => {
        await stack.stop();
      }, 180_000);

      test('each is answered with 200, and the tables have the rows of the contract', async () => {
        const whole = payloads();
        const events = [...whole, ...apart(whole), ...reversed(whole)];
        expect(events.length).toBeGreaterThan(60);
        for (const each of events) expect([each.type, (await stack.post(each)).status]).toEqual([each.type, 200]);
        await stack.settled();
        expect(await stack.deadLetters()).toEqual([]);
        const { transactions, customers } = await stack.rows();
        expect({ transactions, customers }).toEqual(expectedRows(events, settings));
        expect(transactions.length).toBeGreaterThan(5);
      }, 180_000);
    });
  }
});
