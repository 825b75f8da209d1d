/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The change feed: the latest events, as other teams would receive them.

import type { FC } from 'hono/jsx';
import type { BusEvent } from '../../local/event-bus.js';
import { Empty } from '../shell/elements.js';
import { printable } from '../shell/format.js';
import { Layout } from '../shell/layout.js';

/** @param events newest first; undefined if the change feed is off */
export const ChangeFeedPage: FC<{ events: readonly BusEvent[] | undefined }> = ({ events }) => (
  <Layout
    title="Change feed"
    path="/feed"
    intro="Row changes as sent to other teams through EventBridge, newest first."
    scripts={events ? ['change-feed.js'] : []}
  >
    {events ? (
      <div id="changes">
        <Changes events={events} />
      </div>
    ) : (
      <Empty>
        The change feed is off: this DynamoDB has no streams. Start with <code>--dynamodb URL</code> of one that does,
        such as Amazon’s DynamoDB Local.
      </Empty>
    )}
  </Layout>
);

export const Changes: FC<{ events: readonly BusEvent[] }> = ({ events }) =>
  events.length === 0 ? (
    <Empty>Nothing has changed since the stack was started.</Empty>
  ) : (
    <div>
      {events.map((event) => (
        <details class="card">
          <summary>
            <code>{printable(event['detail-type'])}</code> {printable(String(event.detail.id))}, sequence{' '}
            {String(event.detail.sequence)}: {printable((event.detail.changed as string[]).join(', '))}
          </summary>
          <pre>{printable(JSON.stringify(event, undefined, 2))}</pre>
        </details>
      ))}
    </div>
  );
