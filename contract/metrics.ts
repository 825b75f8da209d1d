// Every metric that the functions emit or that is counted from their logs, by the outcome that it counts. The dashboard and the alarms
// use no other.

import type { FeedOutcome, IngestOutcome, WorkerOutcome } from './outcomes.js';

/** One count for each request, counted from ingest's log by metric filters. */
export const INGEST_METRICS = {
  queued: 'EventsQueued',
  unsupported_type: 'EventsOfUnsupportedType',
  livemode_mismatch: 'EventsOfOtherLivemode',
  signature_missing: 'SignaturesMissing',
  signature_invalid: 'SignaturesInvalid',
  payload_invalid: 'PayloadsInvalid',
  thin_event_unsupported: 'ThinEvents',
  queue_unavailable: 'QueueUnavailable',
  secret_unavailable: 'SecretUnavailable',
} as const satisfies Record<IngestOutcome, string>;

/** One count for each message. */
export const WORKER_METRICS = {
  recorded: 'EventsRecorded',
  deleted: 'EventsDeleted',
  waiting: 'EventsWaiting',
  customer_updated: 'CustomersUpdated',
  unchanged: 'EventsUnchanged',
  stale: 'EventsStale',
  ignored: 'EventsIgnored',
  failed: 'EventsFailed',
  not_understood: 'EventsNotUnderstood',
} as const satisfies Record<WorkerOutcome, string>;

/** One count for each event about a refund or a dispute, and for each that says how it ended. */
export const REVERSAL_METRICS = {
  refund: 'RefundEvents',
  refund_undone: 'RefundsUndone',
  dispute: 'DisputeEvents',
  dispute_lost: 'DisputesLost',
} as const;

/** Rows that a customer's link gave their `customer_key`. */
export const TRANSACTIONS_ATTRIBUTED = 'TransactionsAttributed';
/** Metadata values that could not be used and count as absent. */
export const METADATA_UNUSABLE = 'MetadataUnusable';
/** From the event's creation in Stripe to its rows, in seconds. */
export const EVENT_AGE = 'EventAge';
/** Net amounts that new transactions were recorded with, in the currency's minor unit; with the dimension `currency`. */
export const AMOUNT_RECORDED = 'AmountRecorded';

/** Of each run of reconcile. */
export const RECONCILE_METRICS = { sent: 'EventsReconciled' } as const;

/** One count for each write of a row that the change feed reads. */
export const FEED_METRICS = {
  sent: 'ChangesSent',
  invisible: 'ChangesInvisible',
  failed: 'ChangesFailed',
} as const satisfies Record<FeedOutcome, string>;
