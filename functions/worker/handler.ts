// The worker function: wires the queue to the tables.

import { setMaxListeners } from 'node:events';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { mustBeRetried } from '../../contract/outcomes.js';
import { environmentSettings, requiredEnvironment } from '../runtime/environment.js';
import { NOOP_LOGGER } from '../runtime/noop-logger.js';
import { moveToDeadLetters } from './dead-letters.js';
import { type Message, type Processed, processBatch } from './process-batch.js';
import { report, reportNotMoved } from './report.js';
import { type FetchSnapshot, resolveThinEvents } from './thin-events.js';

const environment = requiredEnvironment([
  'CUSTOMERS_TABLE',
  'TRANSACTIONS_TABLE',
  'LINKS_TABLE',
  'DEAD_LETTER_QUEUE_URL',
]);
const settings = environmentSettings();
const client = DynamoDBDocumentClient.from(
  new DynamoDBClient({
    // A few: the queue retries for half a day. See docs/decisions/retries.md.
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true },
    logger: NOOP_LOGGER,
  }),
);
const sqs = new SQSClient({
  requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
  logger: NOOP_LOGGER,
});
const tables = {
  customers: environment.CUSTOMERS_TABLE,
  transactions: environment.TRANSACTIONS_TABLE,
  links: environment.LINKS_TABLE,
};

/** The stack names the secret only if thin events are on. */
const apiKeyArn = process.env.STRIPE_API_KEY_ARN;
let snapshots: Promise<(context: Context) => FetchSnapshot> | undefined;

/** Time kept back to move messages to the dead-letter queue, and to report what was done, in milliseconds. */
const RESERVE = 1500;
const RESERVE_TO_REPORT = 300;

export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const processed = await apply(event.Records, context);
  const notMoved = await moveToDeadLetters(
    sqs,
    environment.DEAD_LETTER_QUEUE_URL,
    processed.flatMap(({ messageId, outcome, reason = '' }, i) =>
      outcome === 'not_understood' ? [{ messageId, reason, body: event.Records[i]!.body }] : [],
    ),
    timeout(context, RESERVE_TO_REPORT),
  );
  report(processed);
  reportNotMoved(notMoved);
  const retried = processed.filter((each) => mustBeRetried(each) || notMoved.messageIds.has(each.messageId));
  return { batchItemFailures: retried.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

async function apply(records: readonly Message[], context: Context): Promise<Processed[]> {
  const { messages, unresolved } = apiKeyArn
    ? await resolveThinEvents(records, () => snapshotsFrom(apiKeyArn, context))
    : { messages: records, unresolved: [] };
  const processed = await processBatch({ client, tables, signal: timeout(context, RESERVE) }, settings, messages);
  if (unresolved.length === 0) return processed;
  const results = new Map([...processed, ...unresolved].map((each) => [each.messageId, each]));
  return records.map(({ messageId }) => results.get(messageId)!);
}

async function snapshotsFrom(secretArn: string, context: Context): Promise<FetchSnapshot> {
  snapshots ??= import('./snapshots.js').then((loaded) => loaded.snapshotsFrom(secretArn));
  return (await snapshots)(context);
}

function timeout(context: Context, reserve: number): AbortSignal {
  const signal = AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - reserve));
  // Every request in flight listens to it. Node would print a warning about a leak.
  setMaxListeners(0, signal);
  return signal;
}
