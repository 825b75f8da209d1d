// Thin events: the worker applies the snapshot event that each names, so the rows are those that the snapshot events alone make.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import type { ThinEvent } from '../../functions/queue/thin-event.js';
import { type ApiKey, cachedApiKey } from '../../functions/stripe/api-key.js';
import { fetchSnapshotEvent } from '../../functions/stripe/snapshot-events.js';
import { processBatch } from '../../functions/worker/process-batch.js';
import { resolveThinEvents } from '../../functions/worker/thin-events.js';
import { charge, event, thinEvent } from '../support/builders/events.js';
import { examples } from '../support/builders/history.js';
import { memoryEngine } from '../support/emulators/memory-engine.js';
import { type FakeStripe, GOOD_KEY, startFakeStripe } from '../support/fakes/fake-stripe.js';

let stripe: FakeStripe;
beforeAll(async () => {
  stripe = await startFakeStripe();
  process.env.STRIPE_API_BASE = stripe.url;
});
beforeEach(() => {
  stripe.objects.events = [];
  stripe.requests.length = 0;
  stripe.fault = () => undefined;
});
afterAll(() => {
  delete process.env.STRIPE_API_BASE;
  stripe.stop();
});

const goodKey: ApiKey = async () => GOOD_KEY;
const message = (body: unknown, i: number) => ({ messageId: `m${i}`, body: JSON.stringify(body) });
const fromStripe = (key: ApiKey, milliseconds = 5000) => {
  const limits = { signal: AbortSignal.timeout(milliseconds), deadline: Date.now() + milliseconds };
  return async () => async (thin: ThinEvent) => JSON.stringify(await fetchSnapshotEvent(key, thin, limits));
};
const resolve = (bodies: readonly unknown[], key = goodKey) => resolveThinEvents(bodies.map(message), fromStripe(key));
/** What became of one thin event. */
const outcomeOf = async (body: unknown, key?: ApiKey) => {
  const { messages, unresolved } = await resolve([body], key);
  const [first] = unresolved;
  return first ? `${first.outcome}: ${first.reason}` : messages.map((each) => JSON.parse(each.body).id).join();
};

const paid = { ...event('charge.succeeded', charge(), 0, 'evt_paid') };

