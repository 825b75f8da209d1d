// What the feed says about each change: a log line, and metrics.

import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { FeedLog } from '../../contract/log-line.js';
import { FEED_METRICS } from '../../contract/metrics.js';
import type { ProcessedRecord } from './process-records.js';

const logger = new Logger();
const metrics = new Metrics();

export function report(processed: readonly ProcessedRecord[]): void {
  for (const { outcome, id, event, reason, sequenceNumber } of processed) {
    metrics.addMetric(FEED_METRICS[outcome], MetricUnit.Count, 1);
    const { event_id } = event?.detail.after ?? {};
    const line: FeedLog = {
      outcome,
      detail_type: event?.type,
      object_id: id,
      sequence: event?.detail.sequence,
      event_id: typeof event_id === 'string' ? event_id : undefined,
      reason,
    };
    if (outcome === 'failed') logger.error('change not sent', { ...line, sequence_number: sequenceNumber });
    else if (outcome === 'sent') logger.info('change sent', line);
    else if (reason !== undefined) logger.warn('no event', line);
  }
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
}
