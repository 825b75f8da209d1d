// What Lambda's event source mapping does: takes messages from the queue in batches and invokes the function with them.

import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSBatchResponse } from 'aws-lambda';
import { countMessages } from './count-messages.js';

export interface EventSourceOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly batchSize: number;
  readonly windowSeconds: number;
  /** Batches in flight at the same time. */
  readonly concurrency: number;
  readonly invoke: (event: unknown) => Promise<unknown>;
}

export interface EventSource {
  /**
   * Handles what is left in the queue, for at most this long, and stops.
   *
   * @returns how many messages are left; NaN if the queue does not answer
   */
  drain(milliseconds: number): Promise<number>;
}

/** ReceiveMessage returns at most this many. */
const RECEIVE_AT_ONCE = 10;
/** Between requests to a queue that had fewer: messages that trickle in would take a request each. */
const GATHER_MILLISECONDS = 50;
/**
 * Once an invocation has ended, messages that it did not process are visible again after this many seconds, because a person at a
 * terminal does not wait for the queue's own timeout. While an invocation runs, that timeout applies.
 */
const RETRY_SECONDS = 1;

export function startEventSource(options: EventSourceOptions): EventSource {
  const { sqs, queueUrl } = options;
  let draining = false;
  const stopped = new AbortController();

  // One batch after the other is gathered: several together would each get a part of what trickles in.
  let gathering: Promise<unknown> = Promise.resolve();
  const nextBatch = () => {
    const batch = gathering.then(() => receiveBatch(options, () => draining, stopped.signal));
    gathering = batch.catch(() => {});
    return batch;
  };
  const poll = async () => {
    while (!stopped.signal.aborted) {
      try {
        const batch = await nextBatch();
        if (batch.length > 0) await handleBatch(options, batch);
        else if (draining) await sleep(50);
      } catch {
        // The queue does not answer: try again.
        if (!stopped.signal.aborted) await sleep(200);
      }
    }
  };
  const pollers = Array.from({ length: options.concurrency }, poll);
  return {
    async drain(milliseconds) {
      draining = true;
      const until = Date.now() + milliseconds;
      let left = await countMessages(sqs, queueUrl).catch(() => Number.NaN);
      // A queue that does not answer, because its disk is full, ends the wait.
      while (left > 0 && Date.now() < until) {
        await sleep(50);
        left = await countMessages(sqs, queueUrl).catch(() => Number.NaN);
      }
      // Ends the long polls.
      stopped.abort();
      await Promise.all(pollers);
      return left;
    },
  };
}

/** Gathers a batch as Lambda does: until it is full, or the window is over. @returns nothing after a second without messages */
async function receiveBatch(
  { sqs, queueUrl, batchSize, windowSeconds }: EventSourceOptions,
  isDraining: () => boolean,
  abortSignal: AbortSignal,
): Promise<Message[]> {
  const receive = async (count: number, WaitTimeSeconds: number): Promise<Message[]> => {
    const command = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: Math.min(count, RECEIVE_AT_ONCE),
      WaitTimeSeconds,
      MessageSystemAttributeNames: ['All'],
    });
    return (await sqs.send(command, { abortSignal })).Messages ?? [];
  };
  const batch = await receive(batchSize, isDraining() ? 0 : 1);
  const until = Date.now() + windowSeconds * 1000;
  while (batch.length > 0 && batch.length < batchSize) {
    const more = await receive(batchSize - batch.length, 0);
    batch.push(...more);
    if (more.length === RECEIVE_AT_ONCE) continue;
    if (batch.length === batchSize || isDraining() || Date.now() >= until) break;
    await sleep(GATHER_MILLISECONDS);
  }
  return batch;
}

/** Invokes the function, deletes the messages that it processed, and makes the others visible again. */
async function handleBatch({ sqs, queueUrl, invoke }: EventSourceOptions, batch: readonly Message[]): Promise<void> {
  let failed: Set<string | undefined>;
  try {
    const response = (await invoke({ Records: batch.map(toRecord) })) as SQSBatchResponse | undefined;
    failed = new Set(response?.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  } catch {
    failed = new Set(batch.map(({ MessageId }) => MessageId));
  }
  const entries = batch.map(({ MessageId, ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle, MessageId }));
  const done = entries.filter(({ MessageId }) => !failed.has(MessageId));
  const again = entries.filter(({ MessageId }) => failed.has(MessageId));
  await Promise.all([
    ...inTens(done).map((some) => {
      const Entries = some.map(({ Id, ReceiptHandle }) => ({ Id, ReceiptHandle }));
      return sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    }),
    ...inTens(again).map((some) => {
      const Entries = some.map(({ Id, ReceiptHandle }) => ({ Id, ReceiptHandle, VisibilityTimeout: RETRY_SECONDS }));
      return sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }));
    }),
  ]);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function toRecord(message: Message) {
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes: {},
    eventSource: 'aws:sqs',
  };
}

function inTens<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / 10) }, (_, i) => items.slice(i * 10, (i + 1) * 10));
}
