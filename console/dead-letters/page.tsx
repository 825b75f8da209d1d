/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Dead letters: what the worker could not apply, why, and what to do about it.

import type { FC } from 'hono/jsx';
import { type DeadLetter, groupDeadLetters } from '../../cli/dead-letters.js';
import { Empty } from '../shell/elements.js';
import { count, eventLink, printable } from '../shell/format.js';
import { Layout } from '../shell/layout.js';

/** @param done how many messages the last action handled */
export const DeadLettersPage: FC<{ letters: readonly DeadLetter[]; done?: number }> = ({ letters, done }) => (
  <Layout
    title="Dead letters"
    path="/dead-letters"
    intro="Events that the worker could not apply. They stay here until you send them back or delete them."
  >
    {done ? <p role="status">Done: {count(done, 'message')}.</p> : null}
    {letters.length === 0 ? (
      <Empty>No dead letters: the worker has applied every event, or will try again.</Empty>
    ) : (
      <form method="post" action="/dead-letters/redrive" class="toolbar">
        <button type="submit" class="primary">
          Send all {letters.length} back to the queue
        </button>
      </form>
    )}
    {groupDeadLetters(letters).map((group) => (
      <section class="card">
        <h2>
          {group.length} × {printable(group[0]!.eventType)}: {printable(group[0]!.reason)}
        </h2>
        <ul class="letters">
          {group.map((letter) => (
            <Letter letter={letter} />
          ))}
        </ul>
      </section>
    ))}
  </Layout>
);

const Letter: FC<{ letter: DeadLetter }> = ({ letter: { message, eventId, objectId } }) => (
  <li>
    <span>
      <a href={eventLink(eventId)}>{printable(eventId)}</a> <code>{printable(objectId)}</code>
    </span>
    <form method="post" action="/dead-letters/redrive">
      <input type="hidden" name="message" value={message.MessageId!} />
      <button type="submit" aria-label={`Send back ${printable(eventId)}`}>
        Send back
      </button>
    </form>
    <details>
      <summary>
        Delete<span class="hidden"> {printable(eventId)}</span>…
      </summary>
      <form method="post" action="/dead-letters/delete">
        <input type="hidden" name="message" value={message.MessageId!} />
        <button type="submit" class="danger">
          Delete permanently
        </button>
      </form>
    </details>
  </li>
);
