// The process of the engines: dynalite for DynamoDB, fauxqs for SQS. Forked by the local stack, ends with it.

import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buildApp } from 'fauxqs';
import { openQueueJournal, type QueueJournal } from './queue-journal.js';

/** What the local stack asks for, as JSON in the first argument. */
export interface EnginesRequest {
  /** Where state is kept; without it in memory. */
  readonly stateFolder?: string;
  readonly dynamodb: boolean;
  readonly sqs: boolean;
}

/** What the process answers once both listen. */
export interface EnginesReady {
  readonly dynamodbEndpoint?: string;
  readonly sqsEndpoint?: string;
  /** Messages of an earlier run, still to be sent. */
  readonly outstanding: readonly { readonly queue: string; readonly body: string }[];
  readonly error?: string;
}

const request: EnginesRequest = JSON.parse(process.argv[2] ?? '{}');

// Ctrl-C reaches every process of the terminal: the local stack decides when this one ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.exit(0));

try {
  if (request.stateFolder) mkdirSync(request.stateFolder, { recursive: true });
  const journal =
    request.sqs && request.stateFolder ? openQueueJournal(join(request.stateFolder, 'queue.jsonl')) : undefined;
  const [dynamodbEndpoint, sqsEndpoint] = await Promise.all([
    request.dynamodb ? startDynalite(request.stateFolder) : undefined,
    request.sqs ? startFauxqs(journal) : undefined,
  ]);
  answer({
    ...(dynamodbEndpoint ? { dynamodbEndpoint } : {}),
    ...(sqsEndpoint ? { sqsEndpoint } : {}),
    outstanding: journal?.outstanding ?? [],
  });
} catch (error) {
  answer({
    outstanding: [],
    error: error instanceof Error ? `${error.message} ${String(error.cause ?? '')}` : String(error),
  });
}

function answer(ready: EnginesReady) {
  process.send?.(ready);
}

async function startDynalite(stateFolder: string | undefined): Promise<string> {
  const require = createRequire(import.meta.url);
  const path = stateFolder && join(stateFolder, 'dynamodb');
  if (path) {
    // dynalite opens its store without waiting for it: an unreadable or busy one is told here, before anything is promised.
    const { Level } = require('level');
    const probe = new Level(path);
    await probe.open();
    await probe.close();
  }
  const server = require('dynalite')({
    ...(path ? { path } : {}),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function startFauxqs(journal: QueueJournal | undefined): Promise<string> {
  const app = buildApp({ logger: false });
  // fauxqs knows a queue by a URL whose host not every machine can look up; here a queue is known by its path alone.
  app.addHook('preHandler', async (http) => {
    const body = http.body as { QueueUrl?: string } | undefined;
    if (!body?.QueueUrl || !URL.canParse(body.QueueUrl)) return;
    const { port } = app.server.address() as AddressInfo;
    body.QueueUrl = `http://sqs.us-east-1.localhost:${port}${new URL(body.QueueUrl).pathname}`;
  });
  if (journal) keepJournal(app, journal);
  return app.listen({ port: 0, host: '127.0.0.1' });
}

/** Notes every accepted and every deleted message before its request is answered. */
function keepJournal(app: ReturnType<typeof buildApp>, journal: QueueJournal) {
  const messageIds = new Map<string, string>();
  const deleteHandle = (handle: string) => {
    const messageId = messageIds.get(handle);
    if (messageId !== undefined) journal.deleted(messageId);
    messageIds.delete(handle);
  };
  app.addHook('onSend', async (http, reply, payload) => {
    const action = String(http.headers['x-amz-target'] ?? '').replace('AmazonSQS.', '');
    if (reply.statusCode !== 200 || typeof payload !== 'string' || !JOURNALED.has(action)) return payload;
    const input = http.body as Record<string, never>;
    const output = JSON.parse(payload || '{}');
    const queue = String(input.QueueUrl ?? '')
      .split('/')
      .at(-1)!;
    if (action === 'SendMessage') journal.sent(output.MessageId, { queue, body: input.MessageBody! });
    if (action === 'SendMessageBatch') {
      const bodies = new Map(
        (input.Entries! as { Id: string; MessageBody: string }[]).map((each) => [each.Id, each.MessageBody]),
      );
      for (const { Id, MessageId } of output.Successful ?? [])
        journal.sent(MessageId, { queue, body: bodies.get(Id)! });
    }
    if (action === 'ReceiveMessage')
      for (const { ReceiptHandle, MessageId } of output.Messages ?? []) messageIds.set(ReceiptHandle, MessageId);
    if (action === 'DeleteMessage') deleteHandle(input.ReceiptHandle!);
    if (action === 'DeleteMessageBatch') {
      const handles = new Map(
        (input.Entries! as { Id: string; ReceiptHandle: string }[]).map((each) => [each.Id, each.ReceiptHandle]),
      );
      for (const { Id } of output.Successful ?? []) deleteHandle(handles.get(Id)!);
    }
    return payload;
  });
}

const JOURNALED = new Set(['SendMessage', 'SendMessageBatch', 'ReceiveMessage', 'DeleteMessage', 'DeleteMessageBatch']);
