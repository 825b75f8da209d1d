// Refunds and disputes out of Stripe's API: backfill and resync end with the rows that the events would have made, whatever was received
// before, and `reconcile --check` agrees with them.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Difference, differences } from '../../cli/differences.js';
import { resyncEvents } from '../../cli/resync.js';
import { backfill, kindsFor } from '../../cli/snapshots.js';
import type { Target } from '../../cli/target.js';
import { parseSettings, type Settings } from '../../contract/settings.js';
import { stripeClient } from '../../functions/stripe/client.js';
import { createReader } from '../../reader/reader.js';
import { charge, customer, event, invoice, NOON } from '../support/builders/events.js';
import { deliver, type Event } from '../support/builders/history.js';
import { type Engine, startEngine } from '../support/emulators/engine.js';
import { type FakeStripe, GOOD_KEY, startFakeStripe } from '../support/fakes/fake-stripe.js';

const ASKED = NOON + 1000;
let stripe: FakeStripe;
let engine: Engine;
/** Gets the same events in reverse order. */
let backwards: Engine;
beforeAll(async () => {
  stripe = await startFakeStripe();
  engine = await startEngine();
  backwards = await startEngine();
  process.env.STRIPE_API_BASE = stripe.url;
});
afterAll(() => {
  delete process.env.STRIPE_API_BASE;
  stripe.stop();
});
beforeEach(async () => {
  await engine.clear();
  await backwards.clear();
  for (const kind of Object.keys(stripe.objects)) stripe.objects[kind as 'refunds'] = [];
});
afterAll(() => Promise.all([engine.stop(), backwards.stop()]));

const refund = (fields: object) => ({
  id: 're_1',
  object: 'refund',
  amount: 2000,
  charge: 'ch_1',
  currency: 'usd',
  ...fields,
});
const dispute = (fields: object) => ({
  id: 'dp_1',
  object: 'dispute',
  amount: 2000,
  charge: 'ch_1',
  currency: 'usd',
  ...fields,
});

async function snapshots(settings: Settings, since = 0): Promise<Event[]> {
  const sent: Event[] = [];
  await backfill({
    stripe: await stripeClient(GOOD_KEY),
    settings,
    state: { kinds: kindsFor(settings), since, sent: 0 },
    send: async (events) => void sent.push(...(events as Event[])),
    onPage: () => {},
    now: () => ASKED * 1000,
  });
  return sent;
}

/** Delivers one by one in this order and, to another engine, in reverse; the rows must be the same. */
async function rowsAfter(settings: Settings, events: readonly Event[]) {
  await deliver(
    engine,
    settings,
    events.map((each) => [each]),
  );
  const rows = await transactionsOf(engine);
  await backwards.clear();
  await deliver(
    backwards,
    settings,
    events.toReversed().map((each) => [each]),
  );
  expect(await transactionsOf(backwards)).toEqual(rows);
  return rows;
}

async function transactionsOf({ client, tables }: Engine) {
  const reader = createReader({ client, customersTable: tables.customers, transactionsTable: tables.transactions });
  const rows = [];
  for await (const row of reader.transactions()) rows.push(row);
  return rows;
}

async function check(settings: Settings): Promise<Difference[]> {
  const target = { settings, dynamodb: engine.client, tables: engine.tables } as unknown as Target;
  const found: Difference[] = [];
  for await (const each of differences(await stripeClient(GOOD_KEY), target, 0)) found.push(each);
  return found;
}

describe('a refund that failed long ago', () => {
  const settings = parseSettings({});
  const failed = refund({ status: 'failed', created: NOON + 1 });
  // Stripe's charge no longer shows it.
  const now = charge({ amount_refunded: 0, refunded: false, created: NOON });
  const refunded = event('charge.refunded', charge({ amount_refunded: 2000, refunded: true, created: NOON }), 2);
  const updatedAfterwards = event('charge.updated', now, 500);
  beforeEach(() => {
    stripe.objects.refunds = [failed as never];
    stripe.objects.charges = [now as never];
  });

  test.each([
    ['nothing', []],
    ['the refund, and not that it failed', [refunded]],
    ['a newer state of the charge', [refunded, updatedAfterwards]],
    ['the failure too', [refunded, event('refund.failed', failed as never, 9)]],
  ])('is not taken away after backfill, if the stack had received %s', async (_what, before) => {
    const rows = await rowsAfter(settings, [...before, ...(await snapshots(settings))]);
    expect(rows).toMatchObject([{ transaction_id: 'ch_1', status: 'recorded', amount_net: 2000 }]);
    expect(await check(settings)).toEqual([]);
  });
  test('the same if the charge is older than the backfill', async () => {
    const events = await snapshots(settings, NOON + 1);
    expect(events.map(({ type }) => type)).toEqual(['refund.updated', 'charge.updated']);
    expect(await rowsAfter(settings, [refunded, updatedAfterwards, ...events])).toMatchObject([{ amount_net: 2000 }]);
  });
  test('the same in invoice mode, where only charge.refunded shows refunds', async () => {
    const invoices = parseSettings({ transactionSource: 'invoice' });
    stripe.objects.invoices = [
      {
        ...invoice({
          status: 'paid',
          charge: 'ch_1',
          payments: { data: [{ payment: { type: 'charge', charge: 'ch_1' } }] },
        }),
        created: NOON,
      } as never,
    ];
    const events = [refunded, ...(await snapshots(invoices))];
    expect(await rowsAfter(invoices, events)).toMatchObject([{ transaction_id: 'in_1', status: 'recorded' }]);
    expect(await check(invoices)).toEqual([]);
  });
});

