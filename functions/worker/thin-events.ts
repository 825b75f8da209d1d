// Replaces each thin event of a batch by the snapshot event that it names, which is then applied like any other.

import type { StripeEvent } from '../domain/event.js';
import { snapshotType, type ThinEvent, thinEventIn } from '../queue/thin-event.js';
import type { Message, Processed } from './process-batch.js';

/**
 * Makes the message that ingest would have made of the snapshot event.
 *
 * @throws {SnapshotEventError} or what reading the API key throws
 */
export type FetchSnapshot = (thin: ThinEvent) => Promise<string>;

export interface Resolved {
  /** What can be applied, in order. */
  readonly messages: readonly Message[];
  /** The outcomes of thin events whose snapshot could not be fetched. */
  readonly unresolved: readonly Processed[];
}

/**
 * How many requests are in flight at the same time in one invocation. Stripe allows 100 a second in live mode for the whole account, so the
 * worker's ten invocations must leave room for the team's own requests: https://docs.stripe.com/rate-limits
 */
const LANES = 2;

/**
 * A batch without thin events is returned as it is. Each snapshot event is fetched once, however many messages name it.
 *
 * @param snapshots called only if there is a thin event
 */
export async function resolveThinEvents(
  messages: readonly Message[],
  snapshots: () => Promise<FetchSnapshot>,
): Promise<Resolved> {
  const thin = new Map<string, ThinEvent>();
  for (const { messageId, body } of messages) {
    const event = thinEventIn(body);
    if (event && snapshotType(event)) thin.set(messageId, event);
  }
  if (thin.size === 0) return { messages, unresolved: [] };
  const fetched = await fetchEach([...thin.values()], await snapshots());
  const unresolved: Processed[] = [];
  const resolved = messages.flatMap((message) => {
    const event = thin.get(message.messageId);
    if (!event) return [message];
    const result = fetched.get(nameOf(event))!;
    if ('body' in result) return [{ messageId: message.messageId, body: result.body }];
    unresolved.push(describe(message.messageId, event, result.reason));
    return [];
  });
  return { messages: resolved, unresolved };
}

type Fetched = { readonly body: string } | { readonly reason: string };

async function fetchEach(events: readonly ThinEvent[], fetchSnapshot: FetchSnapshot): Promise<Map<string, Fetched>> {
  const waiting = new Map(events.map((event) => [nameOf(event), event]));
  const fetched = new Map<string, Fetched>();
  const lane = async () => {
    for (const [name, event] of waiting) {
      waiting.delete(name);
      fetched.set(name, await fetchOne(event, fetchSnapshot));
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return fetched;
}

async function fetchOne(event: ThinEvent, fetchSnapshot: FetchSnapshot): Promise<Fetched> {
  try {
    return { body: await fetchSnapshot(event) };
  } catch (error) {
    const { problem, name } = error as { readonly problem?: string; readonly name?: string };
    return { reason: problem ?? name ?? 'UnknownError' };
  }
}

/** The same snapshot event may be asked for in the name of several accounts. */
function nameOf({ id, snapshotId = id, context = '' }: ThinEvent): string {
  return `${context} ${snapshotId}`;
}

/** No retry finds a snapshot event that does not exist; anything else is retried, for half a day. */
function describe(messageId: string, thin: ThinEvent, reason: string): Processed {
  const { id, snapshotId = id, created, livemode, objectId = '' } = thin;
  const event: StripeEvent = { id: snapshotId, type: snapshotType(thin)!, created, livemode, data: { object: {} } };
  const decision = { objectId, changes: [], metadataIssues: [] };
  const outcome = reason === 'no_snapshot_event' ? 'not_understood' : 'failed';
  return { messageId, outcome, event, decision, attributed: 0, reason };
}
