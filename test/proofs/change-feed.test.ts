// "Folding what was emitted, in any order and with duplicates, yields the tables": random histories through the worker, whose writes
// the feed sends while requests fail, entries are refused and the function dies. `test/feed/streams.test.ts` does the same on a
// real engine's streams.
//
// FEED_RUNS=20000 npx jest proofs/change-feed     for a deep run

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.js';
import type { Item } from '../../functions/store/requests.js';
import { deliveries, histories } from '../support/builders/generate.js';
import { deliver } from '../support/builders/history.js';
import { seeded, shuffle } from '../support/builders/workload.js';
import type { MemoryEngine } from '../support/emulators/memory-engine.js';
import { engineWithStreams, fold, resent, rowText, runFeed, turns, visibleRows } from '../support/schedules/feed.js';

const RUNS = Number(process.env.FEED_RUNS ?? 60);

/** With their internal attributes. */
function storedRows(engine: MemoryEngine): Item[] {
  const [customers, transactions] = JSON.parse(engine.state()) as [string, unknown][][][];
  return [...customers!, ...transactions!].map((row) => Object.fromEntries(row));
}

const SETTINGS: readonly Settings[] = [
  { ...DEFAULT_SETTINGS, partialRefund: 'net' },
  { ...DEFAULT_SETTINGS, transactionSource: 'invoice' },
];

test.each(SETTINGS)('the events yield the tables, with $transactionSource and $partialRefund', async (settings) => {
  const cases = fc.record({
    batches: histories(settings.transactionSource).chain(deliveries),
    schedule: turns,
    personalData: fc.boolean(),
    /** After how many batches the rows are sent again from the tables. */
    resendAfter: fc.nat(12),
    order: fc.nat(),
  });
  let count = 0;
  await fc.assert(
    fc.asyncProperty(cases, async ({ batches, schedule, personalData, resendAfter, order }) => {
      const feed = { stack: 'test', personalData };
      const { engine, shards } = engineWithStreams();
      await deliver(engine, settings, batches.slice(0, resendAfter));
      const again = storedRows(engine).map((row) => resent(row, feed));
      await deliver(engine, settings, batches.slice(resendAfter));
      const emitted = [...(await runFeed(shards, feed, schedule)), ...again];
      const twice = emitted.flatMap((event, i) => (i % 3 === 0 ? [event, event] : [event]));
      const expected = visibleRows(engine.rows(), feed);
      expect(rowText(fold(shuffle(twice, seeded(order))))).toBe(rowText(expected));
      count += emitted.length;
    }),
    { numRuns: RUNS / SETTINGS.length },
  );
  expect(count).toBeGreaterThan(RUNS / 4);
});

test.each(SETTINGS)('each event begins where the one before it ended, with $transactionSource', async (settings) => {
  const feed = { stack: 'test', personalData: true };
  await fc.assert(
    fc.asyncProperty(histories(settings.transactionSource).chain(deliveries), async (batches) => {
      const { engine, shards } = engineWithStreams();
      await deliver(engine, settings, batches);
      const events = await runFeed(shards, feed, []);
      const rows = new Map<string, unknown>();
      for (const { 'detail-type': type, detail } of events) {
        const key = `${type.split('.')[0]} ${detail.id}`;
        expect(detail.before).toEqual(rows.get(key) ?? null);
        expect(detail.changed).not.toEqual([]);
        rows.set(key, detail.after);
      }
      // What arrives again changes nothing, so it is no event.
      const sent = shards.map(({ length }) => length);
      await deliver(engine, settings, batches);
      const news = shards.map((records, i) => records.slice(sent[i]!));
      expect(await runFeed(news, feed, [])).toEqual([]);
    }),
    { numRuns: RUNS / SETTINGS.length },
  );
});
