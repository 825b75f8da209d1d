// The alarms. Each says what it means for partners' money, what it likely comes from, what to type first, and where to read on.

import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { INGEST_METRICS } from '../contract/metrics.js';
import { emitted, filled, PERIOD } from './metric-source.js';
import type { WatchedParts } from './watched-parts.js';

/** When the alarms go off. */
export interface AlarmThresholds {
  /** Seconds that the oldest message may wait. */
  readonly oldestMessageSeconds: number;
  /** Share of requests with a wrong signature or payload, in per cent. */
  readonly refusedPercent: number;
  /** Hours without any event; absent: this alarm is off, for there may be nothing to sell at night. */
  readonly quietHours?: number;
}

export const DEFAULT_THRESHOLDS: AlarmThresholds = { oldestMessageSeconds: 900, refusedPercent: 20 };

export interface SyncAlarmsProps extends WatchedParts {
  readonly topic: ITopic;
  readonly thresholds: AlarmThresholds;
}

interface AlarmText {
  readonly impact: string;
  readonly causes: string;
  readonly command: string;
  /** The heading in docs/runbook.md, as a link has it. */
  readonly section: string;
}

interface AlarmRule extends AlarmText {
  readonly id: string;
  readonly metric: IMetric;
  readonly threshold: number;
  readonly periods: number;
  readonly operator?: ComparisonOperator;
  readonly missing?: TreatMissingData;
}

export class SyncAlarms extends Construct {
  readonly all: readonly Alarm[];
  /** Those that turn a deployment of each function back. */
  readonly ingestErrors: Alarm;
  readonly workerErrors: Alarm;

  constructor(scope: Construct, id: string, props: SyncAlarmsProps) {
    super(scope, id);
    const alarms = new Map(rules(props).map((rule) => [rule.id, this.alarm(rule, props.topic)]));
    this.all = [...alarms.values()];
    this.ingestErrors = alarms.get('IngestErrors')!;
    this.workerErrors = alarms.get('WorkerErrors')!;
  }

  private alarm(rule: AlarmRule, topic: ITopic): Alarm {
    const alarm = new Alarm(this, rule.id, {
      metric: rule.metric,
      threshold: rule.threshold,
      evaluationPeriods: rule.periods,
      comparisonOperator: rule.operator ?? ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: rule.missing ?? TreatMissingData.NOT_BREACHING,
      alarmDescription: describe(rule),
    });
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
    return alarm;
  }
}

function describe({ impact, causes, command, section }: AlarmText): string {
  return `IMPACT: ${impact}\nCAUSES: ${causes}\nFIRST: ${command}\nREAD: docs/runbook.md#${section}`;
}

/** What the expression of the alarm on refused requests calls its metrics. */
const REFUSED = ['missing', 'invalid', 'payload', 'thin'];

