// What the console covers.

import { expect, test } from '@jest/globals';
import { REDACTED, redact } from '../../console/events/redact.js';

test('IDs and states stay visible; all other text and every number about a person is hidden', () => {
  const payload = {
    id: 'evt_1',
    type: 'charge.succeeded',
    created: 1,
    data: {
      object: {
        id: 'ch_1',
        amount: 2000,
        livemode: false,
        customer: 'cus_a',
        billing_details: { email: 'a@example.com', address: { line1: 'Street 1', postal_code: 12345 } },
        metadata: { customer_key: 'acme', note: 'private', count: 7 },
        receipt_url: 'https://pay.stripe.example/secret',
        list: ['text', { name: 'Ada' }],
        nothing: null,
      },
    },
  };
  expect(redact(payload)).toEqual({
    id: 'evt_1',
    type: 'charge.succeeded',
    created: 1,
    data: {
      object: {
        id: 'ch_1',
        amount: 2000,
        livemode: false,
        customer: 'cus_a',
        billing_details: { email: REDACTED, address: { line1: REDACTED, postal_code: REDACTED } },
        metadata: { customer_key: REDACTED, note: REDACTED, count: REDACTED },
        receipt_url: REDACTED,
        list: [REDACTED, { name: REDACTED }],
        nothing: null,
      },
    },
  });
});

test('a visible attribute does not make the attributes inside it visible', () => {
  expect(
    redact({ customer: { id: 'cus_a', email: 'a@example.com' }, metadata: { id: 'private', type: 'private' } }),
  ).toEqual({ customer: { id: 'cus_a', email: REDACTED }, metadata: { id: REDACTED, type: REDACTED } });
});
