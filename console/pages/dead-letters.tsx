/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Dead letters: what could not be applied, why, and what to do with it.

import type { FC } from 'hono/jsx';
import { type DeadLetter, groupDeadLetters } from '../../cli/dead-letters.js';
import { Empty, Layout } from './layout.js';

export const DeadLettersPage: FC<{ letters: readonly DeadLetter[]; done?: string }> = ({ letters, done }) => {
  return (
    <Layout
      title="Dead letters"
      path="/dead-letters"
      intro="Events that could not be applied after five tries. Each is kept whole, until it is sent back or deleted."
    >
      {done ? <p role="status">{done}</p> : null}
      {letters.length === 0 ? (
        <Empty>There are none: everything that was accepted is in the tables.</Empty>
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
            {group.length} × {group[0]!.eventType}: {group[0]!.reason}
          </h2>
          <ul class="letters">
            {group.map(({ message, eventId, objectId }) => (
              <li>
                <span>
                  <a href={`/events/${encodeURIComponent(eventId)}`}>{eventId}</a> <code>{objectId}</code>
                </span>
                <form method="post" action="/dead-letters/redrive">
                  <input type="hidden" name="message" value={message.MessageId!} />
                  <button type="submit" aria-label={`Send back ${eventId}`}>
                    Send back
                  </button>
                </form>
                <details>
                  <summary>
                    Delete<span class="hidden"> {eventId}</span>…
                  </summary>
                  <form method="post" action="/dead-letters/delete">
                    <input type="hidden" name="message" value={message.MessageId!} />
                    <button type="submit" class="danger">
                      Delete for good
                    </button>
                  </form>
                </details>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </Layout>
  );
};
