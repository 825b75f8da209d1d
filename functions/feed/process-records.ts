// A batch of stream records: each becomes zero or one event, and all are sent in the order of the stream.

import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import type { FeedOutcome } from '../../contract/outcomes.js';
import { type ChangeEvent, changeOf, type FeedSettings, idOf, type StoredRow } from './changes.js';
import { entryOf, type PutEvents, sendEntries } from './entries.js';

export interface FeedContext extends FeedSettings {
  readonly eventBridge: PutEvents;
  /** The name or ARN of the bus. */
  readonly bus: string;
  /** Ends the work when the time is over; what was not sent is reported as failed. */
  readonly signal?: AbortSignal;
}

/** What became of one record. */
export interface ProcessedRecord {
  readonly sequenceNumber: string;
  readonly outcome: FeedOutcome;
  /** The row's key, if the record could be read. */
  readonly id?: string;
  readonly event?: ChangeEvent;
  /** Why it failed, or why it is no event. Never a value of the row. */
  readonly reason?: string;
}

/**
 * @param records of one shard, in its order
 * @returns what became of each record, in the same order. From the first that failed on, all count as failed: Lambda delivers them
 * again, so that a row's events keep their order as far as EventBridge keeps it. Never throws.
 */
export async function processRecords(
  context: FeedContext,
  records: readonly DynamoDBRecord[],
): Promise<ProcessedRecord[]> {
  const read = records.map((record) => readRecord(record, context));
  const unreadable = read.findIndex(({ outcome }) => outcome === 'failed');
  const sendable = unreadable === -1 ? read : read.slice(0, unreadable);
  const sending = sendable.flatMap(({ event }, position) => (event ? [{ event, position }] : []));
  const { accepted, error } = await sendEntries(
    context.eventBridge,
    sending.map(({ event, position }) => entryOf(event, context.bus, timeOf(records[position]!))),
    context.signal,
  );
  const failedAt = sending[accepted]?.position ?? sendable.length;
  return read.map((each, i) => {
    if (i < failedAt) return each;
    if (i > failedAt) return { ...each, outcome: 'failed', reason: 'after_a_failure' };
    return { ...each, outcome: 'failed', reason: error ?? each.reason ?? 'Error' };
  });
}

function readRecord(record: DynamoDBRecord, settings: FeedSettings): ProcessedRecord {
  const sequenceNumber = record.dynamodb?.SequenceNumber ?? '';
  try {
    const [before, after] = [rowOf(record.dynamodb?.OldImage), rowOf(record.dynamodb?.NewImage)];
    // The pipeline never removes a row, so somebody did by hand.
    if (!after)
      return { sequenceNumber, outcome: 'invisible', reason: 'row_removed', ...(before ? { id: idOf(before) } : {}) };
    const event = changeOf({ before, after }, settings);
    const id = idOf(after);
    return event ? { sequenceNumber, id, outcome: 'sent', event } : { sequenceNumber, id, outcome: 'invisible' };
  } catch (error) {
    return { sequenceNumber, outcome: 'failed', reason: error instanceof Error ? error.name : 'Error' };
  }
}

type Image = NonNullable<DynamoDBRecord['dynamodb']>['NewImage'];

function rowOf(image: Image): StoredRow | undefined {
  return image && unmarshall(image as Parameters<typeof unmarshall>[0]);
}

/** DynamoDB states it in whole seconds. */
function timeOf({ dynamodb }: DynamoDBRecord): Date {
  const seconds = dynamodb?.ApproximateCreationDateTime;
  return seconds === undefined ? new Date() : new Date(seconds * 1000);
}
