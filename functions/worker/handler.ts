// The worker function: wires the queue to the tables.

import { setMaxListeners } from 'node:events';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { EventLog } from '../../contract/log-line.js';
import {
  AMOUNT_RECORDED,
  EVENT_AGE,
  METADATA_UNUSABLE,
  TRANSACTIONS_ATTRIBUTED,
  WORKER_METRICS,
} from '../../contract/metrics.js';
import { mustBeRetried } from '../../contract/outcomes.js';
import { environmentSettings, requiredEnvironment } from '../runtime/environment.js';
import { NOOP_LOGGER } from '../runtime/noop-logger.js';
import { amountsRecorded, type Processed, processBatch } from './process-batch.js';

const logger = new Logger();
const metrics = new Metrics();
const environment = requiredEnvironment(['CUSTOMERS_TABLE', 'TRANSACTIONS_TABLE', 'LINKS_TABLE']);
const settings = environmentSettings();
const client = DynamoDBDocumentClient.from(
  new DynamoDBClient({
    maxAttempts: 10,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true },
    logger: NOOP_LOGGER,
  }),
);
const tables = {
  customers: environment.CUSTOMERS_TABLE,
  transactions: environment.TRANSACTIONS_TABLE,
  links: environment.LINKS_TABLE,
};

/** Time kept back to report what was done, in milliseconds. */
const RESERVE = 1500;

export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const signal = AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - RESERVE));
  // Every request under way listens to it: more than Node takes for a leak, and would warn of in the log.
  setMaxListeners(0, signal);
  const processed = await processBatch({ client, tables, signal }, settings, event.Records);
  report(processed);
  return { batchItemFailures: processed.filter(mustBeRetried).map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

function report(processed: readonly Processed[]) {
  for (const each of processed) {
    metrics.addMetric(WORKER_METRICS[each.outcome], MetricUnit.Count, 1);
    if (each.attributed > 0) metrics.addMetric(TRANSACTIONS_ATTRIBUTED, MetricUnit.Count, each.attributed);
    for (const _ of each.decision?.metadataIssues ?? []) metrics.addMetric(METADATA_UNUSABLE, MetricUnit.Count, 1);
    if (each.event)
      metrics.addMetric(EVENT_AGE, MetricUnit.Seconds, Math.max(0, Math.round(Date.now() / 1000) - each.event.created));
    const line: EventLog & { readonly metadataIssues: unknown } = {
      event_id: each.event?.id,
      event_type: each.event?.type,
      object_id: each.decision?.objectId,
      outcome: each.outcome,
      reason: each.reason,
      attributed: each.attributed || undefined,
      metadataIssues: each.decision?.metadataIssues.length ? each.decision.metadataIssues : undefined,
    };
    if (mustBeRetried(each)) logger.error('event not applied', { ...line, message_id: each.messageId });
    else logger.info('event applied', line);
  }
  // A full batch has been published with its hundredth value; publishing nothing would print a warning.
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  for (const [currency, amount] of amountsRecorded(processed)) {
    metrics.singleMetric().addDimension('currency', currency).addMetric(AMOUNT_RECORDED, MetricUnit.NoUnit, amount);
  }
}
