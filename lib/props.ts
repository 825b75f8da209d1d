// The props of the construct, and what is checked about them before anything is created.

import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { LIVEMODES, type Livemode, type Settings } from '../contract/settings.js';
import type { AlarmThresholds } from './alarm-rules.js';
import type { AnalyticsExportOptions } from './analytics-export.js';
import type { ChangeFeedOptions } from './change-feed.js';
import { SOURCE_NAME } from './event-bridge-source.js';
import type { Rollout } from './sync-function.js';
import { type ExistingTables, TABLE_NAMES } from './tables.js';
import type { CustomDomain, Throttle } from './webhook-api.js';

/**
 * @example
 * const sync = new StripePartnerSync(this, 'Partners', { livemode: 'live', alarmEmail: 'oncall@example.com', quietHours: 24 });
 * sync.transactionsTable.grantReadData(payoutFunction);
 */
export interface StripePartnerSyncProps extends Partial<Omit<Settings, 'livemode'>> {
  /**
   * Which events are applied: those of Stripe's live mode, of its test mode, or both. Required, because test and live money must not be
   * mixed by accident.
   *
   * @example 'live'
   */
  readonly livemode: Livemode;
  /**
   * Whether tables, queues, secrets and logs are kept when the stack is deleted, and the tables can be restored to any second of
   * the last 35 days.
   *
   * @default true
   * @example false
   */
  readonly retainData?: boolean;
  /**
   * Tables that already exist, by name, to use in place of new ones: those of an earlier stack, or restored from a backup.
   *
   * @default new tables
   * @example { customers: 'customers-restored', transactions: 'transactions-restored', links: 'links-restored', statements: 'statements-restored' }
   */
  readonly existingTables?: ExistingTables;
  /**
   * How long logs are kept.
   *
   * @default RetentionDays.ONE_MONTH
   * @example RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;
  /**
   * The email address that receives the alarms. This or `alarmTopic` is required if data is retained.
   *
   * @default none
   * @example 'oncall@example.com'
   */
  readonly alarmEmail?: string;
  /**
   * Your own topic for the alarms, in place of `alarmEmail`. Its policy must let CloudWatch publish.
   *
   * @default a new topic
   * @example Topic.fromTopicArn(this, 'OnCall', 'arn:aws:sns:eu-west-1:123456789012:on-call')
   */
  readonly alarmTopic?: ITopic;
  /**
   * After how many hours without any event the alarm `NoEventsReceived` goes off, from 1 to 168, or `off`. Required if data is retained,
   * because only you know how long your business can be quiet.
   *
   * @default 'off' if data is not retained
   * @example 24
   */
  readonly quietHours?: number | 'off';
  /**
   * When alarms go off.
   *
   * @default { oldestMessageSeconds: 900, refusedPercent: 20, refusedMinimumRequests: 10 }
   * @example { oldestMessageSeconds: 300 }
   */
  readonly alarmThresholds?: Partial<AlarmThresholds>;
  /**
   * The partner event source that Stripe made for an Amazon EventBridge destination: `connect --event-bridge` prints it. Its events go
   * into the queue without API Gateway and ingest. See docs/deploy.md.
   *
   * @default no events by way of EventBridge
   * @example 'aws.partner/stripe.com/ed_61RKjQ'
   */
  readonly eventBridgeSource?: string;
  /**
   * Whether there is a webhook. Without it there is no API, no ingest and no signing secret, and `eventBridgeSource` is required.
   *
   * @default true
   * @example false
   */
  readonly webhook?: boolean;
  /**
   * Whether thin events are accepted, for which the worker fetches the snapshot event from Stripe's API. The worker and ingest may then
   * read the API key that reconcile uses. While none is stored, ingest refuses thin events.
   *
   * @default false
   * @example true
   */
  readonly thinEvents?: boolean;
  /**
   * Your own domain name for the webhook.
   *
   * @default API Gateway's domain name
   * @example { domainName: 'stripe.example.com', certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/…' }
   */
  readonly customDomain?: CustomDomain;
  /**
   * Your own key for tables, queues, secrets and the alarm topic. If the key was not created in this app, its policy must let
   * `cloudwatch.amazonaws.com` use `kms:Decrypt` and `kms:GenerateDataKey*`, or no alarm reaches the topic; and with
   * `eventBridgeSource` it must let `events.amazonaws.com` use both, or no event reaches the queue.
   *
   * @default keys that AWS owns
   * @example new Key(this, 'Key', { enableKeyRotation: true })
   */
  readonly encryptionKey?: IKey;
  /**
   * How many requests per second the webhook accepts before it answers 429.
   *
   * @default { rate: 1000, burst: 2000 }
   * @example { rate: 2000, burst: 4000 }
   */
  readonly throttle?: Throttle;
  /**
   * How many batches the worker processes at the same time, from 2 to 1,000.
   *
   * @default 10
   * @example 50
   */
  readonly workerConcurrency?: number;
  /**
   * For how many seconds Lambda gathers a batch before it invokes the worker, from 0 to 300: rows appear up to that many seconds later,
   * and cost less. 0 limits a batch to ten events. docs/limits.md says what that costs.
   *
   * @default 2
   * @example 0
   */
  readonly batchWindow?: number;
  /**
   * How a new version takes over: `canary` sends it ten percent of the traffic for five minutes first.
   *
   * @default 'canary'
   * @example 'all-at-once'
   */
  readonly rollout?: Rollout;
  /**
   * Whether a deployment stops and rolls back while an alarm is on. Turn it off for one deployment to force a fix through.
   *
   * @default true
   * @example false
   */
  readonly rolloutAlarms?: boolean;
  /**
   * The currencies whose amounts the dashboard shows, as Stripe writes them.
   *
   * @default ['usd', 'eur']
   * @example ['gbp']
   */
  readonly currencies?: readonly string[];
  /**
   * Export `customers` and `transactions` to S3 each night, for Athena: docs/analytics.md. Needs `retainData`.
   *
   * @default no exports
   * @example {}
   */
  readonly analyticsExport?: AnalyticsExportOptions;
  /**
   * Send the changes of `customers` and `transactions` to EventBridge: docs/change-feed.md.
   *
   * @default no change feed
   * @example true
   */
  readonly changeFeed?: boolean | ChangeFeedOptions;
  /**
   * Whether to add the stack outputs that the command line tools and the runbook use.
   *
   * @default true
   * @example false
   */
  readonly outputs?: boolean;
}

