/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The live feed.

import type { FC } from 'hono/jsx';
import { Empty, Scroll } from '../shell/elements.js';
import { eventLink, printable, time } from '../shell/format.js';
import { Layout } from '../shell/layout.js';
import type { Entry } from './history.js';

export const FeedPage: FC<{ filter: string }> = ({ filter }) => (
  <Layout
    title="Live feed"
    path="/feed"
    scripts={['feed.js']}
    intro="Events as they arrive, newest first. Times are in UTC."
  >
    <div class="toolbar">
      <label>
        Filter <input type="search" id="filter" value={filter} placeholder="type, ID or outcome" autocomplete="off" />
      </label>
      <button type="button" id="pause" aria-pressed="false">
        Pause
      </button>
      <a href="/change-feed">Changes sent to other teams</a>
      <p id="feed-state" class="hint" role="status" />
    </div>
    <Scroll label="Events">
      <table class="feed stack">
        <caption class="hidden">Events, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Type</th>
            <th scope="col">Object</th>
            <th scope="col">Outcome</th>
          </tr>
        </thead>
        <tbody id="entries" />
      </table>
    </Scroll>
    <div id="feed-empty">
      <Empty>
        No events yet. Send one from the <a href="/testing">testing suite</a>, or run <code>npm run demo</code>.
      </Empty>
    </div>
  </Layout>
);

/** How an outcome is coloured. */
const TONES: Readonly<Record<string, string>> = {
  recorded: 'good',
  customer_updated: 'good',
  deleted: 'notable',
  waiting: 'notable',
  queued: 'plain',
  stale: 'plain',
  ignored: 'plain',
  unsupported_type: 'plain',
  livemode_mismatch: 'plain',
};

export const FeedEntry: FC<{ entry: Entry; words: string }> = ({ entry, words }) => (
  <tr id={`entry-${entry.sequence}`} class={TONES[entry.outcome] ?? 'bad'} data-event={entry.eventId ?? ''}>
    <td>
      <time datetime={new Date(entry.at).toISOString()}>{time(entry.at)}</time>
    </td>
    <td>
      {entry.eventId ? (
        <a href={eventLink(entry.eventId)}>{printable(entry.eventType ?? 'an event')}</a>
      ) : (
        <span class="hint">rejected request</span>
      )}
    </td>
    <td>
      <code>{printable(entry.objectId ?? '–')}</code>
    </td>
    <td>{printable(words)}</td>
  </tr>
);
