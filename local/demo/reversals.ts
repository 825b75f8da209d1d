// The demo's payments that fail or are taken back, and those that count again.

import type { Settings } from '../../contract/settings.js';
import type { EventMaker } from './events.js';
import type { Step } from './step.js';

/** Each customer signs up, pays, and the payment is reversed, in any order. */
export function reversals({ transactionSource, disputes }: Settings, stripe: EventMaker): Step[] {
  return [
    {
      words: 'echo, referred by ada, pays 30.00 USD and gets all of it back; the refund arrives first',
      events: [
        stripe.customer('echo', { customer_key: 'echo', partner_key: 'ada' }),
        stripe.refunded('echo', 3000),
        stripe.paid('echo', 3000),
      ],
      rows: { [stripe.transaction('echo')]: { status: 'deleted', deleted_reason: 'refunded' } },
    },
    {
      words: 'fern, referred by grace, tries to pay 80.00 USD, and the card is declined',
      events: [stripe.customer('fern', { customer_key: 'fern', partner_key: 'grace' }), stripe.declined('fern', 8000)],
      // No invoice was paid, and an invoice is all that counts there.
      rows: { [stripe.transaction('fern')]: transactionSource === 'charge' ? { deleted_reason: 'failed' } : null },
    },
    {
      words: 'gale, referred by ada, pays 70.00 USD, and the payment is refunded',
      events: [
        stripe.customer('gale', { customer_key: 'gale', partner_key: 'ada' }),
        stripe.paid('gale', 7000),
        stripe.refund('gale', 7000, 'refund.created'),
      ],
      rows: { [stripe.transaction('gale')]: { status: 'deleted', deleted_reason: 'refunded' } },
    },
    {
      words: 'hill, referred by grace, pays 90.00 USD, and the customer’s bank disputes the payment',
      events: [
        stripe.customer('hill', { customer_key: 'hill', partner_key: 'grace' }),
        stripe.paid('hill', 9000),
        stripe.dispute('hill', 9000, 'needs_response'),
      ],
      rows: {
        [stripe.transaction('hill')]:
          disputes === 'open' ? { status: 'deleted' } : { status: 'recorded', customer_key: 'hill' },
      },
    },
  ];
}

export function secondThoughts({ disputes }: Settings, stripe: EventMaker): Step[] {
  return [
    {
      words: 'the bank of gale cannot take the refund back: the refund fails, and the payment counts again',
      events: [stripe.refund('gale', 7000, 'refund.failed')],
      rows: { [stripe.transaction('gale')]: { status: 'recorded', amount_net: 7000 } },
    },
    disputes === 'ignore'
      ? {
          words: 'the dispute over hill’s payment is lost; this stack ignores disputes',
          events: [stripe.dispute('hill', 9000, 'lost')],
          rows: { [stripe.transaction('hill')]: { status: 'recorded' } },
        }
      : {
          words: 'the dispute over hill’s payment is lost: the money is gone, and the payment with it',
          events: [stripe.dispute('hill', 9000, 'lost')],
          rows: { [stripe.transaction('hill')]: { status: 'deleted', deleted_reason: 'disputed' } },
        },
  ];
}
