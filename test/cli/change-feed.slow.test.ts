// `redrive --feed`: what the change feed gave up is listed, and the state of every row is sent in its place.

import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { listFailures, redriveFeed } from '../../cli/change-feed.js';
import { OperatorError } from '../../cli/errors.js';
import { type Target, targetOfStackFile } from '../../cli/target.js';
import { createEventBus, createEventBusServer } from '../../local/event-bus.js';
import { close, listen } from '../../local/servers.js';
import { charge, customer, event } from '../support/builders/events.js';
import { fold, rowText, visibleRows } from '../support/schedules/feed.js';
import { type LocalStackUnderTest, startStack } from '../support/stack/local-stack.js';

/** As Lambda writes it: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html */
const FAILURE = {
  requestContext: { condition: 'RecordAgeExceeded', approximateInvokeCount: 1 },
  DDBStreamBatchInfo: {
    shardId: 'shardId-00000001573689847184-864758bb',
    startSequenceNumber: '800000000003126276362',
    batchSize: 7,
    approximateArrivalOfFirstRecord: '2026-11-14T00:13:19Z',
    streamArn: 'arn:aws:dynamodb:eu-west-1:111111111111:table/transactions-x/stream/2026-11-14T00:04:06.388',
  },
};

let refuses = false;
const bus = createEventBus(() => (refuses ? 'InternalFailure' : undefined));
const server = createEventBusServer(bus);
let stack: LocalStackUnderTest;
let target: Target;
let eventBridge: EventBridgeClient;
const waiting = async () => {
  const { Attributes } = await target.sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: target.changeFeed!.failuresQueueUrl,
      AttributeNames: ['ApproximateNumberOfMessages'],
    }),
  );
  return Number(Attributes!.ApproximateNumberOfMessages);
};

beforeAll(async () => {
  stack = await startStack();
  const local = targetOfStackFile(stack.file);
  const { QueueUrl } = await local.sqs.send(new CreateQueueCommand({ QueueName: 'feed-failures' }));
  const feed = { stack: 'prod/Sync', personalData: false, busArn: 'bus', failuresQueueUrl: QueueUrl! };
  target = { ...local, changeFeed: feed };
  eventBridge = new EventBridgeClient({
    endpoint: `http://127.0.0.1:${await listen(server, 0)}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  for (let i = 0; i < 12; i++) await stack.post(event('charge.succeeded', charge({ id: `ch_${i}` })));
  await stack.post(event('customer.created', customer('acme')));
  await stack.settled();
  await target.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(FAILURE) }));
}, 120_000);
afterAll(async () => {
  eventBridge.destroy();
  target.close();
  await close(server);
  await stack.stop();
}, 60_000);

test('lists which records were given up, since when and why, and leaves the messages there', async () => {
  expect(await listFailures(target, 10)).toEqual([
    { table: 'transactions-x', records: 7, since: '2026-11-14T00:13:19Z', condition: 'RecordAgeExceeded' },
  ]);
  expect(await waiting()).toBe(1);
});

test('deletes nothing while EventBridge refuses the events', async () => {
  refuses = true;
  await expect(redriveFeed(target, eventBridge, () => {})).rejects.toThrow(
    'EventBridge does not accept the events (InternalFailure). Nothing was deleted: run the command again once it does.',
  );
  expect(await waiting()).toBe(1);
  refuses = false;
}, 30_000);

test('sends every row as it is, and deletes the messages', async () => {
  expect(await redriveFeed(target, eventBridge, () => {})).toEqual({ sent: 13, deleted: 1 });
  expect(await waiting()).toBe(0);
  const feed = target.changeFeed!;
  expect(rowText(fold(bus.recent()))).toBe(rowText(visibleRows(await stack.rows(), feed)));
  for (const { detail } of bus.recent()) expect(detail).toMatchObject({ before: null, stack: 'prod/Sync' });
}, 30_000);

test('says so if the stack has no change feed', async () => {
  const { changeFeed: _, ...without } = target;
  await expect(listFailures(without, 10)).rejects.toThrow(OperatorError);
  await expect(listFailures(without, 10)).rejects.toThrow('local has no change feed');
});
