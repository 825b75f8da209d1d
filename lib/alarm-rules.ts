// When each alarm goes off, what it means for partners' money, its likely causes, and the first command to run.

import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, type IMetric, MathExpression, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { INGEST_METRICS, WORKER_METRICS } from '../contract/metrics.js';
import { feedRules } from './change-feed-alarms.js';
import type { EventBridgeSource } from './event-bridge-source.js';
import { counted, emitted, filled, PERIOD, throttledRequests } from './metric-source.js';
import type { MonitoredResources, Webhook } from './monitored-resources.js';
import { MESSAGE_RETENTION, WAITS_FOR_DEPENDENCIES } from './queues.js';

/** When the alarms go off. */
export interface AlarmThresholds {
  /**
   * How many seconds the oldest message may wait in the queue.
   *
   * @default 900
   * @example { oldestMessageSeconds: 300 }
   */
  readonly oldestMessageSeconds: number;
  /**
   * The percentage of signed requests that may have a wrong signature or payload.
   *
   * @default 20
   * @example { refusedPercent: 5 }
   */
  readonly refusedPercent: number;
  /**
   * How many signed requests in five minutes it takes before `refusedPercent` counts.
   *
   * @default 10
   * @example { refusedMinimumRequests: 50 }
   */
  readonly refusedMinimumRequests: number;
}

export const DEFAULT_THRESHOLDS: AlarmThresholds = {
  oldestMessageSeconds: 900,
  refusedPercent: 20,
  refusedMinimumRequests: 10,
};

/** How long a dead letter may wait before an alarm says that it is about to expire. */
export const DEAD_LETTER_WARNING = Duration.days(5);

export interface AlarmRulesProps extends MonitoredResources {
  readonly thresholds: AlarmThresholds;
  /** After how many hours without any event an alarm goes off; without it that alarm does not exist. */
  readonly quietHours?: number;
}

export type AlarmId =
  | 'DeadLetters'
  | 'DeadLettersExpiring'
  | 'EventBridgeDeadLetters'
  | 'EventBridgeLost'
  | 'EventsFailed'
  | 'EventsNotUnderstood'
  | 'FeedDelayed'
  | 'FeedErrors'
  | 'FeedFailures'
  | 'IngestErrors'
  | 'IngestThrottles'
  | 'NoEventsReceived'
  | 'OldestMessage'
  | 'ReconcileErrors'
  | 'Refused'
  | 'TablesThrottled'
  | 'Webhook429'
  | 'Webhook5xx'
  | 'WorkerErrors'
  | 'WorkerThrottles';

export interface AlarmRule {
  readonly id: AlarmId;
  readonly metric: IMetric;
  readonly threshold: number;
  readonly periods: number;
  /** How many of the periods must breach. Without it, all of them. */
  readonly breachingPeriods?: number;
  /** Without it: greater than the threshold. */
  readonly operator?: ComparisonOperator;
  /** Without it, missing data does not breach. */
  readonly missing?: TreatMissingData;
  readonly impact: string;
  readonly causes: string;
  readonly command: string;
}

export function alarmRules(props: AlarmRulesProps): AlarmRule[] {
  return [
    ...(props.webhook ? [...webhookRules(props.webhook), ...ingestRules(props, props.webhook)] : []),
    ...(props.eventBridge ? eventBridgeRules(props.eventBridge) : []),
    ...silenceRules(props),
    ...queueRules(props),
    ...workerRules(props),
    ...otherRules(props),
    ...feedRules(props),
  ];
}

const MINUTE = Duration.minutes(1);
const TAIL = (group: string) => `aws logs tail <${group}> --since 15m`;

/** A deployment rolls back on these: one bad minute may be chance, two in ten are not, however few events there are. */
const TWO_BAD_MINUTES = { threshold: 0, periods: 10, breachingPeriods: 2 };

function webhookRules({ api }: Webhook): AlarmRule[] {
  return [
    {
      id: 'Webhook5xx',
      metric: api.api.metricServerError({ period: MINUTE, statistic: Stats.SUM }),
      ...TWO_BAD_MINUTES,
      impact: 'The webhook answers 5xx. Stripe retries for 3 days, then the events are lost. A deployment rolls back.',
      causes: 'No signing secret is stored yet, ingest cannot reach Secrets Manager or SQS, or ingest crashes.',
      command: 'run the saved query "top error codes" in CloudWatch Logs Insights',
    },
    {
      id: 'Webhook429',
      metric: api.throttledRequests,
      threshold: 0,
      periods: 1,
      impact: 'API Gateway throttles the webhook. Stripe retries what it sent, so events arrive late.',
      causes: 'Somebody floods the public URL, or your account sends more events than the `throttle` setting allows.',
      command: `${TAIL('AccessLogGroup')} --filter-pattern '{ $.status = "429" }'`,
    },
  ];
}

