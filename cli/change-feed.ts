// Repairs the change feed after it gave up on events: sends the current state of every row.
//
// The messages in the queue of failures say which records of a stream were given up, and a stream keeps its records for 24 hours only. The
// tables have the rows themselves. For a consumer that keeps the newest event of each row, that is the same.

import type { Message } from '@aws-sdk/client-sqs';
import { paginateScan } from '@aws-sdk/lib-dynamodb';
import { changeOf, type FeedSettings } from '../functions/feed/changes.js';
import { entryOf, type PutEvents, sendEntries } from '../functions/feed/entries.js';
import { readDeadLetters, release, remove } from './dead-letters.js';
import { OperatorError } from './errors.js';
import type { Target } from './target.js';

/** Where a deployment's change feed sends its events, and what they contain. */
export interface FeedTarget extends FeedSettings {
  readonly busArn: string;
  readonly failuresQueueUrl: string;
}

/** One message in the queue of failures: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html */
export interface FeedFailure {
  /** `customers-…`, as the table is called. */
  readonly table: string;
  readonly records: number;
  /** ISO 8601; when the first of them was written. */
  readonly since: string;
  /** Why Lambda gave them up, such as `RecordAgeExceeded`. */
  readonly condition: string;
}

const TRIES = 5;

/** @throws {OperatorError} if the stack has no change feed */
export function requireFeed({ changeFeed, name }: Target): FeedTarget {
  if (changeFeed) return changeFeed;
  throw new OperatorError(`${name} has no change feed: name a stack that was deployed with changeFeed`, 2);
}

/** Reads the messages and makes them visible again. */
export async function listFailures(target: Target, limit: number): Promise<FeedFailure[]> {
  const queue = failuresOf(target);
  const letters = await readDeadLetters(queue, limit);
  await release(queue, letters);
  return letters.map(({ message }) => failureOf(message));
}

/**
 * Sends the state of every row, and then deletes the messages that were there before. A row that changes in that time is sent again by the
 * change feed, with a greater sequence.
 *
 * @returns how many events were sent, and how many messages were deleted
 * @throws {OperatorError} if EventBridge does not accept an event; no message is deleted then
 */
export async function redriveFeed(
  target: Target,
  eventBridge: PutEvents,
  onProgress: (sent: number) => void,
): Promise<{ readonly sent: number; readonly deleted: number }> {
  const feed = requireFeed(target);
  const started = Date.now();
  let sent = 0;
  for (const TableName of [target.tables.customers, target.tables.transactions]) {
    for await (const { Items = [] } of paginateScan({ client: target.dynamodb }, { TableName, ConsistentRead: true })) {
      const events = Items.flatMap((after) => changeOf({ before: undefined, after }, feed) ?? []);
      await sendAll(
        eventBridge,
        events.map((event) => entryOf(event, feed.busArn, new Date())),
      );
      sent += events.length;
      onProgress(sent);
    }
  }
  return { sent, deleted: await deleteFailures(target, started) };
}

async function sendAll(eventBridge: PutEvents, entries: Parameters<typeof sendEntries>[1]): Promise<void> {
  let left = entries;
  for (let attempt = 0; left.length > 0; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
    const { accepted, error } = await sendEntries(eventBridge, left);
    left = left.slice(accepted);
    if (accepted > 0) attempt = 0;
    if (left.length > 0 && attempt === TRIES - 1)
      throw new OperatorError(
        `EventBridge does not accept the events (${error}). Nothing was deleted: run the command again once it does.`,
      );
  }
}

/** What failed after the start of the scan may be newer than what was sent. */
async function deleteFailures(target: Target, before: number): Promise<number> {
  const queue = failuresOf(target);
  const letters = await readDeadLetters(queue);
  const isOld = ({ message }: { message: Message }) => Number(message.Attributes?.SentTimestamp ?? 0) < before;
  const old = letters.filter(isOld);
  for (const letter of old) await remove(queue, letter);
  await release(
    queue,
    letters.filter((letter) => !isOld(letter)),
  );
  return old.length;
}

function failuresOf(target: Target): Target {
  return { ...target, deadLetterQueueUrl: requireFeed(target).failuresQueueUrl };
}

function failureOf({ Body = '' }: Message): FeedFailure {
  try {
    const { requestContext, DDBStreamBatchInfo: batch } = JSON.parse(Body);
    const [, table = '–'] = /:table\/([^/]+)\//.exec(String(batch?.streamArn)) ?? [];
    return {
      table,
      records: Number(batch?.batchSize ?? 0),
      since: String(batch?.approximateArrivalOfFirstRecord ?? '–'),
      condition: String(requestContext?.condition ?? '–'),
    };
  } catch {
    return { table: '–', records: 0, since: '–', condition: 'the message is not JSON' };
  }
}
