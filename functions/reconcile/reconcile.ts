// Fetches the events that Stripe could not deliver, and queues them. Each run handles a limited number, and continues where the last
// one stopped. Applying an event that did arrive after all changes nothing.

import type { Stripe } from 'stripe';
import type { Settings } from '../../contract/settings.js';
import { isWantedMode, isWantedType } from '../domain/decide.js';
import { withRateLimitRetry } from '../stripe/client.js';

/** Where the next run continues. Times are in Unix seconds. */
export interface Cursor {
  /** An earlier pass has handled all events that were created before this. */
  readonly since: number;
  /** The pass in progress: the newest event that it began with, and the last one that it has handled. */
  readonly pass?: { readonly newest: number; readonly after: string };
}

export interface Reconciled {
  readonly cursor: Cursor;
  /** How many events were listed, and how many of them were queued. */
  readonly seen: number;
  readonly sent: number;
  /** Whether the pass is complete. If not, the next run continues it. */
  readonly complete: boolean;
}

export interface ReconcileOptions {
  readonly stripe: Pick<Stripe, 'events'>;
  readonly settings: Settings;
  readonly cursor: Cursor;
  /** How many pages of 100 events to read at most. */
  readonly maxPages: number;
  /** Send every event, also those that Stripe delivered. */
  readonly all?: boolean;
  readonly send: (events: readonly object[]) => Promise<void>;
  /** Called after each page with the cursor from which a new run would continue. */
  readonly onPage?: (cursor: Cursor, progress: { seen: number; sent: number }) => Promise<void>;
}

/** Stripe may list an event some time after its `created`. Each pass begins this many seconds before the last one's newest event. */
const OVERLAP = 3600;

export async function reconcile(options: ReconcileOptions): Promise<Reconciled> {
  const { stripe, settings, maxPages, all, send, onPage } = options;
  let { cursor } = options;
  let seen = 0;
  let sent = 0;
  for (let page = 0; page < maxPages; page++) {
    // Newest first, as Stripe lists them.
    const { data, has_more } = await withRateLimitRetry(() =>
      stripe.events.list({
        limit: 100,
        created: { gte: cursor.since },
        ...(all ? {} : { delivery_success: false }),
        ...(cursor.pass ? { starting_after: cursor.pass.after } : {}),
      }),
    );
    const wanted = data.filter((event) => isWantedType(event.type, settings) && isWantedMode(event, settings.livemode));
    await send(wanted);
    seen += data.length;
    sent += wanted.length;
    const newest = cursor.pass?.newest ?? data[0]?.created;
    const last = data.at(-1);
    const complete = !has_more || !last;
    cursor =
      complete || newest === undefined
        ? { since: newest === undefined ? cursor.since : Math.max(cursor.since, newest - OVERLAP) }
        : { since: cursor.since, pass: { newest, after: last.id } };
    await onPage?.(cursor, { seen, sent });
    if (complete) return { cursor, seen, sent, complete };
  }
  return { cursor, seen, sent, complete: false };
}
