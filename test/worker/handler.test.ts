// What the worker prints, and what it does with messages that no rule understands.

import { CreateQueueCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { inBatches } from '../../functions/queue/batches.js';
import { charge, customer, event } from '../support/builders/events.js';
import { runFunction } from '../support/stack/run-function.js';
import { startWiring, type Wiring } from '../support/stack/wiring.js';

let wiring: Wiring;
let sqs: SQSClient;
let deadLetterQueueUrl: string;
let refuse: (body: string) => boolean = () => false;
beforeAll(async () => {
  wiring = await startWiring('whsec_test', ({ target, input }) =>
    target === 'AmazonSQS.SendMessageBatch' &&
    input.Entries.some((each: { MessageBody: string }) => refuse(each.MessageBody))
      ? 'AccessDenied'
      : undefined,
  );
  const endpoint = wiring.args[wiring.args.indexOf('--sqs') + 1]!;
  sqs = new SQSClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'deadletters' }));
  deadLetterQueueUrl = new URL(new URL(QueueUrl!).pathname, endpoint).href;
}, 30_000);
afterAll(() => {
  sqs.destroy();
  wiring.stop();
});

const work = (bodies: readonly string[]) =>
  runFunction(
    'worker',
    {
      CUSTOMERS_TABLE: 'customers',
      TRANSACTIONS_TABLE: 'transactions',
      LINKS_TABLE: 'links',
      DEAD_LETTER_QUEUE_URL: deadLetterQueueUrl,
      AWS_ENDPOINT_URL_SQS: wiring.args[wiring.args.indexOf('--sqs') + 1]!,
    },
    { Records: bodies.map((body, i) => ({ messageId: `message-${i}`, body })) },
  );

async function deadLetters(): Promise<Message[]> {
  const messages: Message[] = [];
  for (;;) {
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: deadLetterQueueUrl,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
      }),
    );
    if (!Messages?.length) return messages;
    messages.push(...Messages);
  }
}

test('a full batch prints one line of JSON for each event, its metrics, and no warning', async () => {
  const events = Array.from({ length: 100 }, (_, i) =>
    event('customer.updated', customer(undefined, { id: `cus_${i}` })),
  );
  const { result, lines } = await work(events.map((each) => JSON.stringify(each)));
  expect(result).toEqual({ batchItemFailures: [] });
  const parsed = lines.map((line) => JSON.parse(line));
  const ofEvents = parsed.filter(({ outcome }) => outcome === 'ignored');
  expect(ofEvents).toHaveLength(100);
  // Each byte is paid for with every event.
  expect(Object.keys(ofEvents[0])).toEqual(['event_id', 'event_type', 'object_id', 'outcome', 'reason']);
  const metrics = parsed.filter(({ _aws }) => _aws);
  expect(metrics).toEqual([expect.objectContaining({ EventsIgnored: 100, EventAge: expect.any(Array) })]);
  expect(metrics[0].EventAge).toHaveLength(100);
}, 30_000);

describe('a message that no rule understands', () => {
  const unreadable = '{"id": "Zoë", broken';
  const withoutAmount = JSON.stringify(event('charge.succeeded', charge({ amount: 'ten' })));
  const ignored = JSON.stringify(event('customer.updated', customer()));

  test('is moved to the dead-letter queue immediately, unchanged, with the reason as an attribute', async () => {
    const { result, lines } = await work([unreadable, ignored, withoutAmount]);
    expect(result).toEqual({ batchItemFailures: [] });
    const moved = await deadLetters();
    const reasons = new Map(moved.map(({ Body, MessageAttributes }) => [Body, MessageAttributes?.reason?.StringValue]));
    expect([...reasons.keys()].sort()).toEqual([unreadable, withoutAmount].sort());
    expect(reasons.get(unreadable)).toBe('SyntaxError');
    expect(reasons.get(withoutAmount)).toContain('amount');
    const counted = lines.flatMap((line) => JSON.parse(line).EventsNotUnderstood ?? []);
    expect(counted).toEqual([2]);
  }, 30_000);

  test('is moved together with the others of its batch: SQS accepts ten messages and 1 MiB in one request', async () => {
    const bodies = Array.from({ length: 25 }, (_, i) => `${i} ${'x'.repeat(i % 5 === 0 ? 250_000 : 10)}`);
    expect((await work(bodies)).result).toEqual({ batchItemFailures: [] });
    const moved = await deadLetters();
    expect(moved.map(({ Body }) => Body).sort()).toEqual([...bodies].sort());
  }, 30_000);

  test('stays in its queue if the dead-letter queue does not accept it, is retried, and one line says why and what to do', async () => {
    refuse = (body) => body === unreadable;
    const { result, lines } = await work([ignored, unreadable, unreadable]);
    refuse = () => false;
    const stays = ['message-1', 'message-2'];
    expect(result).toEqual({ batchItemFailures: stays.map((itemIdentifier) => ({ itemIdentifier })) });
    expect(await deadLetters()).toEqual([]);
    const parsed = lines.map((line) => JSON.parse(line));
    const logged = parsed.filter(({ message }) => message?.includes('the dead-letter queue did not accept messages'));
    expect(logged).toEqual([expect.objectContaining({ level: 'ERROR', messages: 2, reason: 'AccessDenied' })]);
    expect(logged[0].message).toMatch(/DEAD_LETTER_QUEUE_URL.*sqs:SendMessage/);
    expect(lines.join('')).not.toContain('broken');
  }, 30_000);
});

test('batches hold at most ten messages and a megabyte, and lose none', () => {
  const sizes = [999_999, 1, 1, 1_048_576, ...Array<number>(23).fill(7)];
  const batches = inBatches(sizes, (size) => size);
  expect(batches.flat()).toEqual(sizes);
  expect(batches.map((batch) => batch.length)).toEqual([2, 1, 1, 10, 10, 3]);
});
