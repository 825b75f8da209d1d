// One page for anyone who asks about partners' money. It answers, in this order: are we receiving Stripe's events? do they
// reach the tables, and how late? what happened to them? what is stuck? what does it cost?

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
  FEED_METRICS,
  INGEST_METRICS,
  METADATA_UNUSABLE,
  RECONCILE_METRICS,
  REVERSAL_METRICS,
  TRANSACTIONS_ATTRIBUTED,
  WORKER_METRICS,
} from '../contract/metrics.js';
import type { ChangeFeed } from './change-feed.js';
import { counted, emitted, filled, PERIOD, throttledRequests } from './metric-source.js';
import type { MonitoredResources } from './monitored-resources.js';
import type { SyncFunction } from './sync-function.js';
import { PIPELINE_TABLES } from './tables.js';

export interface SyncDashboardProps extends MonitoredResources {
  readonly alarms: readonly Alarm[];
  /** The currencies whose amounts are shown, as Stripe writes them. */
  readonly currencies: readonly string[];
}

export class SyncDashboard extends Construct {
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: SyncDashboardProps) {
    super(scope, id);
    this.dashboard = new Dashboard(this, 'Dashboard', {
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...props.alarms], width: 24, height: 3 })],
        [heading('Are we receiving Stripe’s events?')],
        [...receiving(props), ...receivingByEventBridge(props)],
        [heading('Are events reaching the tables?')],
        reaching(props),
        [heading('What happened to them?')],
        outcomes(props),
        reversals(props),
        [heading('What is stuck?')],
        stuck(props),
        ...(props.changeFeed
          ? [[heading('Are changes reaching consumers?')], changes(props.namespace, props.changeFeed)]
          : []),
        [heading('What does it cost?')],
        cost(props),
      ],
    });
  }
}

function receivingByEventBridge({ eventBridge }: SyncDashboardProps): IWidget[] {
  if (!eventBridge) return [];
  return [
    graph('Events from EventBridge', [eventBridge.metricEvents()]),
    graph('Events EventBridge could not queue', [
      eventBridge.deadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD, label: 'dead letters' }),
      ...eventBridge.metricLost(),
    ]),
  ];
}

function receiving({ namespace, webhook }: SyncDashboardProps): IWidget[] {
  if (!webhook) return [];
  const { api, ingest } = webhook;
  const count = (metric: string) => counted(namespace, metric);
  return [
    graph('200 responses', [
      count(INGEST_METRICS.queued),
      count(INGEST_METRICS.unsupported_type),
      count(INGEST_METRICS.livemode_mismatch),
    ]),
    graph('4xx responses', [
      count(INGEST_METRICS.signature_missing),
      count(INGEST_METRICS.signature_invalid),
      count(INGEST_METRICS.payload_invalid),
      count(INGEST_METRICS.thin_event_unsupported),
      api.throttledRequests,
    ]),
    graph('5xx responses (Stripe retries)', [
      count(INGEST_METRICS.queue_unavailable),
      count(INGEST_METRICS.secret_unavailable),
      api.api.metricServerError({ period: PERIOD, statistic: Stats.SUM, label: '5xx' }),
      ingest.alias.metricErrors({ period: PERIOD, label: 'ingest errors' }),
      ingest.alias.metricThrottles({ period: PERIOD, label: 'ingest throttles' }),
    ]),
    graph('Response time (ms)', [
      api.api.metricLatency({ period: PERIOD, statistic: 'p50', label: 'p50' }),
      api.api.metricLatency({ period: PERIOD, statistic: 'p99', label: 'p99' }),
    ]),
  ];
}

function reaching({ namespace, queues, worker }: SyncDashboardProps): IWidget[] {
  const age = (statistic: string) =>
    emitted(namespace, 'worker', EVENT_AGE, { statistic, unit: Unit.SECONDS, label: statistic });
  return [
    graph('End-to-end latency (s)', [age('p50'), age('p99')]),
    graph('Messages in the queue', [
      queues.events.metricApproximateNumberOfMessagesVisible({ period: PERIOD, label: 'waiting' }),
      queues.events.metricApproximateNumberOfMessagesNotVisible({ period: PERIOD, label: 'in flight' }),
    ]),
    graph('Age of the oldest message (s)', [
      queues.events.metricApproximateAgeOfOldestMessage({ period: PERIOD, label: 'oldest' }),
    ]),
    durations('Worker', worker),
  ];
}

