// A batch of queue messages: each is parsed and decided for itself, then all are applied together.

import type { Settings } from '../../contract/settings.js';
import type { Decision } from '../domain/change.js';
import { decide } from '../domain/decide.js';
import { EventNotUnderstoodError, parseEvent, type StripeEvent } from '../domain/event.js';
import { type Applied, apply } from '../store/apply.js';
import type { Connection } from '../store/connection.js';

export interface Message {
  readonly messageId: string;
  readonly body: string;
}

/** What became of one message. */
export interface Processed {
  readonly messageId: string;
  readonly outcome: Applied['outcome'] | 'ignored' | 'failed' | 'not_understood';
  readonly event?: StripeEvent;
  readonly decision?: Decision;
  readonly attributed: number;
  /** Why it was ignored, or not done. Never a value of the message. */
  readonly reason?: string;
}

/**
 * @returns what became of each message, in the same order; never throws
 */
export async function processBatch(
  connection: Connection,
  settings: Settings,
  messages: readonly Message[],
): Promise<Processed[]> {
  const understood = messages.map((message) => understand(message, settings));
  const batch = understood.map((each) => ('decision' in each ? each.decision.changes : []));
  const applied = await apply(connection, settings, batch);
  return messages.map(({ messageId }, i): Processed => {
    const each = understood[i]!;
    const result = applied[i]!;
    if (!('decision' in each)) return { messageId, outcome: 'not_understood', attributed: 0, ...each };
    const { event, decision } = each;
    const about = { messageId, event, decision, attributed: result.attributed };
    if (result.error !== undefined) return { ...about, outcome: 'failed', reason: nameOf(result.error) };
    if (decision.ignored) return { ...about, outcome: 'ignored', reason: decision.ignored };
    return { ...about, outcome: result.outcome };
  });
}

/** The events by which a transaction is first recorded: later ones about it say its amount once more. */
const FIRST_EVENTS = ['charge.succeeded', 'invoice.payment_succeeded'];

/** Net amounts of the transactions that a batch recorded, by currency, in minor units: for watching, not for paying. */
export function amountsRecorded(processed: readonly Processed[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { event, decision, outcome } of processed) {
    if (!event || !decision || !FIRST_EVENTS.includes(event.type)) continue;
    if (outcome !== 'recorded' && outcome !== 'waiting') continue;
    for (const change of decision.changes) {
      if (change.kind !== 'record' && change.kind !== 'invoice-paid') continue;
      const { currency = 'unknown', amount_net } = change.row;
      sums.set(currency, (sums.get(currency) ?? 0) + amount_net);
    }
  }
  return sums;
}

type Understood =
  | { readonly event: StripeEvent; readonly decision: Decision }
  /** The event is known where its envelope could be read: whoever looks for it finds it in the log. */
  | { readonly event?: StripeEvent; readonly reason: string };

function understand(message: Message, settings: Settings): Understood {
  let event: StripeEvent | undefined;
  try {
    event = parseEvent(JSON.parse(message.body));
    return { event, decision: decide(event, settings) };
  } catch (error) {
    // The message of a SyntaxError quotes what it could not parse; ours name fields only.
    const reason = error instanceof EventNotUnderstoodError ? error.message : nameOf(error);
    return { ...(event ? { event } : {}), reason };
  }
}

/** A timeout's DOMException is no `Error` everywhere. */
function nameOf(error: unknown): string {
  return String((error as { name?: unknown } | undefined)?.name ?? 'UnknownError');
}
