// Fetches from Stripe what it could not deliver, and puts it into the queue: a bounded part at a time, going on where the last
// run stopped. Applying an event that did arrive after all changes nothing.

import type { Stripe } from 'stripe';
import type { Settings } from '../../contract/settings.js';
import { isWantedMode, isWantedType } from '../domain/decide.js';
import { withRateLimitRetry } from '../stripe/client.js';

/** Where the next run goes on. Times in Unix seconds. */
export interface Cursor {
  /** Events created before this were looked at by an earlier pass. */
  readonly since: number;
  /** The pass under way: the newest event that it began with, and the last one that it has looked at. */
  readonly pass?: { readonly newest: number; readonly after: string };
}

export interface Reconciled {
  readonly cursor: Cursor;
  /** Events looked at, and put into the queue. */
  readonly seen: number;
  readonly sent: number;
  /** Whether the pass is through, or the next run has to go on with it. */
  readonly complete: boolean;
}

export interface ReconcileOptions {
  readonly stripe: Pick<Stripe, 'events'>;
  readonly settings: Settings;
  readonly cursor: Cursor;
  /** Pages of 100 events at most. */
  readonly maxPages: number;
  /** Every event, and not only those that Stripe could not deliver. */
  readonly all?: boolean;
  readonly send: (events: readonly object[]) => Promise<void>;
  /** Called after each page with where a new run would go on. */
  readonly onPage?: (cursor: Cursor, progress: { seen: number; sent: number }) => Promise<void>;
}

/** Stripe's list may show an event a while after its stamp: each pass looks so far behind where the last one began, in seconds. */
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