function eventBridgeRules(source: EventBridgeSource): AlarmRule[] {
  const [failed, notDeadLettered] = source.metricLost();
  return [
    {
      id: 'EventBridgeDeadLetters',
      metric: source.deadLetters.metricApproximateNumberOfMessagesVisible({
        period: PERIOD,
        statistic: Stats.MAXIMUM,
      }),
      threshold: 0,
      periods: 1,
      impact:
        'EventBridge failed to queue events, after up to a day of retries. They are kept for 14 days but are not in the tables.',
      causes: 'The queue’s policy or the policy of your key was changed, or an event is larger than SQS takes.',
      command: 'npx stripe-partner-sync redrive --stage <stage>',
    },
    {
      id: 'EventBridgeLost',
      metric: new MathExpression({
        expression: filled('failed', 'notDeadLettered'),
        usingMetrics: { failed, notDeadLettered },
        period: PERIOD,
        label: 'lost events',
      }),
      threshold: 0,
      periods: 1,
      impact:
        'EventBridge dropped events: they are neither in the queue nor among the dead letters. Stripe keeps them for 30 days.',
      causes: 'The policy of your key, or of both queues, does not let EventBridge send.',
      command: 'Fix the policy, then run: npx stripe-partner-sync reconcile --stage <stage> --all',
    },
  ];
}

function silenceRules({ namespace, quietHours, webhook, eventBridge }: AlarmRulesProps): AlarmRule[] {
  if (quietHours === undefined) return [];
  const period = Duration.hours(1);
  const received = [
    ...(webhook ? [counted(namespace, INGEST_METRICS.queued, { period })] : []),
    ...(eventBridge ? [eventBridge.metricEvents(period)] : []),
  ];
  const names = received.map((_, i) => `way${i}`);
  return [
    {
      id: 'NoEventsReceived',
      metric:
        received.length === 1
          ? received[0]!
          : new MathExpression({
              expression: filled(...names),
              usingMetrics: Object.fromEntries(names.map((name, i) => [name, received[i]!])),
              period,
              label: 'events received',
            }),
      threshold: 1,
      periods: quietHours,
      operator: ComparisonOperator.LESS_THAN_THRESHOLD,
      missing: TreatMissingData.BREACHING,
      impact: `No event arrived for ${quietHours} hours. Payments may be missing from the tables.`,
      causes:
        'The endpoint or destination is disabled in Stripe (Stripe does so after days of failures), or somebody changed its URL or events.',
      command: 'look at the event destinations in Stripe: https://dashboard.stripe.com/webhooks',
    },
  ];
}

/** Requests without a signature are left out: Stripe signs everything, so they come from somebody else. */
const REFUSED = ['invalid', 'payload', 'thin'];

function ingestRules({ namespace, thresholds }: AlarmRulesProps, { ingest }: Webhook): AlarmRule[] {
  const signed = filled(...REFUSED, 'queued', 'unwanted', 'mode');
  return [
    {
      id: 'Refused',
      metric: new MathExpression({
        expression: `IF((${signed}) >= ${thresholds.refusedMinimumRequests}, 100 * (${filled(...REFUSED)}) / (${signed}), 0)`,
        usingMetrics: {
          invalid: counted(namespace, INGEST_METRICS.signature_invalid),
          payload: counted(namespace, INGEST_METRICS.payload_invalid),
          thin: counted(namespace, INGEST_METRICS.thin_event_unsupported),
          queued: counted(namespace, INGEST_METRICS.queued),
          unwanted: counted(namespace, INGEST_METRICS.unsupported_type),
          mode: counted(namespace, INGEST_METRICS.livemode_mismatch),
        },
        period: PERIOD,
        label: 'refused requests (%)',
      }),
      threshold: thresholds.refusedPercent,
      periods: 3,
      impact: 'Ingest may refuse events that Stripe really sent. Stripe retries for 3 days, then the events are lost.',
      causes:
        'The signing secret was rolled in Stripe and not stored here, the endpoint sends thin events, or somebody forges requests.',
      command: 'aws secretsmanager describe-secret --secret-id <SigningSecretArn> --query LastChangedDate',
    },
    {
      id: 'IngestErrors',
      metric: ingest.alias.metricErrors({ period: MINUTE, statistic: Stats.SUM }),
      threshold: 0,
      periods: 1,
      impact: 'Ingest crashes and the webhook answers 5xx. Stripe retries for 3 days. A deployment rolls back.',
      causes: 'A defect in a new version, or a missing setting or permission.',
      command: TAIL('IngestLogGroup'),
    },
    {
      id: 'IngestThrottles',
      metric: ingest.alias.metricThrottles({ period: PERIOD, statistic: Stats.SUM }),
      threshold: 0,
      periods: 2,
      impact: 'Lambda throttles ingest and the webhook answers 5xx. Stripe retries, so events arrive late.',
      causes: 'Other functions use up the account’s concurrency, or Stripe sends more than usual.',
      command: 'aws lambda get-account-settings --query AccountLimit',
    },
  ];
}

