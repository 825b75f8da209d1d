import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parseSettings } from '../../contract/settings.js';
import { type Cursor, reconcile } from '../../functions/reconcile/reconcile.js';
import { stripeClient } from '../../functions/stripe/client.js';
import { charge, event, NOON } from '../support/builders/events.js';
import { type FakeStripe, GOOD_KEY, startFakeStripe } from '../support/fakes/fake-stripe.js';

let fake: FakeStripe;
beforeAll(async () => {
  fake = await startFakeStripe();
  process.env.STRIPE_API_BASE = fake.url;
});
afterAll(() => {
  delete process.env.STRIPE_API_BASE;
  fake.stop();
});
beforeEach(() => {
  fake.fault = () => undefined;
  fake.objects.events = Array.from({ length: 250 }, (_, i) => ({
    ...event(
      i % 5 === 0 ? 'plan.created' : 'charge.succeeded',
      charge({ id: `ch_${i}` }),
      i,
      `evt_${String(i).padStart(3, '0')}`,
    ),
    delivered: i % 2 === 0,
  }));
});

const settings = parseSettings({});
async function run(cursor: Cursor, options: { maxPages?: number; all?: boolean; fail?: boolean } = {}) {
  const sent: string[] = [];
  const result = await reconcile({
    stripe: await stripeClient(GOOD_KEY),
    settings,
    cursor,
    maxPages: options.maxPages ?? 100,
    ...(options.all ? { all: true } : {}),
    send: async (events) => {
      sent.push(...(events as { id: string }[]).map(({ id }) => id));
    },
  });
  return { ...result, ids: sent };
}

describe('reconcile', () => {
  test('sends the undelivered events of the wanted types, once in each pass', async () => {
    const { ids, seen, complete, cursor } = await run({ since: 0 });
    const undelivered = fake.objects.events.filter((each) => !each.delivered);
    expect([seen, complete]).toEqual([125, true]);
    expect(ids.sort()).toEqual(
      undelivered
        .filter(({ type }) => type === 'charge.succeeded')
        .map(({ id }) => id)
        .sort(),
    );
    // The next pass begins an hour before the newest event of this one.
    expect(cursor).toEqual({ since: NOON + 249 - 3600 });
  });
  test('sends every event of the wanted types with `all`', async () => {
    expect((await run({ since: 0 }, { all: true })).ids).toHaveLength(200);
  });
  test('handles a limited number of pages in a run and continues from there, although new events have arrived', async () => {
    const first = await run({ since: 0 }, { maxPages: 1, all: true });
    expect([first.complete, first.seen]).toEqual([false, 100]);
    fake.objects.events.push({ ...event('charge.succeeded', charge(), 900, 'evt_new'), delivered: false });
    const second = await run(first.cursor, { all: true });
    expect(new Set([...first.ids, ...second.ids]).size).toBe(200);
    expect(second.ids).not.toContain('evt_new');
    expect((await run(second.cursor, { all: true })).ids).toContain('evt_new');
  });
  test('waits as long as a rate limit asks, and retries after faults', async () => {
    const faults = [{ status: 429, headers: { 'retry-after': '1' } }, { status: 500 }, 'cut' as const];
    fake.fault = () => faults.shift();
    expect((await run({ since: 0 })).seen).toBe(125);
    expect(faults).toEqual([]);
  });
  test('reports a wrong key, and sends nothing', async () => {
    const attempt = reconcile({
      stripe: await stripeClient('sk_test_bad'),
      settings,
      cursor: { since: 0 },
      maxPages: 1,
      send: async () => {},
    });
    await expect(attempt).rejects.toMatchObject({ type: 'StripeAuthenticationError' });
  });
});
