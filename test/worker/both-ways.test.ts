// The same event by the webhook and by EventBridge: the rows are those of one way alone.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import { MAX_MESSAGE_BYTES, toMessage } from '../../functions/queue/message.js';
import { processBatch } from '../../functions/worker/process-batch.js';
import { charge, event } from '../support/builders/events.js';
import { type Event, examples } from '../support/builders/history.js';
import { memoryEngine } from '../support/emulators/memory-engine.js';

const byWebhook = (of: Event) => toMessage(JSON.stringify(of, undefined, 2), of);
/** `$.detail` as EventBridge writes it: the same JSON, though not necessarily the same bytes, and never reduced. */
const byEventBridge = (of: Event) => JSON.stringify(reversed(of));

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, each]) => [key, reversed(each)]),
  );
}

const messages = (bodies: readonly string[]) => bodies.map((body, i) => ({ messageId: `m${i}`, body }));

describe('the rows are the same', () => {
  test('for every history, whichever way each event comes, and if it comes both ways', async () => {
    const histories = examples().map(({ events, settings }) => ({
      events,
      settings: { ...DEFAULT_SETTINGS, ...settings },
    }));
    const deliveries = fc.constantFrom(...histories).chain(({ events, settings }) =>
      fc
        .array(fc.constantFrom('webhook', 'bus', 'both'), { minLength: events.length, maxLength: events.length })
        .chain((ways) => {
          const bodies = events.flatMap((each, i) => [
            ...(ways[i] === 'bus' ? [] : [byWebhook(each)]),
            ...(ways[i] === 'webhook' ? [] : [byEventBridge(each)]),
          ]);
          return fc.record({
            ...{ events: fc.constant(events), settings: fc.constant(settings), size: fc.integer({ min: 1, max: 10 }) },
            bodies: fc.shuffledSubarray(bodies, { minLength: bodies.length }),
          });
        }),
    );
    await fc.assert(
      fc.asyncProperty(deliveries, async ({ events, settings, bodies, size }) => {
        const [mixed, alone] = [memoryEngine(), memoryEngine()];
        await processBatch(alone, settings, messages(events.map(byWebhook)));
        for (let from = 0; from < bodies.length; from += size)
          await processBatch(mixed, settings, messages(bodies.slice(from, from + size)));
        expect(mixed.rows()).toEqual(alone.rows());
      }),
      { numRuns: 150 },
    );
  });

  test('for an event that only the webhook reduces, because it is larger than 256 KB', async () => {
    const large = event('charge.succeeded', charge({ description: 'x'.repeat(MAX_MESSAGE_BYTES) }));
    expect(byWebhook(large).length).toBeLessThan(1000);
    expect(byEventBridge(large).length).toBeGreaterThan(MAX_MESSAGE_BYTES);
    const rows = async (bodies: string[]) => {
      const engine = memoryEngine();
      for (const body of bodies) await processBatch(engine, DEFAULT_SETTINGS, messages([body]));
      return engine.rows();
    };
    const whole = await rows([byEventBridge(large)]);
    expect(whole.transactions).toHaveLength(1);
    expect(await rows([byWebhook(large)])).toEqual(whole);
    expect(await rows([byEventBridge(large), byWebhook(large)])).toEqual(whole);
  });
});

test('the second way changes nothing: the event is a duplicate', async () => {
  const engine = memoryEngine();
  const paid = event('charge.succeeded', charge());
  const [first] = await processBatch(engine, DEFAULT_SETTINGS, messages([byWebhook(paid)]));
  const before = structuredClone(engine.rows());
  const [second] = await processBatch(engine, DEFAULT_SETTINGS, messages([byEventBridge(paid)]));
  expect([first!.outcome, second!.outcome]).toEqual(['waiting', 'stale']);
  expect(engine.rows()).toEqual(before);
});