function queueRules({ queues, thresholds }: AlarmRulesProps): AlarmRule[] {
  return [
    {
      id: 'OldestMessage',
      metric: queues.events.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: Stats.MAXIMUM }),
      threshold: thresholds.oldestMessageSeconds,
      periods: 2,
      impact: `Payments and refunds reach the tables late. The queue keeps messages for ${MESSAGE_RETENTION.toDays()} days.`,
      causes:
        'The event source is disabled, the worker is throttled, or a burst needs more than `workerConcurrency` instances.',
      command: 'look at "Are events reaching the tables?" on the dashboard, then at the worker’s errors',
    },
    {
      id: 'DeadLetters',
      metric: queues.deadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
      threshold: 0,
      periods: 1,
      impact:
        'Some events are not in the tables: a payment is missing, or a refund still counts. Dead letters are kept for 14 days.',
      causes: `No rule understands an event, or applying it failed for ${WAITS_FOR_DEPENDENCIES.toHours()} hours.`,
      command: 'npx stripe-partner-sync redrive --stage <stage>',
    },
    {
      id: 'DeadLettersExpiring',
      metric: queues.deadLetters.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: Stats.MAXIMUM }),
      threshold: DEAD_LETTER_WARNING.toSeconds(),
      periods: 1,
      impact: 'A dead letter has waited for 5 days. SQS deletes it 14 days after the event was queued.',
      causes: 'The dead letters were neither redriven nor deleted after the alarm DeadLetters went off.',
      command: 'npx stripe-partner-sync redrive --stage <stage>',
    },
  ];
}

function workerRules({ worker, namespace }: AlarmRulesProps): AlarmRule[] {
  return [
    {
      id: 'EventsFailed',
      metric: emitted(namespace, 'worker', WORKER_METRICS.failed, { period: MINUTE }),
      ...TWO_BAD_MINUTES,
      impact: `Events fail and wait in the queue. After ${WAITS_FOR_DEPENDENCIES.toHours()} hours they move to the dead-letter queue. A deployment rolls back.`,
      causes: 'DynamoDB is unavailable or throttles, a permission is missing, or a new version has a defect.',
      command: `${TAIL('WorkerLogGroup')} --filter-pattern '{ $.outcome = "failed" }'`,
    },
    {
      id: 'EventsNotUnderstood',
      metric: emitted(namespace, 'worker', WORKER_METRICS.not_understood, { period: MINUTE }),
      threshold: 0,
      periods: 1,
      impact: 'No rule understands an event. The worker moves it to the dead-letter queue. A deployment rolls back.',
      causes: 'Stripe sends a new shape of event, somebody queues messages by hand, or a new version has a defect.',
      command: `${TAIL('WorkerLogGroup')} --filter-pattern '{ $.outcome = "not_understood" }'`,
    },
    {
      id: 'WorkerErrors',
      metric: worker.alias.metricErrors({ period: MINUTE, statistic: Stats.SUM }),
      threshold: 0,
      periods: 1,
      impact: 'The worker crashes: whole batches are not applied and are retried. A deployment rolls back.',
      causes: 'A defect in a new version, a missing permission, or the worker ran into its timeout.',
      command: TAIL('WorkerLogGroup'),
    },
    {
      id: 'WorkerThrottles',
      metric: worker.alias.metricThrottles({ period: PERIOD, statistic: Stats.SUM }),
      threshold: 0,
      periods: 6,
      impact: 'Payments and refunds reach the tables late. Throttled messages stay in the queue and are retried.',
      causes: 'Other functions use up the account’s concurrency.',
      command: 'aws lambda get-account-settings --query AccountLimit',
    },
  ];
}

function otherRules({ tables, reconcile }: AlarmRulesProps): AlarmRule[] {
  return [
    {
      id: 'TablesThrottled',
      metric: throttledRequests(tables),
      threshold: 0,
      periods: 3,
      impact: 'DynamoDB throttles the tables or their indexes. Events are applied late; failed ones are retried.',
      causes: 'A burst above what an on-demand table has served before, or one Stripe customer with very many charges.',
      command: 'aws dynamodb describe-limits',
    },
    {
      id: 'ReconcileErrors',
      metric: reconcile.alias.metricErrors({ period: Duration.hours(1), statistic: Stats.SUM }),
      threshold: 0,
      periods: 3,
      impact:
        'Events that Stripe could not deliver are not fetched. Stripe keeps them for 30 days, then they are lost.',
      causes: 'The stored API key was revoked or may not read events, or reconcile cannot reach Stripe.',
      command: 'aws logs tail <ReconcileLogGroup> --since 3h',
    },
  ];
}
