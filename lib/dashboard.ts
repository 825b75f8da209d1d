// One page for whoever is asked about partners' money. It answers in this order: are we taking Stripe's events? are they
// reaching the tables, how late? what happened to them? what is stuck? what does it cost?

import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  LogQueryWidget,
  MathExpression,
  Stats,
  TextWidget,
  Unit,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import {
  AMOUNT_RECORDED,
  EVENT_AGE,
  INGEST_METRICS,
  METADATA_UNUSABLE,
  RECONCILE_METRICS,
  TRANSACTIONS_ATTRIBUTED,
  WORKER_METRICS,
} from '../contract/metrics.js';
import { emitted, filled, PERIOD } from './metric-source.js';
import type { WatchedParts } from './watched-parts.js';

export interface SyncDashboardProps extends WatchedParts {
  readonly alarms: readonly Alarm[];
  /** Whose amounts are drawn, as Stripe writes them. */
  readonly currencies: readonly string[];
}

export class SyncDashboard extends Construct {
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: SyncDashboardProps) {
    super(scope, id);
    this.dashboard = new Dashboard(this, 'Dashboard', { widgets: rows(props) });
  }
}

function rows(props: SyncDashboardProps): IWidget[][] {
  const { api, queues, ingest, worker, reconcile, tables, alarms } = props;
  return [
    [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24, height: 3 })],

    [heading('Are we taking Stripe’s events?')],
    [
      graph('Answered 200', [
        emitted('ingest', INGEST_METRICS.queued),
        emitted('ingest', INGEST_METRICS.unsupported_type),
        emitted('ingest', INGEST_METRICS.livemode_mismatch),
      ]),
      graph('Refused: signatures and payloads', [
        emitted('ingest', INGEST_METRICS.signature_missing),
        emitted('ingest', INGEST_METRICS.signature_invalid),
        emitted('ingest', INGEST_METRICS.payload_invalid),
        emitted('ingest', INGEST_METRICS.thin_event_unsupported),
      ]),
      graph('Not taken: Stripe sends again', [
        emitted('ingest', INGEST_METRICS.queue_unavailable),
        emitted('ingest', INGEST_METRICS.secret_unavailable),
        api.api.metricServerError({ period: PERIOD, statistic: Stats.SUM, label: '5xx' }),
        ingest.alias.metricErrors({ period: PERIOD, label: 'ingest errors' }),
        ingest.alias.metricThrottles({ period: PERIOD, label: 'ingest throttles' }),
      ]),
      graph('Time to answer', [
        api.api.metricLatency({ period: PERIOD, statistic: 'p50', label: 'p50' }),
        api.api.metricLatency({ period: PERIOD, statistic: 'p99', label: 'p99' }),
      ]),
    ],

    [heading('Are they reaching the tables, and how late?')],
    [
      graph('From Stripe’s stamp to the rows, in seconds', [
        emitted('worker', EVENT_AGE, { statistic: 'p50', unit: Unit.SECONDS, label: 'p50' }),
        emitted('worker', EVENT_AGE, { statistic: 'p99', unit: Unit.SECONDS, label: 'p99' }),
      ]),
      graph('Waiting in the queue', [
        queues.events.metricApproximateNumberOfMessagesVisible({ period: PERIOD, label: 'waiting' }),
        queues.events.metricApproximateNumberOfMessagesNotVisible({ period: PERIOD, label: 'in hand' }),
      ]),
      graph('Age of the oldest message, in seconds', [
        queues.events.metricApproximateAgeOfOldestMessage({ period: PERIOD, label: 'oldest' }),
      ]),
      graph('Time for a batch', [
        worker.alias.metricDuration({ period: PERIOD, statistic: 'p50', label: 'p50' }),
        worker.alias.metricDuration({ period: PERIOD, statistic: 'p99', label: 'p99' }),
      ]),
    ],

    [heading('What happened to them?')],
    [
      graph('Applied', [
        emitted('worker', WORKER_METRICS.recorded),
        emitted('worker', WORKER_METRICS.deleted),
        emitted('worker', WORKER_METRICS.customer_updated),
        emitted('worker', WORKER_METRICS.waiting),
        emitted('worker', TRANSACTIONS_ATTRIBUTED),
      ]),
      graph('Nothing to do', [
        emitted('worker', WORKER_METRICS.stale),
        emitted('worker', WORKER_METRICS.ignored),
        emitted('worker', METADATA_UNUSABLE),
      ]),
      graph(
        'Recorded, by currency, in minor units',
        props.currencies.map((currency) =>
          emitted('worker', AMOUNT_RECORDED, { dimensionsMap: { currency }, unit: Unit.NONE, label: currency }),
        ),
      ),
      graph('Share of recorded transactions with a customer, in %', [
        new MathExpression({
          expression: `100 * ${filled('recorded')} / (${filled('recorded', 'waiting')})`,
          usingMetrics: {
            recorded: emitted('worker', WORKER_METRICS.recorded),
            waiting: emitted('worker', WORKER_METRICS.waiting),
          },
          label: 'attributed at once',
          period: PERIOD,
        }),
      ]),
    ],

    [heading('What is stuck?')],
    [
      graph('Not applied', [
        emitted('worker', WORKER_METRICS.failed),
        emitted('worker', WORKER_METRICS.not_understood),
        worker.alias.metricErrors({ period: PERIOD, label: 'worker errors' }),
        worker.alias.metricThrottles({ period: PERIOD, label: 'worker throttles' }),
      ]),
      graph('Dead letters', [
        queues.deadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD, label: 'dead letters' }),
      ]),
      graph('Fetched from Stripe, undelivered', [
        emitted('reconcile', RECONCILE_METRICS.sent),
        reconcile.alias.metricErrors({ period: PERIOD, label: 'reconcile errors' }),
      ]),
      new LogQueryWidget({
        title: 'Latest events that were not applied',
        logGroupNames: [worker.logGroup.logGroupName],
        queryLines: [
          'fields @timestamp, event_type, event_id, object_id, reason',
          'filter level = "ERROR"',
          'sort @timestamp desc',
          'limit 20',
        ],
        width: 6,
        height: 6,
      }),
    ],

    [heading('What does it cost?')],
    [
      graph('Write and read units', [
        ...tables.map((table, i) =>
          table.metricConsumedWriteCapacityUnits({
            period: PERIOD,
            statistic: Stats.SUM,
            label: `written ${TABLE_LABELS[i]}`,
          }),
        ),
        ...tables.map((table, i) =>
          table.metricConsumedReadCapacityUnits({
            period: PERIOD,
            statistic: Stats.SUM,
            label: `read ${TABLE_LABELS[i]}`,
          }),
        ),
      ]),
      graph('Invocations', [
        ingest.alias.metricInvocations({ period: PERIOD, label: 'ingest' }),
        worker.alias.metricInvocations({ period: PERIOD, label: 'worker' }),
      ]),
      graph('Instances at once', [
        ingest.function.metric('ConcurrentExecutions', { period: PERIOD, statistic: Stats.MAXIMUM, label: 'ingest' }),
        worker.function.metric('ConcurrentExecutions', { period: PERIOD, statistic: Stats.MAXIMUM, label: 'worker' }),
      ]),
      graph(
        'Log bytes',
        [ingest, worker].map((each) => each.logGroup.metricIncomingBytes({ period: PERIOD, statistic: Stats.SUM })),
      ),
    ],
  ];
}

const TABLE_LABELS = ['customers', 'transactions', 'links'];

function heading(question: string): TextWidget {
  return new TextWidget({ markdown: `## ${question}`, width: 24, height: 1 });
}

function graph(title: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, left, width: 6, height: 6, leftYAxis: { min: 0, showUnits: false } });
}
