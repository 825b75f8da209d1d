/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The page of one event.

import type { FC } from 'hono/jsx';
import { Attributes, Empty } from '../shell/elements.js';
import { printable, time } from '../shell/format.js';
import { Layout } from '../shell/layout.js';
import type { Entry, Step } from './history.js';

export interface EventPageProps {
  readonly eventId: string;
  readonly entries: readonly { readonly entry: Entry; readonly words: string }[];
  readonly steps: readonly Step[];
  /** As JSON text, redacted or not. */
  readonly payload?: string;
  readonly revealed: boolean;
  readonly rows: ReadonlyMap<string, object>;
}

export const EventPage: FC<EventPageProps> = ({ eventId, entries, steps, payload, revealed, rows }) => (
  <Layout title="Event" path="/feed" intro={<code>{printable(eventId)}</code>}>
    {entries.length === 0 && steps.length === 0 ? (
      <Empty>
        This event is unknown: the stack never received it, or received it too long ago. See the{' '}
        <a href="/feed">live feed</a>.
      </Empty>
    ) : null}
    {entries.length > 0 ? <Outcomes entries={entries} /> : null}
    {steps.length > 0 ? <Timeline steps={steps} /> : null}
    <section class="card" aria-labelledby="rows">
      <h2 id="rows">Rows that this event affects, as they are now</h2>
      {rows.size === 0 ? <Empty>There is no such row, or the payload is no longer in memory.</Empty> : null}
      {[...rows].map(([name, row]) => (
        <Row name={name} row={row} eventId={eventId} />
      ))}
    </section>
    <Payload eventId={eventId} revealed={revealed} {...(payload === undefined ? {} : { payload })} />
  </Layout>
);

const Outcomes: FC<Pick<EventPageProps, 'entries'>> = ({ entries }) => (
  <section class="card" aria-labelledby="outcome">
    <h2 id="outcome">Outcome</h2>
    <ul>
      {entries.map(({ entry, words }) => (
        <li>
          {time(entry.at)} · {entry.eventType} · {printable(words)}
        </li>
      ))}
    </ul>
  </section>
);

const Timeline: FC<Pick<EventPageProps, 'steps'>> = ({ steps }) => (
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
);

const Row: FC<{ name: string; row: object; eventId: string }> = ({ name, row, eventId }) => (
  <>
    <h3>{printable(name)}</h3>
    <Attributes row={row} />
    {'event_id' in row ? (
      <p class="hint">
        {row.event_id === eventId
          ? 'This event determined the row.'
          : `The event ${row.event_id} determined the row: it is newer or takes precedence.`}
      </p>
    ) : null}
  </>
);

const Payload: FC<{ eventId: string; payload?: string; revealed: boolean }> = ({ eventId, payload, revealed }) => (
  <section class="card" aria-labelledby="payload">
    <h2 id="payload">Payload</h2>
    {payload === undefined ? (
      <Empty>Payloads are kept in memory only, for the latest events since the stack started.</Empty>
    ) : (
      <>
        <p class="hint">
          {revealed ? 'Shown as received. ' : 'Names, addresses and metadata are hidden, as in the logs. '}
          <a href={`?${new URLSearchParams({ id: eventId, ...(revealed ? {} : { reveal: '1' }) })}`}>
            {revealed ? 'Hide' : 'Reveal'}
          </a>
        </p>
        <pre tabindex={0}>
          <code>{payload.split('\n').map(printable).join('\n')}</code>
        </pre>
      </>
    )}
  </section>
);