describe('the rows are the same', () => {
  const histories = examples().map((example) => ({
    ...example,
    settings: { ...DEFAULT_SETTINGS, ...example.settings },
  }));
  test('whether events are thin or whole, in any order, with duplicates and in batches of any size', async () => {
    const deliveries = fc.constantFrom(...histories).chain(({ events, settings }) =>
      fc.subarray([...events]).chain((again) =>
        fc.record({
          ...{ events: fc.constant(events), settings: fc.constant(settings), size: fc.integer({ min: 1, max: 10 }) },
          order: fc.shuffledSubarray([...events, ...again], { minLength: events.length + again.length }),
          thin: fc.array(fc.boolean(), { minLength: events.length * 2, maxLength: events.length * 2 }),
        }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(deliveries, async ({ events, settings, order, thin, size }) => {
        const byId = new Map(events.map((each) => [each.id, each]));
        const fetchFake =
          async () =>
          async ({ snapshotId }: ThinEvent) =>
            JSON.stringify(byId.get(snapshotId!));
        const bodies = order.map((each, i) => (thin[i] ? thinEvent(each) : each));
        const [mixed, whole] = [memoryEngine(), memoryEngine()];
        await processBatch(whole, settings, events.map(message));
        for (let from = 0; from < bodies.length; from += size) {
          const batch = bodies.slice(from, from + size).map(message);
          const { messages, unresolved } = await resolveThinEvents(batch, fetchFake);
          expect(unresolved).toEqual([]);
          expect(messages.map(({ messageId }) => messageId)).toEqual(batch.map(({ messageId }) => messageId));
          await processBatch(mixed, settings, messages);
        }
        expect(mixed.rows()).toEqual(whole.rows());
      }),
      { numRuns: 150 },
    );
  });
});

describe('requests to Stripe', () => {
  test('fetch each snapshot event once, and never the object', async () => {
    stripe.objects.events = [paid];
    const { messages } = await resolve([thinEvent(paid), thinEvent(paid), paid]);
    expect(messages.map(({ body }) => JSON.parse(body))).toEqual([paid, paid, paid]);
    expect(stripe.requests).toEqual(['GET /v1/events/evt_paid']);
  });
  test('are not made for a batch without thin events, and the API key is not read', async () => {
    const batch = [message(paid, 0), message({ ...paid, note: 'v2.core.event' }, 1)];
    const resolved = await resolveThinEvents(batch, () => Promise.reject(new Error('asked')));
    expect(resolved).toEqual({ messages: batch, unresolved: [] });
    expect(resolved.messages).toBe(batch);
  });
  test('fetch the thin event first if the notification does not name its snapshot event', async () => {
    stripe.objects.events = [paid];
    stripe.thinEvents.set('evt_thin_evt_paid', thinEvent(paid));
    expect(await outcomeOf(thinEvent(paid, { snapshot_event: undefined }))).toBe('evt_paid');
    expect(stripe.requests).toEqual(['GET /v2/core/events/evt_thin_evt_paid', 'GET /v1/events/evt_paid']);
  });
  test('run two at a time, so that a batch does not use up the account’s rate limit', async () => {
    let [inFlight, most] = [0, 0];
    const events = Array.from({ length: 20 }, (_, i) => event('charge.succeeded', charge(), 0, `evt_${i}`));
    const slow = async () => async (thin: ThinEvent) => {
      most = Math.max(most, ++inFlight);
      await new Promise((done) => setImmediate(done));
      inFlight--;
      return thin.id;
    };
    await resolveThinEvents(
      events.map((each, i) => message(thinEvent(each), i)),
      slow,
    );
    expect(most).toBe(2);
  });
  test('name the account that the event is about', async () => {
    stripe.objects.events = [paid];
    await resolve([thinEvent(paid, { context: 'acct_1' })]);
    expect(stripe.contexts).toEqual(['acct_1']);
  });
});

describe('a failure is retried, and ends as a dead letter, like that of any dependency', () => {
  test.each([
    ['an event past its 30 days', 404, 'failed: event_not_found_at_stripe'],
    ['a revoked key', 401, 'failed: api_key_refused'],
    ['a key that may not read events', 403, 'failed: api_key_refused'],
    ['a fault of Stripe’s', 500, 'failed: stripe_unavailable'],
  ])('%s', async (_, status, outcome) => {
    stripe.objects.events = [paid];
    stripe.fault = () => ({ status });
    expect(await outcomeOf(thinEvent(paid))).toBe(outcome);
  });
  test('a broken connection, and an answer about another event', async () => {
    stripe.fault = () => 'cut';
    expect(await outcomeOf(thinEvent(paid))).toBe('failed: stripe_unavailable');
    stripe.fault = () => undefined;
    stripe.objects.events = [paid];
    expect(await outcomeOf(thinEvent(paid, { snapshot_event: '../charges/ch_1' }))).toBe(
      'failed: event_not_found_at_stripe',
    );
  });
  test('no stored key', async () => {
    expect(await outcomeOf(thinEvent(paid), async () => undefined)).toBe('failed: no_api_key');
  });
  test('a key that cannot be read', async () => {
    const denied = async () => Promise.reject(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
    expect(await outcomeOf(thinEvent(paid), denied)).toBe('failed: AccessDeniedException');
  });
  test('a rate limit is waited out, but not longer than the invocation may last', async () => {
    stripe.objects.events = [paid];
    let answers = 0;
    stripe.fault = () => (++answers < 3 ? { status: 429, headers: { 'retry-after': '0' } } : undefined);
    expect(await outcomeOf(thinEvent(paid))).toBe('evt_paid');
    stripe.fault = () => ({ status: 429, headers: { 'retry-after': '60' } });
    expect(await outcomeOf(thinEvent(paid))).toBe('failed: stripe_rate_limit');
  });
  test('one event fails alone: the rest of the batch is applied, and the log can name the event', async () => {
    stripe.objects.events = [paid];
    const gone = event('charge.refunded', charge({ id: 'ch_9' }), 0, 'evt_gone');
    const { messages, unresolved } = await resolve([thinEvent(gone), thinEvent(paid)]);
    expect(messages.map(({ messageId }) => messageId)).toEqual(['m1']);
    expect(unresolved).toMatchObject([
      {
        messageId: 'm0',
        event: { id: 'evt_gone', type: 'charge.refunded', created: gone.created },
        decision: { objectId: 'ch_9' },
      },
    ]);
  });
  test('an event without a snapshot event is not understood, because no retry would find one', async () => {
    stripe.thinEvents.set('evt_thin_evt_paid', thinEvent(paid, { snapshot_event: undefined }));
    expect(await outcomeOf(thinEvent(paid, { snapshot_event: undefined }))).toBe('not_understood: no_snapshot_event');
  });
});

describe('the API key', () => {
  const stored = (...values: (string | undefined)[]) => {
    let reads = 0;
    let time = 0;
    const key = cachedApiKey(
      async () => JSON.stringify({ apiKey: values[Math.min(reads++, values.length - 1)] }),
      () => time,
    );
    return { key, reads: () => reads, pass: (milliseconds: number) => (time += milliseconds) };
  };
  test('is read once a minute, even by many concurrent requests', async () => {
    const { key, reads, pass } = stored('rk_1', 'rk_2');
    expect(await Promise.all([key(), key(), key()])).toEqual(['rk_1', 'rk_1', 'rk_1']);
    pass(59_999);
    expect([await key(), reads()]).toEqual(['rk_1', 1]);
    pass(1);
    expect([await key(), reads()]).toEqual(['rk_2', 2]);
  });
  test('is read again after 10 seconds while none is stored, and if Stripe refused it', async () => {
    const { key, reads, pass } = stored('', 'rk_1', 'rk_2');
    expect([await key(), await key(), reads()]).toEqual([undefined, undefined, 1]);
    pass(10_000);
    expect([await key(), await key('rk_1'), reads()]).toEqual(['rk_1', 'rk_1', 2]);
    pass(10_000);
    expect([await key(), await key('rk_1'), reads()]).toEqual(['rk_1', 'rk_2', 3]);
  });
  test('is used immediately after it was rolled', async () => {
    stripe.objects.events = [paid];
    const rolled: ApiKey = async (refused) => (refused === undefined ? 'rk_old' : GOOD_KEY);
    expect(await outcomeOf(thinEvent(paid), rolled)).toBe('evt_paid');
  });
  test('never appears in an error', async () => {
    const broken = cachedApiKey(async () => '{"apiKey":"rk_secret"');
    await expect(broken()).rejects.toThrow(/^the secret of the Stripe API key is not JSON$/);
  });
});
