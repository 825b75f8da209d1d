/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The live feed, and the page of one event.

import type { FC } from 'hono/jsx';
import type { Entry, Step } from '../history.js';
import { Empty, Layout, Scroll, time } from './layout.js';

export const FeedPage: FC = () => (
  <Layout
    title="Live feed"
    path="/feed"
    scripts={['feed.js']}
    intro="Each event as it comes, newest first. Times are UTC."
  >
    <div class="toolbar">
      <label>
        Filter <input type="search" id="filter" placeholder="type, id or words" autocomplete="off" />
      </label>
      <button type="button" id="pause" aria-pressed="false">
        Pause
      </button>
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
        No event has come yet. Send one from the <a href="/testing">testing suite</a>, or run <code>npm run demo</code>.
      </Empty>
    </div>
  </Layout>
);

/** How an outcome is coloured. */
function tone(outcome: string): string {
  if (outcome === 'recorded' || outcome === 'customer_updated') return 'good';
  if (outcome === 'deleted' || outcome === 'waiting') return 'notable';
  if (outcome === 'queued' || outcome === 'stale' || outcome === 'ignored') return 'plain';
  return outcome === 'unsupported_type' || outcome === 'livemode_mismatch' ? 'plain' : 'bad';
}

export const FeedEntry: FC<{ entry: Entry; words: string }> = ({ entry, words }) => (
  <tr id={`entry-${entry.sequence}`} class={tone(entry.outcome)}>
    <td>
      <time datetime={new Date(entry.at).toISOString()}>{time(entry.at)}</time>
    </td>
    <td>
      {entry.eventId ? (
        <a href={`/events/${encodeURIComponent(entry.eventId)}`}>{entry.eventType}</a>
      ) : (
        <span class="hint">a request</span>
      )}
    </td>
    <td>
      <code>{entry.objectId ?? '–'}</code>
    </td>
    <td>{words}</td>
  </tr>
);

export interface EventPageProps {
  readonly eventId: string;
  readonly entries: readonly { readonly entry: Entry; readonly words: string }[];
  readonly steps: readonly Step[];
  /** As JSON text, covered or not. */
  readonly payload?: string;
  readonly revealed: boolean;
  readonly rows: ReadonlyMap<string, object>;
}

export const EventPage: FC<EventPageProps> = ({ eventId, entries, steps, payload, revealed, rows }) => (
  <Layout title="Event" path="/feed" intro={<code>{eventId}</code>}>
    {entries.length === 0 && steps.length === 0 ? (
      <Empty>
        Nothing is known of this event: it was never received, or before what is kept. See the{' '}
        <a href="/feed">live feed</a>.
      </Empty>
    ) : null}
    {entries.length > 0 ? (
      <section class="card" aria-labelledby="outcome">
        <h2 id="outcome">Outcome</h2>
        <ul>
          {entries.map(({ entry, words }) => (
            <li>
              {time(entry.at)} · {entry.eventType} · {words}
            </li>
          ))}
        </ul>
      </section>
    ) : null}
    {steps.length > 0 ? (
      <section class="card" aria-labelledby="timeline">
        <h2 id="timeline">Timeline</h2>
        <ol class="story">
          {steps.map(({ at, where, what }) => (
            <li>
              <strong>{where}</strong> <span>{what}</span> <time>{new Date(at).toISOString().slice(11, 23)}</time>
            </li>
          ))}
        </ol>
      </section>
    ) : null}
    <section class="card" aria-labelledby="rows">
      <h2 id="rows">The rows it is about, as they stand</h2>
      {rows.size === 0 ? <Empty>There is no row for it, or its payload is not known any more.</Empty> : null}
      {[...rows].map(([name, row]) => (
        <>
          <h3>{name}</h3>
          <Attributes row={row} />
          {'event_id' in row ? (
            <p class="hint">
              {row.event_id === eventId
                ? 'Decided by this event.'
                : `Decided by ${row.event_id}, which is newer or stronger.`}
            </p>
          ) : null}
        </>
      ))}
    </section>
    <section class="card" aria-labelledby="payload">
      <h2 id="payload">Payload</h2>
      {payload === undefined ? (
        <Empty>Payloads are kept in memory alone, for the latest events since the start.</Empty>
      ) : (
        <>
          <p class="hint">
            {revealed ? 'Shown as it came. ' : 'Names, addresses and metadata are covered, as they are in logs. '}
            <a href={revealed ? '?' : '?reveal=1'}>{revealed ? 'Cover again' : 'Reveal'}</a>
          </p>
          <pre tabindex={0}>
            <code>{payload}</code>
          </pre>
        </>
      )}
    </section>
  </Layout>
);

export const Attributes: FC<{ row: object }> = ({ row }) => (
  <dl class="facts">
    {Object.entries(row).map(([name, value]) => (
      <>
        <dt>{name}</dt>
        <dd>{String(value)}</dd>
      </>
    ))}
  </dl>
);
