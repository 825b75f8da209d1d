// The dead-letter queue: reads it, says why each message is there, sends messages back or deletes them.

import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { Settings } from '../contract/settings.js';
import { decide } from '../functions/domain/decide.js';
import { EventNotUnderstoodError, isObject, parseEvent } from '../functions/domain/event.js';
import { toMessage } from '../functions/queue/message.js';
import { snapshotType, thinEventIn } from '../functions/queue/thin-event.js';
import type { Target } from './target.js';

export interface DeadLetter {
  readonly message: Message;
  /** `–` if the message does not contain it. */
  readonly eventId: string;
  readonly eventType: string;
  readonly objectId: string;
  /** Why it could not be applied, by the rules of this version. */
  readonly reason: string;
}

/** How long a message that was read is hidden from others, in seconds. */
const HOLD_SECONDS = 120;
/** How many messages are handled before more are read, so that none is held longer than `HOLD_SECONDS`. */
const BATCH = 500;
/** A short poll queries only a few of SQS's servers; a long poll queries all of them, and can still return nothing. */
const LONG_POLL_SECONDS = 1;
const EMPTY_RECEIVES = { atLeast: 2, atMost: 5 };

/** The queue of the worker's dead letters and, where events come by way of EventBridge, that of EventBridge's: each as a target. */
export function deadLetterQueuesOf(target: Target): Target[] {
  const { eventBridge } = target;
  return [target, ...(eventBridge ? [{ ...target, deadLetterQueueUrl: eventBridge.deadLetterQueueUrl }] : [])];
}

/**
 * Receives what the queue holds, and so hides it from others; `release` makes it visible again.
 *
 * @param limit how many messages to read at most
 */
export async function readDeadLetters(target: Target, limit = Number.POSITIVE_INFINITY): Promise<DeadLetter[]> {
  const found = new Map<string, DeadLetter>();
  for (let empty = 0; found.size < limit; ) {
    const { Messages = [] } = await target.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: target.deadLetterQueueUrl,
        MaxNumberOfMessages: 10,
        MessageSystemAttributeNames: ['SentTimestamp'],
        MessageAttributeNames: ['reason', 'ERROR_CODE'],
        VisibilityTimeout: HOLD_SECONDS,
        WaitTimeSeconds: target.distributedQueues ? LONG_POLL_SECONDS : 0,
      }),
    );
    for (const message of Messages) found.set(message.MessageId!, describe(message, target.settings));
    if (Messages.length > 0) {
      empty = 0;
      continue;
    }
    empty++;
    if (empty >= EMPTY_RECEIVES.atMost) break;
    if (empty >= EMPTY_RECEIVES.atLeast && (await countDeadLetters(target)) === 0) break;
  }
  return [...found.values()];
}

/** About how many messages can be received now: SQS's figure lags by up to a minute. */
export async function countDeadLetters({ sqs, deadLetterQueueUrl }: Target): Promise<number> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: deadLetterQueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  return Number(Attributes?.ApproximateNumberOfMessages ?? 0);
}

/** Makes messages that were read visible again. */
export async function release(target: Target, letters: readonly DeadLetter[]): Promise<void> {
  for (const { message } of letters) {
    await target.sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: target.deadLetterQueueUrl,
        ReceiptHandle: message.ReceiptHandle,
        VisibilityTimeout: 0,
      }),
    );
  }
}

/** Sends first, then deletes: after a crash in between, the message is in both queues, which is harmless. */
export async function sendBack(target: Target, { message }: DeadLetter): Promise<void> {
  const MessageBody = withoutEnvelope(message.Body ?? '');
  await target.sqs.send(new SendMessageCommand({ QueueUrl: target.queueUrl, MessageBody }));
  await remove(target, { message });
}

export async function remove(target: Target, { message }: Pick<DeadLetter, 'message'>): Promise<void> {
  await target.sqs.send(
    new DeleteMessageCommand({ QueueUrl: target.deadLetterQueueUrl, ReceiptHandle: message.ReceiptHandle }),
  );
}

