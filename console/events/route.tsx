/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The live feed and the page of one event.

import { Hono } from 'hono';
import { readerOf, type Target } from '../../cli/target.js';
import type { Settings } from '../../contract/settings.js';
import { page } from '../shell/page.js';
import { rowsAffectedBy, transactionsIn } from './affected-rows.js';
import { EventPage } from './event-page.js';
import { FeedPage } from './feed-page.js';
import type { Entry, History } from './history.js';
import { liveRoutes, type MessageCounts } from './live.js';
import { changesIn, describeOutcome } from './outcome-words.js';
import { redact } from './redact.js';

export interface EventRoutesOptions {
  readonly history: History;
  readonly target: Target;
  readonly settings: Settings;
  readonly countMessages: () => Promise<MessageCounts>;
}

export function eventRoutes({ history, target, settings, countMessages }: EventRoutesOptions): Hono {
  const app = new Hono();
  const reader = readerOf(target);
  /** Without a payload, the log line names the transaction, unless the event is about a refund or a dispute. */
  const logged = ({ objectId }: Entry) => (objectId === undefined ? undefined : reader.transaction(objectId));
  const changesOf = ({ eventId }: Entry) => changesIn(eventId && history.payload(eventId), settings);
  const describe = async (entry: Entry) => {
    const changes = changesOf(entry);
    const row = (await transactionsIn(target, changes))[0] ?? (await logged(entry));
    return describeOutcome(entry, { changes, ...(row ? { row } : {}) });
  };
  const rowsOf = async (payload: string | undefined, entries: readonly Entry[]) => {
    const rows = new Map(await rowsAffectedBy(target, changesIn(payload, settings)));
    if (rows.size > 0) return rows;
    for (const row of await Promise.all(entries.map(logged)))
      if (row) rows.set(`transactions › ${row.transaction_id}`, row);
    return rows;
  };

  app.route('/', liveRoutes({ history, countMessages, describe }));

  app.get('/feed', (c) => page(c, <FeedPage filter={c.req.query('q') ?? ''} />));

  app.get('/event', async (c) => {
    const eventId = c.req.query('id') ?? '';
    const revealed = c.req.query('reveal') === '1';
    const payload = history.payload(eventId);
    const entries = history.entries().filter((entry) => entry.eventId === eventId);
    const described = entries.map(async (entry) => ({ entry, words: await describe(entry) }));
    return page(
      c,
      <EventPage
        eventId={eventId}
        entries={await Promise.all(described)}
        steps={[...history.steps(eventId)].sort((a, b) => a.at - b.at)}
        {...(payload === undefined ? {} : { payload: formatPayload(payload, revealed) })}
        revealed={revealed}
        rows={await rowsOf(payload, entries)}
      />,
    );
  });
  return app;
}

function formatPayload(payload: string, revealed: boolean): string {
  const parsed: unknown = JSON.parse(payload);
  return JSON.stringify(revealed ? parsed : redact(parsed), undefined, 2);
}
