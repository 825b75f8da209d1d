// The demo's story: eight customers of two partners. Each step has its words, the events that Stripe sends, and the rows they lead to.

import type { SampleEvent } from '../../cli/sample-events.js';
import type { Settings } from '../../contract/settings.js';
import type { EventMaker } from './events.js';
import { reversals, secondThoughts } from './reversals.js';
import type { Step } from './step.js';

/** Steps that do not depend on each other: their events are sent at the same time. */
export type Chapter = readonly Step[];

export const PARTNERS = ['ada', 'grace'] as const;
export const CUSTOMERS = ['acme', 'bolt', 'cord', 'dune', 'echo', 'fern', 'gale', 'hill'] as const;

/** What each customer's payment counts for in the end, in cents; absent: nothing. */
export function countedInTheEnd({ disputes }: Settings): Readonly<Record<string, number>> {
  const counted = { acme: 2000, bolt: 4500, cord: 10_000, dune: 6000, gale: 7000 };
  return disputes === 'ignore' ? { ...counted, hill: 9000 } : counted;
}

export function story(settings: Settings, stripe: EventMaker): readonly Chapter[] {
  const acmePays = stripe.paid('acme', 2000);
  return [
    [...signUps(stripe), ...reversals(settings, stripe)],
    [...payments(stripe, acmePays), ...secondThoughts(settings, stripe)],
    [
      {
        words: 'Stripe delivers the payment of acme once more, as it may: nothing is counted twice',
        events: [acmePays],
        rows: { [stripe.transaction('acme')]: { amount_net: 2000 } },
      },
      {
        words: 'someone posts a payment of 9,999.00 USD with a forged signature: the webhook refuses it',
        events: [stripe.paid('forged', 999_900)],
        rows: { [stripe.transaction('forged')]: null },
        forged: true,
      },
    ],
  ];
}

function signUps(stripe: EventMaker): Step[] {
  return [
    {
      words: 'acme signs up through ada’s link: the metadata of the Stripe customer has both keys',
      events: [stripe.customer('acme', { customer_key: 'acme', partner_key: 'ada' })],
      rows: { acme: { partner_key: 'ada', stripe_customer_id: stripe.stripeCustomer('acme') } },
    },
    {
      words: 'bolt pays 45.00 USD, and Stripe reports the payment before the customer: the payment waits',
      events: [stripe.paid('bolt', 4500)],
      rows: { [stripe.transaction('bolt')]: { status: 'recorded', customer_key: undefined } },
    },
    {
      words: 'cord’s update arrives before its creation: the newer name wins, the earlier event says who referred',
      events: [
        stripe.customer(
          'cord',
          { customer_key: 'cord', partner_key: 'grace' },
          { type: 'customer.updated', displayName: 'Cord Inc.' },
        ),
        stripe.customer('cord', { customer_key: 'cord', partner_key: 'ada' }, { displayName: 'Cord', secondsAgo: 5 }),
      ],
      rows: {
        cord: { name: 'Cord Inc.', partner_key: 'ada', stripe_customer_id: stripe.stripeCustomer('cord') },
      },
    },
    {
      words: 'dune pays 60.00 USD and has no customer in Stripe: the payment itself has both keys',
      events: [stripe.paid('dune', 6000, { customer: null, metadata: { customer_key: 'dune', partner_key: 'grace' } })],
      rows: { [stripe.transaction('dune')]: { customer_key: 'dune', customer_key_source: 'own' } },
    },
  ];
}

function payments(stripe: EventMaker, acmePays: SampleEvent): Step[] {
  return [
    {
      words: 'acme pays 20.00 USD',
      events: [acmePays],
      rows: { [stripe.transaction('acme')]: { customer_key: 'acme', amount_net: 2000 } },
    },
    {
      words: 'now Stripe reports the customer bolt, referred by grace (as gspk, the way her link carries it)',
      events: [stripe.customer('bolt', { customer_key: 'bolt', gspk: Buffer.from('grace').toString('base64') })],
      rows: { [stripe.transaction('bolt')]: { customer_key: 'bolt', amount_net: 4500 } },
    },
    {
      words: 'cord pays 100.00 USD for the gold product',
      events: [stripe.paid('cord', 10_000, { metadata: { product_key: 'gold' } })],
      rows: { [stripe.transaction('cord')]: { product_key: 'gold', customer_key: 'cord' } },
    },
  ];
}