test('a refund and a lost dispute that no event reported are brought in, and check names what is missing', async () => {
  const settings = parseSettings({ partialRefund: 'net' });
  const disputed = { ...charge({ id: 'ch_2', amount_refunded: 500, disputed: true }), created: NOON };
  stripe.objects.charges = [disputed as never];
  stripe.objects.refunds = [refund({ charge: 'ch_2', amount: 500, status: 'succeeded', created: NOON + 1 }) as never];
  stripe.objects.disputes = [dispute({ charge: 'ch_2', status: 'lost', amount: 1000, created: NOON + 2 }) as never];
  await deliver(engine, settings, [[event('charge.succeeded', charge({ id: 'ch_2' }))]]);
  expect(await check(settings)).toEqual([{ id: 'ch_2', problem: 'amount differs', expected: 500, found: 2000 }]);
  await deliver(engine, settings, [await snapshots(settings)]);
  expect(await transactionsOf(engine)).toMatchObject([
    { amount_refunded: 500, amount_disputed: 1000, amount_net: 500 },
  ]);
  expect(await check(settings)).toEqual([]);
  expect(kindsFor(parseSettings({ disputes: 'ignore' }))).not.toContain('disputes');
});

test('a refund made during the request is left to its events, so that it is not counted twice', async () => {
  const settings = parseSettings({ partialRefund: 'net' });
  stripe.objects.charges = [{ ...charge({ amount_refunded: 500 }), created: NOON } as never];
  stripe.objects.refunds = [refund({ amount: 500, status: 'succeeded', created: ASKED }) as never];
  expect(await rowsAfter(settings, await snapshots(settings))).toMatchObject([{ amount_refunded: 500 }]);
});

describe('resync', () => {
  const resync = async (id: string, settings: Settings) =>
    (await resyncEvents(await stripeClient(GOOD_KEY), id, settings, () => ASKED * 1000)) as unknown as Event[];
  beforeEach(() => {
    stripe.objects.customers = [{ ...customer('acme', { id: 'cus_1' }), created: NOON } as never];
    stripe.objects.charges = [
      { ...charge({ id: 'ch_1', customer: 'cus_1', disputed: true }), created: NOON } as never,
      { ...charge({ id: 'ch_2', customer: 'cus_1' }), created: NOON } as never,
    ];
    stripe.objects.disputes = [dispute({ status: 'lost', created: NOON + 2 }) as never];
  });

  test('of a charge brings its customer and its dispute', async () => {
    const rows = await rowsAfter(parseSettings({}), await resync('ch_1', parseSettings({})));
    expect(rows).toMatchObject([
      { transaction_id: 'ch_1', status: 'deleted', deleted_reason: 'disputed', deleted_customer_key: 'acme' },
    ]);
  });
  test('of a customer brings all of its payments', async () => {
    const rows = await rowsAfter(parseSettings({}), await resync('cus_1', parseSettings({})));
    expect(rows.map(({ transaction_id, status }) => [transaction_id, status]).sort()).toEqual([
      ['ch_1', 'deleted'],
      ['ch_2', 'recorded'],
    ]);
  });
  test('of an invoice brings its customer and the charges that paid it', async () => {
    const settings = parseSettings({ transactionSource: 'invoice' });
    const payments = { data: [{ payment: { type: 'payment_intent', payment_intent: 'pi_1' } }] };
    const paid = invoice({ status: 'paid', customer: 'cus_1', charge: undefined, payment_intent: undefined, payments });
    stripe.objects.invoices = [{ ...paid, created: NOON } as never];
    stripe.objects.charges = [
      { ...charge({ customer: 'cus_1', payment_intent: 'pi_1', disputed: true }), created: NOON } as never,
    ];
    stripe.objects.disputes = [dispute({ status: 'lost', payment_intent: 'pi_1', created: NOON + 2 }) as never];
    const rows = await rowsAfter(settings, await resync('in_1', settings));
    expect(rows).toMatchObject([{ transaction_id: 'in_1', deleted_reason: 'disputed', deleted_customer_key: 'acme' }]);
  });
  test.each([
    ['ch_nowhere', /Stripe has no object ch_nowhere/],
    ['sub_1', /sub_1 cannot be resynced; use the ID of a customer/],
    ['in_1', /transactionSource is charge: resync the charge/],
  ])('%s is refused with what to do instead', async (id, message) => {
    await expect(resync(id, parseSettings({}))).rejects.toThrow(message);
  });
});
