// `redrive`: what ended in the dead-letter queue, grouped by what it is about; sent back or deleted.

import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { Settings } from '../contract/settings.js';
import { decide } from '../functions/domain/decide.js';
import { EventNotUnderstoodError, parseEvent } from '../functions/domain/event.js';
import { type Output, table } from './output.js';
import type { Target } from './target.js';

export interface DeadLetter {
  readonly message: Message;
  readonly eventId: string;
  readonly eventType: string;
  readonly objectId: string;
  /** What stands in the way now, by the rules of this version: nothing where it only failed. */
  readonly reason: string;
}

/** While they are looked at, messages are hidden from others for so long, in seconds. */
const HOLD_SECONDS = 60;

/** Takes what is in the dead-letter queue into hand, at most `limit` messages; `release` gives it back. */
export async function readDeadLetters(target: Target, limit = 1000): Promise<DeadLetter[]> {
  const found = new Map<string, DeadLetter>();
  while (found.size < limit) {
    const { Messages = [] } = await target.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: target.deadLetterQueueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: HOLD_SECONDS,
      }),
    );
    if (Messages.length === 0) break;
    for (const message of Messages) found.set(message.MessageId!, describe(message, target.settings));
  }
  return [...found.values()];
}

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

/** Into the queue first, and only then out of the dead letters: a break in between leaves it in both, which harms nothing. */
export async function sendBack(target: Target, { message }: DeadLetter): Promise<void> {
  await target.sqs.send(new SendMessageCommand({ QueueUrl: target.queueUrl, MessageBody: message.Body }));
  await remove(target, { message });
}

export async function remove(target: Target, { message }: Pick<DeadLetter, 'message'>): Promise<void> {
  await target.sqs.send(
    new DeleteMessageCommand({ QueueUrl: target.deadLetterQueueUrl, ReceiptHandle: message.ReceiptHandle }),
  );
}

/** Those of one type that one thing stands in the way of belong together. */
export function groupDeadLetters(letters: readonly DeadLetter[]): DeadLetter[][] {
  const groups = new Map<string, DeadLetter[]>();
  for (const letter of letters) {
    const key = JSON.stringify([letter.reason, letter.eventType]);
    groups.set(key, [...(groups.get(key) ?? []), letter]);
  }
  return [...groups.values()];
}

export function printDeadLetters(letters: readonly DeadLetter[], output: Output): void {
  if (letters.length === 0) {
    output.say('The dead-letter queue is empty.');
    return;
  }
  output.say(
    table([
      ['count', 'type', 'first event', 'reason'],
      ...groupDeadLetters(letters).map((group) => [
        String(group.length),
        group[0]!.eventType,
        group[0]!.eventId,
        group[0]!.reason,
      ]),
    ]),
  );
  for (const { message, ...shown } of letters)
    output.item({ messageId: message.MessageId, ...shown }, `  ${shown.eventId}  ${shown.objectId}`);
}

function describe(message: Message, settings: Settings): DeadLetter {
  const unknown = { message, eventId: '–', eventType: '–', objectId: '–' };
  try {
    const event = parseEvent(JSON.parse(message.Body ?? ''));
    const about = { message, eventId: event.id, eventType: event.type, objectId: String(event.data.object.id ?? '–') };
    try {
      decide(event, settings);
      return { ...about, reason: 'could not be applied; sending it back may be enough' };
    } catch (error) {
      return { ...about, reason: reasonOf(error) };
    }
  } catch (error) {
    return { ...unknown, reason: reasonOf(error) };
  }
}

/** A SyntaxError's message quotes what it could not parse. */
function reasonOf(error: unknown): string {
  return error instanceof EventNotUnderstoodError ? error.message : 'the message is not JSON';
}
