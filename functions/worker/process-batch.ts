// A batch of queue messages: each is parsed and decided alone, then all are applied together.

import type { WorkerOutcome } from '../../contract/outcomes.js';
import type { Settings } from '../../contract/settings.js';
import type { Decision } from '../domain/change.js';
import { decide } from '../domain/decide.js';
import { EventNotUnderstoodError, parseEvent, type StripeEvent } from '../domain/event.js';
import { mergeChanges } from '../domain/merge.js';
import { apply } from '../store/apply.js';
import type { StoreContext } from '../store/requests.js';

export interface Message {
  readonly messageId: string;
  readonly body: string;
}

/** What became of one message. */
export interface Processed {
  readonly messageId: string;
  readonly outcome: WorkerOutcome;
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
  context: StoreContext,
  settings: Settings,
  messages: readonly Message[],
): Promise<Processed[]> {
  const understood = messages.map((message) => understand(message, settings));
  const decisions = understood.flatMap((each) => ('decision' in each ? [each.decision] : []));
  const applied = await apply(context, settings, mergeChanges(decisions));
  return messages.map(({ messageId }, i): Processed => {
    const each = understood[i]!;
    if (!('decision' in each)) return { messageId, outcome: 'not_understood', attributed: 0, ...each };
    const { event, decision } = each;
    const { outcome, attributed, error } = applied.get(decision)!;
    const about = { messageId, event, decision, attributed };
    if (error !== undefined) return { ...about, outcome: 'failed', reason: nameOf(error) };
    if (decision.ignored) return { ...about, outcome: 'ignored', reason: decision.ignored };
    return { ...about, outcome };
  });
}

/** The events that first record a transaction; later ones about it would count its amount again. */
const FIRST_EVENTS = ['charge.succeeded', 'invoice.payment_succeeded'];

/** Amounts of the transactions that a batch recorded, by currency, in minor units: for watching, not for paying. */
export function amountsRecorded(processed: readonly Processed[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { event, decision, outcome } of processed) {
    if (!event || !decision || !FIRST_EVENTS.includes(event.type)) continue;
    if (outcome !== 'recorded' && outcome !== 'waiting') continue;
    for (const change of decision.changes) {
      const payment =
        change.kind === 'charge' ? change.snapshot : change.kind === 'evidence' ? change.evidence.paid : undefined;
      if (!payment) continue;
      const { currency = 'unknown', amount } = payment;
      sums.set(currency, (sums.get(currency) ?? 0) + amount);
    }
  }
  return sums;
}

type Understood =
  | { readonly event: StripeEvent; readonly decision: Decision }
  /** The event is present if its envelope could be read, so that the log names it. */
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

/** A timeout throws a DOMException, which is not an `Error` in every runtime. */
function nameOf(error: unknown): string {
  return String((error as { name?: unknown } | undefined)?.name ?? 'UnknownError');
}
