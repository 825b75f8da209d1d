// Real payloads of Stripe's, from public test data that this project does not own: read from the folder that STRIPE_FIXTURES
// names. Each is signed, posted, and must end in the state that the contract demands.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Event } from '../support/history.js';
import { type LocalStackUnderTest, startStack } from '../support/local-stack.js';
import { expectedRows } from '../support/model.js';

const FOLDER = process.env.STRIPE_FIXTURES ?? '../shared/fixtures/stripe';
const isThere = existsSync(FOLDER);
if (!isThere) process.stdout.write(`real payloads: skipped, there is no folder ${FOLDER} (set STRIPE_FIXTURES)\n`);

/** Whole events as they are, and an event of a fitting type around each object; the placeholder ids made their own. */
function payloads(): Event[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .flatMap((file, i) => {
      const content = JSON.parse(readFileSync(join(FOLDER, file), 'utf8'));
      const events: Event[] = content.type
        ? [content]
        : Object.entries(content).flatMap(([name, object]) => around(name, object));
      return events.map((event, j) => withOwnIds(event, `${i}_${j}`));
    });
}

const TYPES: Readonly<Record<string, string>> = {
  charge: 'charge.succeeded',
  customer: 'customer.created',
  invoice: 'invoice.payment_succeeded',
  invoice_payment: 'invoice_payment.paid',
};

function around(name: string, value: unknown): Event[] {
  const object = value as Record<string, unknown>;
  const type = TYPES[name];
  return type
    ? [{ id: 'evt', type, created: 1_750_000_000, livemode: object.livemode === true, data: { object } }]
    : [];
}

function withOwnIds(event: Event, suffix: string): Event {
  const { object } = event.data;
  return {
    ...event,
    id: `evt_${suffix}`,
    data: { ...event.data, object: { ...object, ...(object.id ? { id: `${object.id}_${suffix}` } : {}) } },
  };
}

(isThere ? describe : describe.skip)('real payloads, signed and posted', () => {
  for (const transactionSource of ['charge', 'invoice'] as const) {
    describe(`in ${transactionSource} mode`, () => {
      let stack: LocalStackUnderTest;
      beforeAll(async () => {
        stack = await startStack({ args: ['--transaction-source', transactionSource] });
      }, 60_000);
      afterAll(async () => {
        await stack.stop();
      }, 60_000);

      test('each is answered with 200 and ends in the state the contract demands', async () => {
        const events = payloads();
        expect(events.length).toBeGreaterThan(25);
        for (const each of events) expect([each.type, (await stack.post(each)).status]).toEqual([each.type, 200]);
        await stack.settled();
        expect(await stack.deadLetters()).toEqual([]);
        const { transactions, customers } = await stack.rows();
        expect({ transactions, customers }).toEqual(
          expectedRows(events, { transactionSource, partialRefund: 'delete' }),
        );
        expect(transactions.length).toBeGreaterThan(0);
      }, 60_000);
    });
  }
});
