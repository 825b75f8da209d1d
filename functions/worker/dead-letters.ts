// Moves messages that no rule understands to the dead-letter queue, unchanged, with the reason as a message attribute.

import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { inBatches } from '../queue/batches.js';

export interface DeadLetter {
  readonly messageId: string;
  /** Exactly as it was received. */
  readonly body: string;
  readonly reason: string;
}

export interface NotMoved {
  /** The ids of the messages that the queue did not accept: they must stay in their own queue. */
  readonly messageIds: ReadonlySet<string>;
  /** The names of the errors behind that, each once. */
  readonly errors: readonly string[];
}

/** SQS accepts 1 MiB for a message with its attributes. */
const MAX_MESSAGE_BYTES = 1_048_576;
const MAX_REASON_LENGTH = 500;
/** A batch entry's id may have only letters, digits, - and _, so it is the message's position. */
const entryId = (position: number) => String(position);

/** Sends each message to the dead-letter queue. Never throws. */
export async function moveToDeadLetters(
  sqs: SQSClient,
  queueUrl: string,
  deadLetters: readonly DeadLetter[],
  abortSignal?: AbortSignal,
): Promise<NotMoved> {
  const remaining = new Set(deadLetters.map(({ messageId }) => messageId));
  const errors = new Set<string>();
  const batches = inBatches(deadLetters, ({ body, reason }) => Buffer.byteLength(body) + attributeBytes(reason));
  await Promise.all(
    batches.map(async (batch) => {
      const Entries = batch.map(({ body, reason }, i) => ({
        Id: entryId(i),
        MessageBody: body,
        ...reasonAttribute(body, reason),
      }));
      try {
        const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries });
        const { Successful = [], Failed = [] } = await sqs.send(command, abortSignal ? { abortSignal } : {});
        for (const { Id } of Successful) remaining.delete(batch[Number(Id)]!.messageId);
        for (const { Code } of Failed) errors.add(Code ?? 'unknown');
      } catch (error) {
        // All of this batch stays in its queue, and the next attempt tries again.
        errors.add(error instanceof Error ? error.name : 'unknown');
      }
    }),
  );
  return { messageIds: remaining, errors: [...errors] };
}

/** A body that leaves no room for it goes without: the log has the reason too. */
function reasonAttribute(body: string, reason: string) {
  if (Buffer.byteLength(body) + attributeBytes(reason) > MAX_MESSAGE_BYTES) return {};
  return { MessageAttributes: { reason: { DataType: 'String', StringValue: sendable(reason) } } };
}

/** The name, the type and the value count. */
function attributeBytes(reason: string): number {
  return Buffer.byteLength(`reasonString${sendable(reason)}`);
}

/** SQS refuses an empty value and control characters. */
function sendable(reason: string): string {
  return reason.replace(/[^\u0020-\uD7FF\uE000-\uFFFD]/g, ' ').slice(0, MAX_REASON_LENGTH) || 'unknown';
}
