// The process of the emulators: dynalite for DynamoDB, fauxqs for SQS. The local stack forks it and starts it again if it dies.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startDynamodb } from './dynamodb.js';
import { openQueueJournal } from './queue-journal.js';
import { startSqs } from './sqs.js';

/** What the local stack asks for, as JSON in the first argument. */
export interface EmulatorsRequest {
  /** Where state is kept; without it in memory. */
  readonly stateFolder?: string;
  readonly dynamodb: boolean;
  readonly sqs: boolean;
  /** Of an earlier process, whose endpoints are in use; without them any free ones. */
  readonly ports?: { readonly dynamodb: number; readonly sqs: number };
}

/** What the process answers once both listen, or once one could not start. */
export interface EmulatorsReady {
  readonly dynamodbEndpoint?: string;
  readonly sqsEndpoint?: string;
  /** How many messages of an earlier run each queue will get back once it is created, by the queue's name. */
  readonly outstanding: Readonly<Record<string, number>>;
  readonly error?: string;
}

const request: EmulatorsRequest = JSON.parse(process.argv[2] ?? '{}');

// Ctrl-C reaches every process of the terminal: the local stack decides when this one ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.exit(0));
// dynalite throws if its store cannot write, and after that the store cannot be trusted until it has been reopened.
process.on('uncaughtException', (error) => {
  process.stderr.write(`${describe(error)}\n`);
  process.exit(1);
});

try {
  process.send?.(await start());
} catch (error) {
  process.send?.({ outstanding: {}, error: describe(error) } satisfies EmulatorsReady);
}

async function start(): Promise<EmulatorsReady> {
  const { stateFolder, ports } = request;
  if (stateFolder) mkdirSync(stateFolder, { recursive: true });
  // The lock on the tables first: while another local stack has it, its journal must not be touched.
  const dynamodbEndpoint = request.dynamodb
    ? await startDynamodb(ports?.dynamodb ?? 0, stateFolder && join(stateFolder, 'dynamodb'))
    : undefined;
  const journal = request.sqs && stateFolder ? openQueueJournal(join(stateFolder, 'queue.jsonl')) : undefined;
  const sqsEndpoint = request.sqs ? await startSqs(ports?.sqs ?? 0, journal) : undefined;
  const outstanding: Record<string, number> = {};
  for (const { queue } of journal?.messages.values() ?? []) outstanding[queue] = (outstanding[queue] ?? 0) + 1;
  return {
    ...(dynamodbEndpoint ? { dynamodbEndpoint } : {}),
    ...(sqsEndpoint ? { sqsEndpoint } : {}),
    outstanding,
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.message} ${String(error.cause ?? '')}`.trim() : String(error);
}