function outcomes({ namespace, currencies }: SyncDashboardProps): IWidget[] {
  const count = (metric: string) => emitted(namespace, 'worker', metric);
  return [
    graph('Applied', [
      count(WORKER_METRICS.recorded),
      count(WORKER_METRICS.deleted),
      count(WORKER_METRICS.customer_updated),
      count(WORKER_METRICS.waiting),
      count(TRANSACTIONS_ATTRIBUTED),
    ]),
    graph('No change', [
      count(WORKER_METRICS.unchanged),
      count(WORKER_METRICS.stale),
      count(WORKER_METRICS.ignored),
      count(METADATA_UNUSABLE),
    ]),
    graph(
      'Amount recorded, by currency (minor units)',
      currencies.map((currency) =>
        emitted(namespace, 'worker', AMOUNT_RECORDED, {
          dimensionsMap: { currency },
          unit: Unit.NONE,
          label: currency,
        }),
      ),
    ),
    graph('New transactions with a known customer (%)', [
      new MathExpression({
        expression: `100 * ${filled('recorded')} / (${filled('recorded', 'waiting')})`,
        usingMetrics: { recorded: count(WORKER_METRICS.recorded), waiting: count(WORKER_METRICS.waiting) },
        label: 'attributed immediately',
        period: PERIOD,
      }),
    ]),
  ];
}

function reversals({ namespace }: SyncDashboardProps): IWidget[] {
  const metrics = Object.values(REVERSAL_METRICS).map((metric) => emitted(namespace, 'worker', metric));
  return [graph('Refunds and disputes', metrics)];
}

function stuck({ namespace, queues, worker, reconcile }: SyncDashboardProps): IWidget[] {
  return [
    graph('Not applied', [
      emitted(namespace, 'worker', WORKER_METRICS.failed),
      emitted(namespace, 'worker', WORKER_METRICS.not_understood),
      worker.alias.metricErrors({ period: PERIOD, label: 'worker errors' }),
      worker.alias.metricThrottles({ period: PERIOD, label: 'worker throttles' }),
    ]),
    graph('Dead letters', [
      queues.deadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD, label: 'dead letters' }),
    ]),
    graph('Undelivered events fetched from Stripe', [
      emitted(namespace, 'reconcile', RECONCILE_METRICS.sent),
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
  ];
}

function changes(namespace: string, { feed, failures }: ChangeFeed): IWidget[] {
  return [
    graph(
      'Row changes',
      Object.values(FEED_METRICS).map((metric) => emitted(namespace, 'feed', metric)),
    ),
    graph('Age of the oldest change (ms)', [
      feed.alias.metric('IteratorAge', { period: PERIOD, statistic: Stats.MAXIMUM, label: 'oldest' }),
    ]),
    graph('Changes that were not sent', [
      failures.metricApproximateNumberOfMessagesVisible({ period: PERIOD, label: 'failures' }),
      feed.alias.metricErrors({ period: PERIOD, label: 'feed errors' }),
      feed.alias.metricThrottles({ period: PERIOD, label: 'feed throttles' }),
    ]),
    durations('Feed', feed),
  ];
}

function cost({ tables, webhook, worker }: SyncDashboardProps): IWidget[] {
  const functions = [...(webhook ? [{ name: 'ingest', each: webhook.ingest }] : []), { name: 'worker', each: worker }];
  const units = (name: (typeof PIPELINE_TABLES)[number], kind: 'read' | 'write') => {
    const props = { period: PERIOD, statistic: Stats.SUM, label: `${name}, ${kind}` };
    return kind === 'read'
      ? tables[name].metricConsumedReadCapacityUnits(props)
      : tables[name].metricConsumedWriteCapacityUnits(props);
  };
  return [
    graph('DynamoDB units consumed', [
      ...PIPELINE_TABLES.map((name) => units(name, 'write')),
      ...PIPELINE_TABLES.map((name) => units(name, 'read')),
      throttledRequests(tables),
    ]),
    graph(
      'Invocations',
      functions.map(({ name, each }) => each.alias.metricInvocations({ period: PERIOD, label: name })),
    ),
    graph(
      'Concurrent executions',
      functions.map(({ name, each }) =>
        each.function.metric('ConcurrentExecutions', { period: PERIOD, statistic: Stats.MAXIMUM, label: name }),
      ),
    ),
    graph(
      'Log bytes',
      functions.map(({ each }) => each.logGroup.metricIncomingBytes({ period: PERIOD, statistic: Stats.SUM })),
    ),
  ];
}

function heading(question: string): TextWidget {
  return new TextWidget({ markdown: `## ${question}`, width: 24, height: 1 });
}

function graph(title: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, left, width: 6, height: 6, leftYAxis: { min: 0, showUnits: false } });
}

function durations(name: string, { alias }: Pick<SyncFunction, 'alias'>): IWidget {
  return graph(
    `${name} duration (ms)`,
    ['p50', 'p99'].map((statistic) => alias.metricDuration({ period: PERIOD, statistic, label: statistic })),
  );
}
