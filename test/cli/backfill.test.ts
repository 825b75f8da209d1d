import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type BackfillState, backfill, kindsFor, snapshotEvents } from '../../cli/snapshots.js';
import { parseSettings } from '../../contract/settings.js';
import { stripeClient } from '../../functions/stripe/client.js';
import { charge, customer, event, invoice, NOON } from '../support/builders/events.js';
import { deliver, type Event } from '../support/builders/history.js';
import { memoryEngine } from '../support/emulators/memory-engine.js';
import { type FakeStripe, GOOD_KEY, startFakeStripe } from '../support/fakes/fake-stripe.js';

let stripe: FakeStripe;
beforeAll(async () => {
  stripe = await startFakeStripe();
  process.env.STRIPE_API_BASE = stripe.url;
});
afterAll(() => {
  delete process.env.STRIPE_API_BASE;
  stripe.stop();
});

const ASKED = NOON + 100;

async function run(settings: ReturnType<typeof parseSettings>): Promise<Event[]> {
  const sent: Event[] = [];
  const state: BackfillState = { kinds: kindsFor(settings), since: 0, sent: 0 };
  const send = async (events: readonly object[]) => void sent.push(...(events as Event[]));
  const end = await backfill({
    stripe: await stripeClient(GOOD_KEY),
    settings,
    state,
    send,
    onPage: () => {},
    now: () => ASKED * 1000,
  });
  expect([end.kinds, end.sent]).toEqual([[], sent.length]);
  return sent;
}

describe('a snapshot', () => {
  const settings = parseSettings({});
  test('is newer than every event whose effect it contains, and never overwrites an event of the second of the request or later', async () => {
    const [snapshot] = snapshotEvents(
      'charges',
      charge({ metadata: { product_key: 'snapshot' } }) as never,
      ASKED,
      settings,
    ) as Event[];
    const at = async (events: Event[]) => {
      const engine = memoryEngine();
      await deliver(
        engine,
        settings,
        events.map((each) => [each]),
      );
      return engine.rows().transactions[0]?.product_key;
    };
    const before = event('charge.updated', charge({ metadata: { product_key: 'before' } }), 98);
    const same = event('charge.succeeded', charge({ metadata: { product_key: 'same second' } }), 100);
    for (const order of [
      [before, snapshot!],
      [snapshot!, before],
    ])
      expect(await at(order)).toBe('snapshot');
    for (const order of [
      [same, snapshot!],
      [snapshot!, same],
    ])
      expect(await at(order)).toBe('same second');
  });
  test('brings in a refund or a failure for which no event was received', async () => {
    stripe.objects.charges = [
      { ...charge({ id: 'ch_refunded', refunded: true, amount_refunded: 2000 }), created: NOON } as never,
      { ...charge({ id: 'ch_failed', status: 'failed', paid: false }), created: NOON } as never,
      { ...charge({ id: 'ch_stands' }), created: NOON } as never,
    ];
    const engine = memoryEngine();
    await deliver(engine, settings, [await run(settings)]);
    expect(engine.rows().transactions.map(({ transaction_id, status }) => [transaction_id, status])).toEqual([
      ['ch_failed', 'deleted'],
      ['ch_refunded', 'deleted'],
      ['ch_stands', 'recorded'],
    ]);
  });
});

test('in invoice mode the payments and refunds of the invoices come with them', async () => {
  const settings = parseSettings({ transactionSource: 'invoice', partialRefund: 'net' });
  stripe.objects.customers = [{ ...customer('acme'), created: NOON } as never];
  stripe.objects.invoices = [
    {
      ...invoice({
        status: 'paid',
        charge: undefined,
        payment_intent: undefined,
        payments: { data: [{ payment: { type: 'payment_intent', payment_intent: 'pi_1' } }] },
      }),
      created: NOON,
    } as never,
    { ...invoice({ id: 'in_open', status: 'open' }), created: NOON } as never,
  ];
  stripe.objects.charges = [
    { ...charge({ amount: 5000, amount_captured: 5000, amount_refunded: 1500 }), created: NOON } as never,
    { ...charge({ id: 'ch_2' }), created: NOON } as never,
  ];
  const engine = memoryEngine();
  await deliver(
    engine,
    settings,
    (await run(settings)).map((each) => [each]),
  );
  expect(engine.rows().transactions).toMatchObject([
    { transaction_id: 'in_1', amount_net: 3500, customer_key: 'acme' },
  ]);
});
