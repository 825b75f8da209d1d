// The feed function: wires the tables' streams to EventBridge.

import { setMaxListeners } from 'node:events';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { requiredEnvironment } from '../runtime/environment.js';
import { NOOP_LOGGER } from '../runtime/noop-logger.js';
import { processRecords } from './process-records.js';
import { report } from './report.js';

const environment = requiredEnvironment(['EVENT_BUS', 'STACK', 'PERSONAL_DATA']);
const eventBridge = new EventBridgeClient({
  // A few: the stream delivers the records again for most of a day.
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
  logger: NOOP_LOGGER,
});
const context = {
  eventBridge,
  bus: environment.EVENT_BUS,
  stack: environment.STACK,
  personalData: environment.PERSONAL_DATA === 'true',
};

/** Time kept back to report what was done, in milliseconds. */
const RESERVE = 1000;

export async function handler(event: DynamoDBStreamEvent, lambda: Context) {
  const signal = AbortSignal.timeout(Math.max(0, lambda.getRemainingTimeInMillis() - RESERVE));
  // Every request listens to it. Node would print a warning about a leak.
  setMaxListeners(0, signal);
  const processed = await processRecords({ ...context, signal }, event.Records);
  report(processed);
  const firstFailed = processed.find(({ outcome }) => outcome === 'failed');
  // Lambda delivers again what it names and everything after it in the shard.
  const response: DynamoDBBatchResponse = {
    batchItemFailures: firstFailed ? [{ itemIdentifier: firstFailed.sequenceNumber }] : [],
  };
  return response;
}
