// The local stack as a user runs it: the command of `npm start` in a separate process, used over HTTP.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import type { StackFile } from '../../../contract/stack-file.js';
import { sign } from '../builders/sign.js';
import { publicRows, type Rows } from '../model/rows.js';

const ROOT = join(__dirname, '..', '..', '..');

export interface LocalStackUnderTest {
  readonly file: StackFile;
  /** What the process has printed so far. */
  output(): string;
  /** The stack file as it is now: after a restart of a function it names the new process. */
  currentFile(): StackFile;
  /** Posts a body as Stripe would; with `signature` null without a header. */
  post(body: string | object, options?: PostOptions): Promise<{ status: number; body: string }>;
  /** Without internal attributes. */
  rows(): Promise<Rows>;
  /** Waits until neither the queue nor a function has anything in flight. */
  settled(): Promise<void>;
  deadLetters(): Promise<Message[]>;
  /** Puts an event directly into the dead-letter queue. */
  deadLetter(event: object): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface PostOptions {
  readonly signature?: string | null;
  readonly secret?: string;
  readonly contentType?: string;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly port?: number;
  /** Where state is kept; without it the stack is ephemeral. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the stack in a separate folder, so that the developer's own stack is not touched. */
export async function startStack({
  args = [],
  port = 0,
  folder,
  env = {},
}: StartOptions = {}): Promise<LocalStackUnderTest> {
  const own = folder ?? mkdtempSync(join(tmpdir(), 'stack-under-test-'));
  const stackFile = join(own, 'stack.json');
  // A stack that was killed could not take its file away.
  rmSync(stackFile, { force: true });
  const child = spawnStart(
    [...(folder ? [] : ['--ephemeral']), '--port', String(port), '--stack-file', stackFile, ...args],
    own,
    env,
  );
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await until(() => existsSync(stackFile) || child.exitCode !== null, 120_000);
  if (child.exitCode !== null) throw new Error(`the stack did not start: ${output}`);
  const currentFile = (): StackFile => JSON.parse(readFileSync(stackFile, 'utf8'));
  const file = currentFile();
  const inspector = inspect(file);
  return {
    file,
    output: () => output,
    currentFile,
    async post(
      body,
      { signature, secret = file.signingSecrets[0]!, contentType = 'application/json; charset=utf-8' } = {},
    ) {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const header = signature === undefined ? sign(text, secret) : signature;
      const response = await fetch(file.webhookUrl, {
        method: 'POST',
        body: text,
        headers: { 'content-type': contentType, ...(header === null ? {} : { 'stripe-signature': header }) },
      });
      return { status: response.status, body: await response.text() };
    },
    ...inspector,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const code = await ended;
      inspector.close();
      if (!folder) rmSync(own, { recursive: true, force: true });
      return code;
    },
  };
}

/** Looks at the tables and queues of a stack. */
function inspect(
  file: StackFile,
): Pick<LocalStackUnderTest, 'rows' | 'settled' | 'deadLetter' | 'deadLetters'> & { close(): void } {
  const aws = { region: file.region, credentials: { accessKeyId: 'any', secretAccessKey: 'any' } };
  const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient({ ...aws, endpoint: file.dynamodbEndpoint }));
  const sqs = new SQSClient({ ...aws, endpoint: file.sqsEndpoint });

  const scan = async (table: string, key: string) => {
    const items: Record<string, unknown>[] = [];
    for await (const page of paginateScan({ client: dynamodb }, { TableName: table, ConsistentRead: true }))
      items.push(...(page.Items ?? []));
    return items.sort((a, b) => (String(a[key]) < String(b[key]) ? -1 : 1));
  };
  const count = async (queueUrl: string) => {
    const AttributeNames = [
      'ApproximateNumberOfMessages',
      'ApproximateNumberOfMessagesNotVisible',
      'ApproximateNumberOfMessagesDelayed',
    ] as const;
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...AttributeNames] }),
    );
    return Object.values(Attributes ?? {}).reduce((sum, value) => sum + Number(value), 0);
  };

  return {
    rows: async () =>
      publicRows({
        customers: await scan(file.tables.customers, 'customer_key'),
        transactions: await scan(file.tables.transactions, 'transaction_id'),
      }),
    async settled() {
      await until(async () => (await count(file.queueUrl)) === 0, 120_000);
    },
    async deadLetter(event) {
      await sqs.send(new SendMessageCommand({ QueueUrl: file.deadLetterQueueUrl, MessageBody: JSON.stringify(event) }));
    },
    async deadLetters() {
      const messages: Message[] = [];
      for (;;) {
        const output = await sqs.send(
          new ReceiveMessageCommand({
            QueueUrl: file.deadLetterQueueUrl,
            MaxNumberOfMessages: 10,
            VisibilityTimeout: 60,
          }),
        );
        if (!output.Messages?.length) return messages;
        messages.push(...output.Messages);
      }
    },
    close() {
      dynamodb.destroy();
      sqs.destroy();
    },
  };
}

/** Runs the command of `npm start` in a folder. */
export function spawnStart(
  args: readonly string[],
  folder: string,
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(process.execPath, [join(ROOT, 'bin', 'start.js'), ...args], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** @throws if the condition does not hold in time */
export async function until(condition: () => boolean | Promise<boolean>, milliseconds: number): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`the condition did not hold within ${milliseconds} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