/** The deployment cannot work as described. The message lists every problem and what to change. */
export class InvalidDeploymentError extends Error {
  override readonly name = 'InvalidDeploymentError';
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** CloudWatch evaluates at most seven days. */
const MAX_QUIET_HOURS = 168;

/** @throws {InvalidDeploymentError} */
export function checkProps(props: StripePartnerSyncProps): void {
  const { alarmEmail, alarmTopic, quietHours, workerConcurrency, batchWindow, existingTables } = props;
  const retain = props.retainData ?? true;
  const problems: string[] = [];
  if (!LIVEMODES.includes(props.livemode))
    problems.push(`livemode is ${JSON.stringify(props.livemode)}; use one of: ${LIVEMODES.join(', ')}`);
  if (retain && !alarmEmail && !alarmTopic)
    problems.push(
      'the alarms have no recipient: add alarmEmail or alarmTopic (`-c alarmEmail=you@example.com`, or in lib/stages.ts)',
    );
  if (alarmEmail && alarmTopic) problems.push('alarmEmail and alarmTopic are both set: keep one of them');
  if (retain && quietHours === undefined)
    problems.push(
      'quietHours is missing: after how many hours without an event should an alarm go off? Add a number or off (`-c quietHours=24`, or in lib/stages.ts)',
    );
  if (quietHours !== undefined && quietHours !== 'off' && !isWithin(quietHours, 1, MAX_QUIET_HOURS))
    problems.push(`quietHours is ${quietHours}; use a whole number from 1 to ${MAX_QUIET_HOURS}, or off`);
  if (workerConcurrency !== undefined && !isWithin(workerConcurrency, 2, 1000))
    problems.push(`workerConcurrency is ${workerConcurrency}; use a whole number from 2 to 1000`);
  if (batchWindow !== undefined && !isWithin(batchWindow, 0, 300))
    problems.push(`batchWindow is ${batchWindow}; use a whole number of seconds from 0 to 300`);
  problems.push(...entranceProblems(props));
  for (const name of existingTables ? TABLE_NAMES : [])
    if (!existingTables?.[name]) problems.push(`existingTables does not name the table ${name}: name all four`);
  if (props.analyticsExport && !retain)
    problems.push(
      'analyticsExport needs point-in-time recovery, which retainData: false turns off: remove one of them',
    );
  problems.push(...changeFeedProblems(props));
  if (problems.length > 0) throw new InvalidDeploymentError(problems);
}

/** Events must be able to arrive. */
function entranceProblems({
  webhook = true,
  eventBridgeSource,
  customDomain,
  throttle,
}: StripePartnerSyncProps): string[] {
  const problems: string[] = [];
  if (eventBridgeSource !== undefined && !SOURCE_NAME.test(eventBridgeSource))
    problems.push(
      `eventBridgeSource is ${JSON.stringify(eventBridgeSource)}; use the name of Stripe’s partner event source, such as aws.partner/stripe.com/ed_61RKjQ`,
    );
  if (webhook) return problems;
  if (eventBridgeSource === undefined)
    problems.push(
      'webhook is false and eventBridgeSource is missing, so no event could arrive: add eventBridgeSource (`stripe-partner-sync connect --event-bridge` prints it), or leave webhook out',
    );
  if (customDomain || throttle)
    problems.push('webhook is false, so customDomain and throttle have nothing to apply to: remove them');
  return problems;
}

function changeFeedProblems({ changeFeed, existingTables }: StripePartnerSyncProps): string[] {
  const { existingStreams } = typeof changeFeed === 'object' ? changeFeed : {};
  if (changeFeed && existingTables && !(existingStreams?.customers && existingStreams.transactions))
    return [
      'changeFeed needs the streams of existingTables: turn them on with new and old images, and name their ARNs in changeFeed.existingStreams',
    ];
  if (existingStreams && !existingTables) return ['changeFeed.existingStreams needs existingTables: remove it'];
  return [];
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
