/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The live feed and the page of one event; and for every page, whether the stack is there.

import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { readerOf } from '../../cli/show.js';
import type { Entry } from '../history.js';
import { page } from '../page.js';
import { EventPage, FeedEntry, FeedPage } from '../pages/feed.js';
import type { Shared } from '../parts.js';
import { redact } from '../redact.js';
import { rowsOf } from '../rows.js';
import { changesIn, describeOutcome, type Known } from '../words.js';

/** How often a page hears of the stack, and of new entries, in milliseconds. */
const BEAT = 500;
/** What a page is shown at once; a person reads no more. */
const SHOWN = 200;

export function eventRoutes({ history, target, stack, counts }: Shared): Hono {
  const app = new Hono();

  const reader = readerOf(target);
  const transactionOf = async ({ objectId }: Entry) =>
    objectId === undefined ? undefined : reader.transaction(objectId);
  const known = async (entry: Entry): Promise<Known> => {
    const changes = changesIn(entry.eventId && history.payload(entry.eventId), stack.settings);
    const row = await transactionOf(entry);
    return { changes, ...(row ? { row } : {}) };
  };
  const render = async (entry: Entry) =>
    (<FeedEntry entry={entry} words={describeOutcome(entry, await known(entry))} />).toString();

  app.get('/feed', (c) => page(c, <FeedPage />));

  app.get('/live', (c) =>
    streamSSE(c, async (stream) => {
      const wantsFeed = c.req.query('feed') !== undefined;
      let changed = new Map<number, Entry>();
      const unsubscribe = wantsFeed ? history.subscribe((entry) => changed.set(entry.sequence, entry)) : () => {};
      stream.onAbort(unsubscribe);
      const send = async (event: string, data: unknown) => stream.writeSSE({ event, data: JSON.stringify(data) });
      if (wantsFeed) {
        await send('snapshot', await Promise.all(history.entries().slice(-SHOWN).map(render)));
      }
      for (let beat = 0; !stream.aborted; beat++) {
        if (beat % 4 === 0) await send('state', await counts().catch(() => ({ waiting: 0, deadLetters: 0 })));
        if (changed.size > 0) {
          const batch = [...changed.values()];
          changed = new Map();
          const shown = batch.slice(-SHOWN);
          await send('entries', {
            html: await Promise.all(
              shown.map(async (entry) => ({ id: `entry-${entry.sequence}`, html: await render(entry) })),
            ),
            skipped: batch.length - shown.length,
          });
        }
        await stream.sleep(BEAT);
      }
    }),
  );

  app.get('/events/:id', async (c) => {
    const eventId = c.req.param('id');
    const revealed = c.req.query('reveal') === '1';
    const payload = history.payload(eventId);
    const entries = history.entries().filter((entry) => entry.eventId === eventId);
    const changes = changesIn(payload, stack.settings);
    const rows = new Map(await rowsOf(target, changes));
    if (rows.size === 0) {
      for (const entry of entries) {
        const row = await transactionOf(entry);
        if (row) rows.set(`transactions › ${row.transaction_id}`, row);
      }
    }
    const parsed = payload === undefined ? undefined : JSON.parse(payload);
    return page(
      c,
      <EventPage
        eventId={eventId}
        entries={
          await Promise.all(
            entries.map(async (entry) => ({ entry, words: describeOutcome(entry, await known(entry)) })),
          )
        }
        steps={[...history.steps(eventId)].sort((a, b) => a.at - b.at)}
        {...(payload === undefined
          ? {}
          : { payload: JSON.stringify(revealed ? parsed : redact(parsed), undefined, 2) })}
        revealed={revealed}
        rows={rows}
      />,
    );
  });
  return app;
}
