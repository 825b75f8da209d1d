/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The stream that every page listens to: the size of the queues, and for the live feed its entries.

import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { FeedEntry } from './feed-page.js';
import type { Entry, History } from './history.js';

/** How often new entries are sent, in milliseconds; the size of the queues every fourth time. */
const INTERVAL = 500;
/** How many entries are sent together; a person reads no more. */
const SHOWN = 200;

export interface MessageCounts {
  readonly waiting: number;
  readonly deadLetters: number;
}

export interface LiveOptions {
  readonly history: History;
  readonly countMessages: () => Promise<MessageCounts>;
  readonly describe: (entry: Entry) => Promise<string>;
}

export function liveRoutes({ history, countMessages, describe }: LiveOptions): Hono {
  const app = new Hono();
  const render = async (entry: Entry) => (<FeedEntry entry={entry} words={await describe(entry)} />).toString();
  const renderChanged = async (changed: readonly Entry[]) => {
    const shown = changed.slice(-SHOWN);
    const html = shown.map(async (entry) => ({ id: `entry-${entry.sequence}`, html: await render(entry) }));
    return { html: await Promise.all(html), skipped: changed.length - shown.length };
  };

  app.get('/live', (c) =>
    streamSSE(c, async (stream) => {
      const wantsFeed = c.req.query('feed') !== undefined;
      let changed = new Map<number, Entry>();
      const unsubscribe = wantsFeed ? history.subscribe((entry) => changed.set(entry.sequence, entry)) : () => {};
      stream.onAbort(unsubscribe);
      const send = async (event: string, data: unknown) => stream.writeSSE({ event, data: JSON.stringify(data) });
      if (wantsFeed) await send('snapshot', await Promise.all(history.entries().slice(-SHOWN).map(render)));
      for (let beat = 0; !stream.aborted; beat++) {
        if (beat % 4 === 0) await send('state', await countMessages().catch(() => ({ waiting: 0, deadLetters: 0 })));
        if (changed.size > 0) {
          const batch = [...changed.values()];
          changed = new Map();
          await send('entries', await renderChanged(batch));
        }
        await stream.sleep(INTERVAL);
      }
    }),
  );
  return app;
}