function rules({ thresholds, api, queues, ingest, worker, reconcile, tables }: SyncAlarmsProps): AlarmRule[] {
  const sum = { period: PERIOD, statistic: Stats.SUM };
  const rules: AlarmRule[] = [
    {
      id: 'OldestMessage',
      metric: queues.events.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: Stats.MAXIMUM }),
      threshold: thresholds.oldestMessageSeconds,
      periods: 2,
      impact: 'Payments and refunds reach the tables late. Nothing is lost: messages are kept for 4 days.',
      causes:
        'The worker fails or is throttled, DynamoDB is throttled, or a burst is larger than the reserved concurrency takes.',
      command: 'look at "Are they reaching the tables" on the dashboard, then at the worker’s errors',
      section: 'events-reach-the-tables-late',
    },
    {
      id: 'DeadLetters',
      metric: queues.deadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
      threshold: 0,
      periods: 1,
      impact:
        'Some events are not in the tables: a payment is missing, or a refund still counts. They are kept for 14 days.',
      causes: 'An event of a shape that no rule knows, or DynamoDB refused the same event five times.',
      command:
        'aws sqs receive-message --queue-url <DeadLetterQueueUrl> --max-number-of-messages 10 --visibility-timeout 0',
      section: 'dead-letters',
    },
    {
      id: 'Refused',
      metric: new MathExpression({
        expression: `100 * (${filled(...REFUSED)}) / (${filled(...REFUSED, 'queued', 'unwanted', 'mode')})`,
        usingMetrics: {
          missing: emitted('ingest', INGEST_METRICS.signature_missing),
          invalid: emitted('ingest', INGEST_METRICS.signature_invalid),
          payload: emitted('ingest', INGEST_METRICS.payload_invalid),
          thin: emitted('ingest', INGEST_METRICS.thin_event_unsupported),
          queued: emitted('ingest', INGEST_METRICS.queued),
          unwanted: emitted('ingest', INGEST_METRICS.unsupported_type),
          mode: emitted('ingest', INGEST_METRICS.livemode_mismatch),
        },
        period: PERIOD,
        label: 'refused, in %',
      }),
      threshold: thresholds.refusedPercent,
      periods: 3,
      impact:
        'Events may be refused that Stripe really sent. Stripe sends them again for 3 days, then they are missing.',
      causes: 'The signing secret was rolled in Stripe and not stored here, or somebody scans the URL.',
      command: 'aws secretsmanager describe-secret --secret-id <SigningSecretArn> --query LastChangedDate',
      section: 'signatures-are-refused',
    },
    {
      id: 'NotTaken',
      metric: api.api.metricServerError(sum),
      threshold: 0,
      periods: 2,
      impact: 'Events are answered with 5xx. Stripe sends them again for 3 days, then they are missing.',
      causes: 'No signing secret is stored yet, Secrets Manager or SQS cannot be reached, or ingest fails.',
      command: 'run the saved query "top error codes" in CloudWatch Logs Insights',
      section: 'events-are-not-taken',
    },
    {
      id: 'IngestErrors',
      metric: ingest.alias.metricErrors({ period: Duration.minutes(1), statistic: Stats.SUM }),
      threshold: 0,
      periods: 1,
      impact: 'Ingest fails: events are answered with 5xx and sent again. A deployment under way goes back.',
      causes: 'A defect in a new version, or a setting or permission that is missing.',
      command: 'aws logs tail <IngestLogGroup> --since 15m',
      section: 'events-are-not-taken',
    },
    {
      id: 'IngestThrottles',
      metric: ingest.alias.metricThrottles(sum),
      threshold: 0,
      periods: 2,
      impact: 'Events are answered with 5xx and sent again, later than they could be.',
      causes: 'The account’s concurrency is used up by other functions, or Stripe sends more than usual.',
      command: 'aws lambda get-account-settings --query AccountLimit',
      section: 'functions-are-throttled',
    },
    {
      id: 'WorkerErrors',
      metric: worker.alias.metricErrors({ period: Duration.minutes(1), statistic: Stats.SUM }),
      threshold: 0,
      periods: 1,
      impact: 'Whole batches are not applied and tried again. A deployment under way goes back.',
      causes: 'A defect in a new version, a missing permission, or the worker ran into its timeout.',
      command: 'aws logs tail <WorkerLogGroup> --since 15m',
      section: 'the-worker-fails',
    },
    {
      id: 'WorkerThrottles',
      metric: worker.alias.metricThrottles(sum),
      threshold: 0,
      periods: 6,
      impact: 'Payments and refunds reach the tables late; after 5 tries they end among the dead letters.',
      causes: 'A burst is larger than the reserved concurrency takes, or the account’s concurrency is used up.',
      command: 'aws lambda get-account-settings --query AccountLimit',
      section: 'functions-are-throttled',
    },
    {
      id: 'TablesThrottled',
      metric: new MathExpression({
        expression: 'SUM(METRICS())',
        usingMetrics: Object.fromEntries(
          tables.flatMap((table, i) =>
            (['Read', 'Write'] as const).map((kind) => [
              `${kind.toLowerCase()}${i}`,
              table.metric(`${kind}ThrottleEvents`, { ...sum, label: `${kind} ${i}` }),
            ]),
          ),
        ),
        period: PERIOD,
        label: 'throttled requests',
      }),
      threshold: 0,
      periods: 3,
      impact: 'Events are applied late; those that are refused five times end among the dead letters.',
      causes: 'A burst above what an on-demand table has served before, or one Stripe customer with very many charges.',
      command: 'aws dynamodb describe-limits',
      section: 'dynamodb-is-throttled',
    },
    {
      id: 'ReconcileErrors',
      metric: reconcile.alias.metricErrors({ period: Duration.hours(1), statistic: Stats.SUM }),
      threshold: 0,
      periods: 3,
      impact:
        'Events that Stripe could not deliver are not fetched. Stripe keeps them for 30 days, then they are missing.',
      causes: 'The stored API key was revoked or may not read events, or Stripe cannot be reached.',
      command: 'aws logs tail <ReconcileLogGroup> --since 3h',
      section: 'reconcile-fails',
    },
  ];
  if (thresholds.quietHours !== undefined) {
    rules.push({
      id: 'Quiet',
      metric: emitted('ingest', INGEST_METRICS.queued, { period: Duration.hours(1) }),
      threshold: 1,
      periods: thresholds.quietHours,
      operator: ComparisonOperator.LESS_THAN_THRESHOLD,
      missing: TreatMissingData.BREACHING,
      impact: 'No event has come for longer than is usual: payments may be missing from the tables.',
      causes:
        'The endpoint is disabled in Stripe (Stripe does so after days of failures), or its URL or events were changed.',
      command: 'look at the endpoint in Stripe: https://dashboard.stripe.com/webhooks',
      section: 'no-events-come',
    });
  }
  return rules;
}