export interface Emptied {
  readonly handled: number;
  /** Messages that were sent back and failed again while this ran. */
  readonly failedAgain: number;
}

/** Sends messages back until the queue is empty, each body once: a message that fails again stays in the queue. */
export async function sendAllBack(target: Target, onProgress: (handled: number) => void): Promise<Emptied> {
  const sent = new Set<string>();
  const failedAgain = new Map<string, DeadLetter>();
  let handled = 0;
  for (;;) {
    const letters = await readDeadLetters(target, BATCH);
    const fresh = letters.filter(({ message: { Body = '' } }) => !sent.has(Body));
    for (const letter of letters) if (!fresh.includes(letter)) failedAgain.set(letter.message.MessageId!, letter);
    if (fresh.length === 0) break;
    for (const letter of fresh) {
      await sendBack(target, letter);
      sent.add(letter.message.Body ?? '');
      onProgress(++handled);
    }
  }
  await release(target, [...failedAgain.values()]);
  return { handled, failedAgain: failedAgain.size };
}

/** Deletes messages until the queue is empty. @returns how many */
export async function removeAll(target: Target, onProgress: (handled: number) => void): Promise<number> {
  for (let handled = 0; ; ) {
    const letters = await readDeadLetters(target, BATCH);
    if (letters.length === 0) return handled;
    for (const letter of letters) {
      await remove(target, letter);
      onProgress(++handled);
    }
  }
}

/** Groups those of one event type that have the same reason. */
export function groupDeadLetters(letters: readonly DeadLetter[]): DeadLetter[][] {
  const groups = new Map<string, DeadLetter[]>();
  for (const letter of letters) {
    const key = JSON.stringify([letter.reason, letter.eventType]);
    groups.set(key, [...(groups.get(key) ?? []), letter]);
  }
  return [...groups.values()];
}

/**
 * The event itself, as the queue takes it. EventBridge keeps what it could not queue in its own envelope:
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html#eb-rule-dlq
 */
export function withoutEnvelope(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    if (!isObject(value) || typeof value['detail-type'] !== 'string' || !isObject(value.detail)) return body;
    return toMessage(JSON.stringify(value.detail), value.detail);
  } catch {
    return body;
  }
}

function describe(message: Message, settings: Settings): DeadLetter {
  const unknown = { message, eventId: '–', eventType: '–', objectId: '–' };
  const body = withoutEnvelope(message.Body ?? '');
  const attributes = message.MessageAttributes ?? {};
  const thin = thinEventIn(body);
  if (thin) {
    const { id, snapshotId = id, objectId = '–' } = thin;
    const about = { eventId: snapshotId, eventType: snapshotType(thin) ?? thin.type, objectId };
    return { message, ...about, reason: thinReason(attributes.reason?.StringValue) };
  }
  try {
    const event = parseEvent(JSON.parse(body));
    const about = { message, eventId: event.id, eventType: event.type, objectId: String(event.data.object.id ?? '–') };
    try {
      decide(event, settings);
      const refused = attributes.ERROR_CODE?.StringValue;
      if (refused) return { ...about, reason: `EventBridge could not queue it (${refused}): send it back` };
      return { ...about, reason: understood(attributes.reason?.StringValue) };
    } catch (error) {
      return { ...about, reason: reasonOf(error) };
    }
  } catch (error) {
    return { ...unknown, reason: reasonOf(error) };
  }
}

/** @param noted why the worker moved the message here; without it, its receives were used up */
function understood(noted: string | undefined): string {
  if (noted === undefined) return 'could not be applied; sending it back may be enough';
  return `was not understood (${noted}), but this version understands it: send it back`;
}

function thinReason(noted: string | undefined): string {
  if (noted !== undefined) return `thin event: ${noted}`;
  return 'thin event whose snapshot event could not be fetched: send it back once Stripe and the API key answer; after 30 days run `resync`';
}

/** A SyntaxError's message quotes what it could not parse. */
function reasonOf(error: unknown): string {
  return error instanceof EventNotUnderstoodError ? error.message : 'the message is not JSON';
}
