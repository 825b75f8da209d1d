// What each metric of the dashboard means, in a sentence.

import {
  AMOUNT_RECORDED,
  EVENT_AGE,
  FEED_METRICS,
  INGEST_METRICS,
  METADATA_UNUSABLE,
  RECONCILE_METRICS,
  REVERSAL_METRICS,
  TRANSACTIONS_ATTRIBUTED,
  WORKER_METRICS,
} from '../../contract/metrics.js';
import type { MetricWidget, Source } from './widgets.js';

const BY_METRIC: Readonly<Record<string, string>> = {
  [INGEST_METRICS.queued]: 'Events with a valid signature that the queue has accepted.',
  [INGEST_METRICS.unsupported_type]: 'Events of a type that the settings do not use. Deselect the type in Stripe.',
  [INGEST_METRICS.livemode_mismatch]: 'Live events in a stack for test mode, or the reverse. They change nothing.',
  [INGEST_METRICS.signature_missing]: 'Requests without a signature. They do not come from Stripe.',
  [INGEST_METRICS.signature_invalid]: 'Requests with a wrong signature: a wrong signing secret, or somebody else.',
  [INGEST_METRICS.payload_invalid]: 'Signed requests whose body is not a Stripe event.',
  [INGEST_METRICS.thin_event_unsupported]: 'Thin events. Set the payload style of the endpoint to snapshot.',
  [INGEST_METRICS.queue_unavailable]: 'The queue did not accept the event. Stripe sends it again.',
  [INGEST_METRICS.secret_unavailable]: 'The signing secret could not be read. Stripe sends the event again.',
  [WORKER_METRICS.recorded]: 'Events that recorded or updated a transaction of a known customer.',
  [WORKER_METRICS.deleted]: 'Events that deleted a transaction: a refund, a lost dispute or a failed payment.',
  [WORKER_METRICS.waiting]: 'Events whose customer or invoice is not known yet. A later event completes them.',
  [WORKER_METRICS.customer_updated]: 'Events that created or updated a customer.',
  [WORKER_METRICS.unchanged]: 'Events that were stored but changed no row, for example a dispute that is still open.',
  [WORKER_METRICS.stale]: 'Duplicates, and events older than one that is already applied. They change nothing.',
  [WORKER_METRICS.ignored]: 'Events that change nothing, for example customers without a customer_key.',
  [WORKER_METRICS.failed]: 'Attempts that failed. The worker tries again; dead letters follow if it keeps failing.',
  [WORKER_METRICS.not_understood]: 'Messages that no rule understands. They move to the dead-letter queue.',
  [REVERSAL_METRICS.refund]: 'Events about a refund.',
  [REVERSAL_METRICS.refund_undone]: 'Events that say a refund failed or was canceled. The transaction is restored.',
  [REVERSAL_METRICS.dispute]: 'Events about a dispute.',
  [REVERSAL_METRICS.dispute_lost]: 'Events that say a dispute was lost.',
  [TRANSACTIONS_ATTRIBUTED]: 'Waiting transactions that a customer event has credited to its customer.',
  [METADATA_UNUSABLE]: 'Metadata values that count as absent: too long, not text, or a gspk that is not base64.',
  [EVENT_AGE]: 'Time from the creation of an event in Stripe to its rows.',
  [AMOUNT_RECORDED]: 'Net amount of new transactions, in the currency’s minor unit, such as cents.',
  [RECONCILE_METRICS.sent]: 'Events that Stripe could not deliver, fetched from its API instead.',
  [FEED_METRICS.sent]: 'Row changes sent to EventBridge.',
  [FEED_METRICS.invisible]: 'Writes that changed no public attribute.',
  [FEED_METRICS.failed]: 'Row changes that could not be sent; Lambda retries them.',
  IteratorAge: 'Age of the oldest change that has not been sent.',
  RequestsThrottled: 'Requests above the rate limit. Stripe sends these events again.',
  Latency: 'Time that API Gateway took to respond.',
  '4xx': 'Requests that were rejected, including those above the rate limit.',
  '5xx': 'Requests that failed. Stripe sends these events again.',
  Errors: 'Invocations that threw, timed out or crashed.',
  Throttles: 'Invocations that Lambda rejected because its concurrency was used up.',
  Duration: 'Time that one invocation took.',
  Invocations: 'How often the function ran.',
  ConcurrentExecutions: 'How many instances ran at the same time, at most.',
  ApproximateNumberOfMessagesVisible: 'Messages that no worker has received yet.',
  ApproximateNumberOfMessagesNotVisible: 'Messages that a worker has received and not finished.',
  ApproximateAgeOfOldestMessage: 'How long the oldest message has been in the queue.',
  ConsumedReadCapacityUnits: 'What DynamoDB charges for reads.',
  ConsumedWriteCapacityUnits: 'What DynamoDB charges for writes.',
  IncomingBytes: 'What CloudWatch charges for logs.',
};

/** Lines that are computed from several metrics, by their label. */
const BY_LABEL: Readonly<Record<string, string>> = {
  'attributed immediately': 'Share of new transactions whose customer was known when they arrived.',
  'throttled requests': 'Requests that AWS rejected because they came too fast.',
};

export interface Meaning {
  readonly label: string;
  /** Empty for a metric that has no entry above. */
  readonly meaning: string;
}

/** Lines that show the same metric share one entry: `p50, p99`. */
export function meaningsOf({ sources }: MetricWidget): Meaning[] {
  const labels = new Map<string, string[]>();
  for (const source of sources.filter(({ visible }) => visible)) {
    const meaning = meaningOf(source);
    labels.set(meaning, [...(labels.get(meaning) ?? []), source.label]);
  }
  return [...labels].map(([meaning, names]) => ({ label: names.join(', '), meaning }));
}

function meaningOf(source: Source): string {
  return ('metric' in source ? BY_METRIC[source.metric.name] : BY_LABEL[source.label]) ?? '';
}
