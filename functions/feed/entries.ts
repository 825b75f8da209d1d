// Sends events to EventBridge, in order and in batches that it accepts.

import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { FEED_SOURCE } from '../../contract/change-feed.js';
import type { ChangeEvent } from './changes.js';

/** PutEvents accepts ten entries of 256 KB in all: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html */
const MAX_ENTRIES = 10;
const MAX_BYTES = 256 * 1024;
/** What a time counts for: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-calc-entry-size */
const TIME_BYTES = 14;

export type PutEvents = Pick<EventBridgeClient, 'send'>;

/** @param time when the row changed */
export function entryOf({ type, detail }: ChangeEvent, bus: string, time: Date): PutEventsRequestEntry {
  return {
    Source: FEED_SOURCE,
    DetailType: type,
    Detail: JSON.stringify(detail),
    EventBusName: bus,
    Time: time,
  };
}

export interface Sent {
  /** How many entries from the start were accepted. Some of those after them may have been accepted too. */
  readonly accepted: number;
  /** Why the next one was not; undefined if all were accepted. */
  readonly error?: string;
}

/** Stops at the first batch that is not accepted as a whole. Never throws. */
export async function sendEntries(
  eventBridge: PutEvents,
  entries: readonly PutEventsRequestEntry[],
  abortSignal?: AbortSignal,
): Promise<Sent> {
  let accepted = 0;
  for (const batch of inBatches(entries)) {
    try {
      const command = new PutEventsCommand({ Entries: batch });
      const { Entries: results = [] } = await eventBridge.send(command, abortSignal ? { abortSignal } : {});
      const refused = batch.findIndex((_, i) => results[i]?.EventId === undefined);
      if (refused !== -1)
        return { accepted: accepted + refused, error: results[refused]?.ErrorCode ?? 'NoAnswerForEntry' };
    } catch (error) {
      return { accepted, error: error instanceof Error ? error.name : 'Error' };
    }
    accepted += batch.length;
  }
  return { accepted };
}

/** An entry that is too large for any batch gets a separate one, which EventBridge refuses. */
function inBatches(entries: readonly PutEventsRequestEntry[]): PutEventsRequestEntry[][] {
  const batches: PutEventsRequestEntry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = bytesOf(entry);
    const last = batches.at(-1);
    if (last && last.length < MAX_ENTRIES && bytes + size <= MAX_BYTES) {
      last.push(entry);
      bytes += size;
    } else {
      batches.push([entry]);
      bytes = size;
    }
  }
  return batches;
}

function bytesOf({ Source = '', DetailType = '', Detail = '' }: PutEventsRequestEntry): number {
  return TIME_BYTES + [Source, DetailType, Detail].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}
