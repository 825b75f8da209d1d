// The outcomes of an event at the webhook and in the worker, and the reasons why the worker ignores some.

/** What ingest answers with 400 or 503. */
export const REFUSALS = [
  'signature_missing',
  'signature_invalid',
  'payload_invalid',
  'thin_event_unsupported',
  'queue_unavailable',
  'secret_unavailable',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** One for each request. The first three are answered with 200. */
export const INGEST_OUTCOMES = ['queued', 'unsupported_type', 'livemode_mismatch', ...REFUSALS] as const;
export type IngestOutcome = (typeof INGEST_OUTCOMES)[number];

/** One for each message. */
export const WORKER_OUTCOMES = [
  'recorded',
  'deleted',
  'waiting',
  'customer_updated',
  'unchanged',
  'stale',
  'ignored',
  'failed',
  'not_understood',
] as const;
export type WorkerOutcome = (typeof WORKER_OUTCOMES)[number];

/** The outcomes of a row's write in the change feed. `invisible`: no public attribute changed. */
export const FEED_OUTCOMES = ['sent', 'invisible', 'failed'] as const;
export type FeedOutcome = (typeof FEED_OUTCOMES)[number];

/** The outcomes of an event that the store applies. */
export type AppliedOutcome = Exclude<WorkerOutcome, 'ignored' | 'failed' | 'not_understood'>;

/** Why an event changes nothing, where its outcome is `ignored`. */
export const IGNORED_REASONS = [
  'no_customer_key',
  'not_yet_paid',
  'nothing_paid',
  'no_payment_named',
  'no_charge',
  'paid_out_of_band',
  'unsupported_type',
  'livemode_mismatch',
] as const;
export type IgnoredReason = (typeof IGNORED_REASONS)[number];

/** A message that failed stays in the queue, and moves to the dead-letter queue once its receives are used up. */
export function mustBeRetried({ outcome }: { readonly outcome: WorkerOutcome }): boolean {
  return outcome === 'failed';
}

/** Each outcome in words, for log lines and tools. Refusals speak for themselves. */
export const OUTCOME_WORDS: Readonly<Record<Exclude<IngestOutcome, Refusal> | WorkerOutcome | FeedOutcome, string>> = {
  queued: 'queued',
  recorded: 'recorded',
  deleted: 'deleted',
  waiting: 'stored, its customer or invoice is not known yet',
  customer_updated: 'customer updated',
  unchanged: 'stored; no row changed',
  stale: 'no change: a duplicate, or older than what has been applied',
  ignored: 'ignored',
  failed: 'failed, will be retried',
  not_understood: 'not understood, moved to the dead-letter queue',
  sent: 'sent to the change feed',
  invisible: 'no public attribute changed',
  unsupported_type: 'answered with 200: this event type is not used',
  livemode_mismatch: 'answered with 200: this livemode is not accepted',
};

/** @param outcome as a log line has it, which an older or newer version may have written */
export function outcomeInWords(outcome: string): string {
  return Object.hasOwn(OUTCOME_WORDS, outcome)
    ? OUTCOME_WORDS[outcome as keyof typeof OUTCOME_WORDS]
    : `refused: ${outcome}`;
}
