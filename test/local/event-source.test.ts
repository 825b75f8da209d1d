// How the local stack gathers batches, on the queue that it uses.

import { type ChildProcess, fork } from 'node:child_process';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { SQSEvent } from 'aws-lambda';
import type { EmulatorsReady, EmulatorsRequest } from '../../local/emulators/process.js';
import { startEventSource } from '../../local/event-source.js';
import { bundleProcess } from '../../local/processes.js';

let queue: ChildProcess;
let sqs: SQSClient;
let receives = 0;
beforeAll(async () => {
  const request: EmulatorsRequest = { dynamodb: false, sqs: true };
  queue = fork(await bundleProcess('emulators/process.ts'), [JSON.stringify(request)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ready = await new Promise<EmulatorsReady>((resolve) =>
    queue.once('message', (message) => resolve(message as EmulatorsReady)),
  );
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  sqs = new SQSClient({ endpoint: ready.sqsEndpoint!, region: 'us-east-1', credentials });
  sqs.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        if (commandName === 'ReceiveMessageCommand') receives++;
        return next(args);
      },
    { step: 'initialize' },
  );
}, 30_000);
afterAll(() => {
  sqs.destroy();
  queue.disconnect();
});
beforeEach(() => {
  receives = 0;
});

async function createQueue(name: string): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  return QueueUrl!;
}

/** Sends messages, gathers them, and stops once all have been invoked. @returns the sizes of the batches */
async function gather(QueueUrl: string, messages: number, windowSeconds: number, pause: number): Promise<number[]> {
  const batches: number[] = [];
  const total = () => batches.reduce((sum, size) => sum + size, 0);
  const source = startEventSource({
    sqs,
    queueUrl: QueueUrl,
    batchSize: 100,
    windowSeconds,
    concurrency: 5,
    async invoke(event) {
      batches.push((event as SQSEvent).Records.length);
      return { batchItemFailures: [] };
    },
  });
  for (let i = 0; i < messages; i++) {
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: `message ${i}` }));
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
  }
  while (total() < messages) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await source.drain(5_000)).toBe(0);
  return batches;
}

test('messages that trickle in are gathered for the window, without a request for each', async () => {
  const begin = Date.now();
  const batches = await gather(await createQueue('trickle'), 60, 0.5, 15);
  expect(batches.reduce((sum, size) => sum + size, 0)).toBe(60);
  // One batch at a time is gathered, with 50 ms between requests; each batch begins and ends with one more.
  const gathering = (Date.now() - begin) / 50;
  expect(receives).toBeLessThan(gathering + 2 * batches.length + 10);
});

test('every message of a long queue is handled once, and deleted', async () => {
  const batches = await gather(await createQueue('backlog'), 250, 0.5, 0);
  expect(batches.reduce((sum, size) => sum + size, 0)).toBe(250);
});
