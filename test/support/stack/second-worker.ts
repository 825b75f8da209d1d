// A second worker that processes the same messages as the stack's own worker: it receives them with a visibility timeout of one
// second, applies them, and never deletes one. So every message that it receives is delivered to both.

import type { ChildProcess } from 'node:child_process';
import { type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { StackFile } from '../../../contract/stack-file.js';
import type { Invocation, InvocationResult } from '../../../local/function-process.js';
import { forkFunction } from './run-function.js';

export interface SecondWorker {
  /** Messages that were delivered to both. */
  readonly taken: number;
  stop(): Promise<void>;
}

/** @param stack returns the running stack; undefined while it restarts */
export function startSecondWorker(stack: () => StackFile | undefined): SecondWorker {
  let stopped = false;
  let taken = 0;
  let count = 0;
  let child: ChildProcess | undefined;
  let file: StackFile | undefined;

  const start = async (now: StackFile) => {
    child?.kill('SIGKILL');
    file = now;
    child = await forkFunction('worker', {
      AWS_ENDPOINT_URL_DYNAMODB: now.dynamodbEndpoint,
      AWS_ENDPOINT_URL_SQS: now.sqsEndpoint,
      CUSTOMERS_TABLE: now.tables.customers,
      TRANSACTIONS_TABLE: now.tables.transactions,
      LINKS_TABLE: now.tables.links,
      DEAD_LETTER_QUEUE_URL: now.deadLetterQueueUrl,
      TRANSACTION_SOURCE: now.settings.transactionSource,
      PARTIAL_REFUND: now.settings.partialRefund,
      LIVEMODE: now.settings.livemode,
    });
    // Its output is discarded: a full pipe would block it.
    for (const stream of [child.stdout!, child.stderr!]) stream.resume();
    child.on('error', () => {});
  };
  const invoke = (messages: readonly Message[]) =>
    new Promise<void>((resolve) => {
      const id = String(++count);
      const done = (message?: InvocationResult) => {
        if (message && message.id !== id) return;
        child?.off('message', done).off('exit', gone);
        resolve();
      };
      const gone = () => done();
      child!.on('message', done).once('exit', gone);
      setTimeout(() => done(), 30_000).unref();
      const Records = messages.map(({ MessageId, Body }) => ({ messageId: MessageId, body: Body }));
      child!.send({ id, event: { Records }, deadline: Date.now() + 30_000 } satisfies Invocation);
    });

  const loop = (async () => {
    while (!stopped) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      try {
        const now = stack();
        if (!now) continue;
        if (now.dynamodbEndpoint !== file?.dynamodbEndpoint) await start(now);
        const sqs = new SQSClient({
          region: now.region,
          endpoint: now.sqsEndpoint,
          credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
          maxAttempts: 1,
        });
        const command = new ReceiveMessageCommand({
          QueueUrl: now.queueUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: 1,
        });
        const { Messages = [] } = await sqs.send(command).finally(() => sqs.destroy());
        if (Messages.length === 0) continue;
        await invoke(Messages);
        taken += Messages.length;
        // A message becomes a dead letter after five receipts: the pause leaves some to the other worker.
        await new Promise((resolve) => setTimeout(resolve, 400));
      } catch {
        // The stack restarts.
      }
    }
  })();
  return {
    get taken() {
      return taken;
    },
    async stop() {
      stopped = true;
      await loop;
      child?.kill('SIGKILL');
    },
  };
}
