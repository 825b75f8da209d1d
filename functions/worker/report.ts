// What the worker says about a batch: a log line for each message, and one with its metrics.

import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { EventLog } from '../../contract/log-line.js';
import {
  AMOUNT_RECORDED,
  EVENT_AGE,
  METADATA_UNUSABLE,
  REVERSAL_METRICS,
  TRANSACTIONS_ATTRIBUTED,
  WORKER_METRICS,
} from '../../contract/metrics.js';
import { mustBeRetried } from '../../contract/outcomes.js';
import type { Change } from '../domain/change.js';
import { LeanLines } from '../runtime/lean-lines.js';
import type { NotMoved } from './dead-letters.js';
import { amountsRecorded, type Processed } from './process-batch.js';

const logger = new Logger({ logFormatter: new LeanLines() });
const metrics = new Metrics();

export function report(processed: readonly Processed[]) {
  for (const [name, count] of counts(processed)) metrics.addMetric(name, MetricUnit.Count, count);
  for (const each of processed) {
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
    if (mustBeRetried(each) || each.outcome === 'not_understood')
      logger.error('event not applied', { ...line, message_id: each.messageId });
    else logger.info('event applied', line);
  }
  // The hundredth value has published a full batch; publishing nothing would print a warning.
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  for (const [currency, amount] of amountsRecorded(processed)) {
    metrics.singleMetric().addDimension('currency', currency).addMetric(AMOUNT_RECORDED, MetricUnit.NoUnit, amount);
  }
}

/** No metric: each attempt counts the messages as not understood, and that alarm is on while they stay in the queue. */
export function reportNotMoved({ messageIds, errors }: NotMoved) {
  if (messageIds.size === 0) return;
  logger.error(
    'the dead-letter queue did not accept messages, so they stay in the queue and are tried again: check that the queue in DEAD_LETTER_QUEUE_URL exists, and that the worker’s role may sqs:SendMessage to it and use its key',
    { messages: messageIds.size, reason: errors.join(', ') },
  );
}

/** A batch's counts by metric, without those that are zero: the log pays for each number in it. */
function counts(processed: readonly Processed[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  const add = (name: string, count: number) => {
    if (count > 0) sums.set(name, (sums.get(name) ?? 0) + count);
  };
  for (const { outcome, attributed, decision } of processed) {
    add(WORKER_METRICS[outcome], 1);
    add(TRANSACTIONS_ATTRIBUTED, attributed);
    add(METADATA_UNUSABLE, decision?.metadataIssues.length ?? 0);
    for (const name of decision?.changes.flatMap(reversalMetrics) ?? []) add(name, 1);
  }
  return sums;
}

/** What an event says about a refund or a dispute. */
function reversalMetrics(change: Change): string[] {
  const { refunds = [], disputes = [] } =
    change.kind === 'charge' || change.kind === 'evidence' ? (change.evidence ?? {}) : {};
  return [
    ...refunds.flatMap(({ undone }) => [REVERSAL_METRICS.refund, ...(undone ? [REVERSAL_METRICS.refund_undone] : [])]),
    ...disputes.flatMap(({ status }) => [
      REVERSAL_METRICS.dispute,
      ...(status === 'lost' ? [REVERSAL_METRICS.dispute_lost] : []),
    ]),
  ];
}
