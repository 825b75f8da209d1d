// The whole pipeline as one construct: webhook or EventBridge source, queue, worker, tables, dashboard and alarms.

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { type IEventBus, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaFunctionTarget } from 'aws-cdk-lib/aws-events-targets';
import { EventSourceMapping, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { parseSettings, type Settings } from '../contract/settings.js';
import { type AlarmThresholds, DEFAULT_THRESHOLDS } from './alarm-rules.js';
import { createAlarmTopic, SyncAlarms } from './alarms.js';
import { AnalyticsExport, type AnalyticsExportOptions } from './analytics-export.js';
import { ChangeFeed, type ChangeFeedOptions } from './change-feed.js';
import { SyncDashboard } from './dashboard.js';
import { DeletionProtection } from './deletion-protection.js';
import { EventBridgeSource } from './event-bridge-source.js';
import { IngestMetrics } from './ingest-metrics.js';
import { grantKeyUse } from './key-grants.js';
import type { MonitoredResources, Webhook } from './monitored-resources.js';
import { addOutputs } from './outputs.js';
import { checkProps, InvalidDeploymentError, type StripePartnerSyncProps } from './props.js';
import { qualifiedName } from './qualified-name.js';
import { DEFAULT_WORKER_CONCURRENCY, Queues } from './queues.js';
import { SavedQueries } from './saved-queries.js';
import { settingsEnvironment } from './settings.js';
import { type Rollout, SyncFunction } from './sync-function.js';
import { type ExistingStreams, type ExistingTables, Tables } from './tables.js';
import { type CustomDomain, DEFAULT_THROTTLE, type Throttle, WebhookApi } from './webhook-api.js';

export type {
  AlarmThresholds,
  AnalyticsExportOptions,
  ChangeFeedOptions,
  CustomDomain,
  ExistingStreams,
  ExistingTables,
  Rollout,
  StripePartnerSyncProps,
  Throttle,
};
export { InvalidDeploymentError };

const DEFAULT_BATCH_WINDOW = 2;
const WORKER_TIMEOUT = Duration.seconds(30);

/** Changing one of these in place makes CloudFormation generate a new value over the secrets that are stored. */
const EMPTY_SIGNING_SECRETS = { secretStringTemplate: '{"signingSecrets":[]}', generateStringKey: 'unused' };
const EMPTY_API_KEY = { secretStringTemplate: '{"apiKey":""}', generateStringKey: 'unused' };

export class StripePartnerSync extends Construct {
  /** Customers by `customer_key`; index `by_partner`. */
  readonly customersTable: ITable;
  /** Transactions by `transaction_id`; index `by_customer`. */
  readonly transactionsTable: ITable;
  /** Internal: readers never need it. */
  readonly linksTable: ITable;
  /** What each partner is owed, by `partner_key` and period. The command line tools write it. */
  readonly statementsTable: ITable;
  /** Where `analyticsExport` puts the exports. */
  readonly analyticsBucket?: IBucket;
  /** Where `changeFeed` sends its events. */
  readonly changeFeedBus?: IEventBus;
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;
  /** Holds `{"apiKey":"rk_…"}`. Reconcile is off until a key is stored. */
  readonly stripeApiKey: Secret;
  readonly workerFunction: LambdaFunction;
  readonly alarmTopic: ITopic;
  readonly dashboard: Dashboard;
  /** What the command line tools and the runbook need to know, by the name of its stack output. */
  readonly outputs: Readonly<Record<string, string>>;

  private readonly settings: Settings;
  private readonly retain: boolean;
  private readonly metricsNamespace: string;
  private readonly webhook: (Webhook & { readonly signingSecret: Secret }) | undefined;

  /** @throws {InvalidDeploymentError} @throws {InvalidSettingError} */
  constructor(
    scope: Construct,
    id: string,
    private readonly props: StripePartnerSyncProps,
  ) {
    super(scope, id);
    checkProps(props);
    this.settings = parseSettings(props);
    this.retain = props.retainData ?? true;
    this.metricsNamespace = `StripePartnerSync/${qualifiedName(this)}`;
    const encryption = props.encryptionKey ? { encryptionKey: props.encryptionKey } : {};

    const tables = new Tables(this, 'Tables', {
      retain: this.retain,
      ...encryption,
      ...(props.existingTables ? { existing: props.existingTables } : {}),
      ...this.streamProps,
    });
    this.customersTable = tables.customers;
    this.transactionsTable = tables.transactions;
    this.linksTable = tables.links;
    this.statementsTable = tables.statements;
    const queues = new Queues(this, 'Queues', {
      workerTimeout: WORKER_TIMEOUT,
      batchWindow: this.batchWindow,
      retain: this.retain,
      ...encryption,
    });
    this.queue = queues.events;
    this.deadLetterQueue = queues.deadLetters;
    this.stripeApiKey = this.secret(
      'StripeApiKey',
      'A Stripe API key that may read events, for reconcile: {"apiKey":"rk_…"}',
      EMPTY_API_KEY,
    );

    this.webhook = props.webhook === false ? undefined : this.createWebhook();
    const eventBridge = this.createEventBridgeSource();
    const worker = this.createWorker();
    const eventSource = this.feed(worker);
    const reconcile = this.createReconcile();
    this.workerFunction = worker.function;

    this.alarmTopic =
      props.alarmTopic ??
      createAlarmTopic(this, { ...encryption, ...(props.alarmEmail ? { email: props.alarmEmail } : {}) });
    const changeFeed = this.createChangeFeed(tables);
    if (changeFeed) this.changeFeedBus = changeFeed.bus;
    this.dashboard = this.monitor({
      ...(changeFeed ? { changeFeed } : {}),
      ...(this.webhook ? { webhook: this.webhook } : {}),
      ...(eventBridge ? { eventBridge } : {}),
      ...{ namespace: this.metricsNamespace, queues, worker, reconcile, tables },
    });
    if (props.analyticsExport)
      this.analyticsBucket = new AnalyticsExport(this, 'AnalyticsExport', {
        ...props.analyticsExport,
        tables: { customers: tables.customers, transactions: tables.transactions },
        ...encryption,
      }).bucket;
    this.protectLast(tables);
    this.outputs = {
      ...this.webhookOutputs(),
      ...(eventBridge ? this.eventBridgeOutputs(eventBridge) : {}),
      ...this.outputValues({ worker, reconcile }, eventSource),
      ...changeFeed?.outputs,
    };
    if (props.outputs !== false) addOutputs(this, this.outputs);
  }

  /** Where Stripe sends its events. @throws {InvalidDeploymentError} if there is no webhook */
  get webhookUrl(): string {
    return this.requireWebhook('webhookUrl').api.url;
  }

  /** Holds `{"signingSecrets":["whsec_…"]}`. @throws {InvalidDeploymentError} if there is no webhook */
  get signingSecret(): Secret {
    return this.requireWebhook('signingSecret').signingSecret;
  }

  /** @throws {InvalidDeploymentError} if there is no webhook */
  get ingestFunction(): LambdaFunction {
    return this.requireWebhook('ingestFunction').ingest.function;
  }

  private requireWebhook(property: string) {
    if (this.webhook) return this.webhook;
    throw new InvalidDeploymentError([`there is no ${property}, because webhook is false`]);
  }

  private get logRetention(): RetentionDays {
    return this.props.logRetention ?? RetentionDays.ONE_MONTH;
  }

  private secret(id: string, description: string, generateSecretString: typeof EMPTY_API_KEY): Secret {
    const { encryptionKey } = this.props;
    return new Secret(this, id, {
      description,
      generateSecretString,
      removalPolicy: this.retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
      ...(encryptionKey ? { encryptionKey } : {}),
    });
  }

  private get functionDefaults() {
    return {
      logRetention: this.logRetention,
      retainLogs: this.retain,
      metricsNamespace: this.metricsNamespace,
      memorySize: 256,
    };
  }

  private createWebhook() {
    // Created with an empty list: until a signing secret is stored the webhook answers 503, and Stripe retries.
    const signingSecret = this.secret(
      'SigningSecrets',
      'The valid signing secrets of the Stripe webhook endpoint: {"signingSecrets":["whsec_…"]}',
      EMPTY_SIGNING_SECRETS,
    );
    const ingest = this.createIngest(signingSecret);
    const { metricsNamespace } = this;
    new IngestMetrics(this, 'IngestMetrics', { logGroup: ingest.logGroup, metricsNamespace });
    const api = new WebhookApi(this, 'Webhook', {
      ingest: ingest.alias,
      throttle: this.props.throttle ?? DEFAULT_THROTTLE,
      metricsNamespace,
      logRetention: this.logRetention,
      ...(this.props.customDomain ? { customDomain: this.props.customDomain } : {}),
    });
    return { api, ingest, signingSecret };
  }

  private createEventBridgeSource(): EventBridgeSource | undefined {
    const { eventBridgeSource, thinEvents = false, encryptionKey } = this.props;
    if (eventBridgeSource === undefined) return undefined;
    return new EventBridgeSource(this, 'EventBridge', {
      source: eventBridgeSource,
      settings: this.settings,
      thinEvents,
      queue: this.queue,
      retain: this.retain,
      ...(encryptionKey ? { encryptionKey } : {}),
    });
  }

  private createIngest(signingSecret: Secret): SyncFunction {
    const ingest = new SyncFunction(this, 'Ingest', {
      ...this.functionDefaults,
      name: 'ingest',
      description: 'Verifies Stripe events and queues them',
      timeout: Duration.seconds(15),
      environment: {
        ...settingsEnvironment(this.settings),
        QUEUE_URL: this.queue.queueUrl,
        SIGNING_SECRET_ARN: signingSecret.secretArn,
        ...this.thinEventsEnvironment,
      },
    });
    ingest.grant(['sqs:SendMessage'], [this.queue.queueArn]);
    ingest.grant(['secretsmanager:GetSecretValue'], [signingSecret.secretArn]);
    this.letReadApiKeyForThinEvents(ingest);
    grantKeyUse(ingest, this.props.encryptionKey, ['sqs', 'secretsmanager']);
    return ingest;
  }

  private createWorker(): SyncFunction {
    const worker = new SyncFunction(this, 'Worker', {
      ...this.functionDefaults,
      name: 'worker',
      description: 'Applies Stripe events to the customer and transaction tables',
      timeout: WORKER_TIMEOUT,
      environment: {
        ...settingsEnvironment(this.settings),
        CUSTOMERS_TABLE: this.customersTable.tableName,
        TRANSACTIONS_TABLE: this.transactionsTable.tableName,
        LINKS_TABLE: this.linksTable.tableName,
        DEAD_LETTER_QUEUE_URL: this.deadLetterQueue.queueUrl,
        ...this.thinEventsEnvironment,
      },
    });
    worker.grant(
      ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
      [this.customersTable.tableArn, this.transactionsTable.tableArn],
    );
    worker.grant(
      ['dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem', 'dynamodb:PutItem', 'dynamodb:Query'],
      [this.linksTable.tableArn],
    );
    worker.grant(['sqs:SendMessage'], [this.deadLetterQueue.queueArn]);
    // What Lambda does with the function's role to feed it from the queue.
    worker.grant(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], [this.queue.queueArn]);
    this.letReadApiKeyForThinEvents(worker);
    grantKeyUse(worker, this.props.encryptionKey, [
      ...(['dynamodb', 'sqs'] as const),
      ...(this.props.thinEvents ? (['secretsmanager'] as const) : []),
    ]);
    return worker;
  }

  /** A function that knows where the key is accepts thin events. */
  private get thinEventsEnvironment(): Record<string, string> {
    return this.props.thinEvents ? { STRIPE_API_KEY_ARN: this.stripeApiKey.secretArn } : {};
  }

  private letReadApiKeyForThinEvents(to: SyncFunction): void {
    if (this.props.thinEvents) to.grant(['secretsmanager:GetSecretValue'], [this.stripeApiKey.secretArn]);
  }

  private get batchWindow(): Duration {
    return Duration.seconds(this.props.batchWindow ?? DEFAULT_BATCH_WINDOW);
  }

  private feed(worker: SyncFunction): EventSourceMapping {
    const eventSource = new EventSourceMapping(this, 'EventSource', {
      target: worker.alias,
      eventSourceArn: this.queue.queueArn,
      // Lambda takes no more than ten without a window: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
      batchSize: this.batchWindow.toSeconds() === 0 ? 10 : 100,
      maxBatchingWindow: this.batchWindow,
      // Never reserved concurrency: a poller that is throttled counts as a receive, and enough of those make a dead letter.
      maxConcurrency: this.props.workerConcurrency ?? DEFAULT_WORKER_CONCURRENCY,
      reportBatchItemFailures: true,
    });
    eventSource.node.addDependency(worker.role);
    return eventSource;
  }

  private createReconcile(): SyncFunction {
    const reconcile = new SyncFunction(this, 'Reconcile', {
      ...this.functionDefaults,
      name: 'reconcile',
      description: 'Fetches the events that Stripe could not deliver',
      timeout: Duration.minutes(5),
      environment: {
        ...settingsEnvironment(this.settings),
        QUEUE_URL: this.queue.queueUrl,
        LINKS_TABLE: this.linksTable.tableName,
        STRIPE_API_KEY_ARN: this.stripeApiKey.secretArn,
      },
    });
    reconcile.grant(['sqs:SendMessage'], [this.queue.queueArn]);
    reconcile.grant(['dynamodb:GetItem', 'dynamodb:PutItem'], [this.linksTable.tableArn]);
    reconcile.grant(['secretsmanager:GetSecretValue'], [this.stripeApiKey.secretArn]);
    grantKeyUse(reconcile, this.props.encryptionKey, ['dynamodb', 'sqs', 'secretsmanager']);
    const schedule = new Rule(this, 'ReconcileSchedule', {
      description: 'How often reconcile fetches the events that Stripe could not deliver',
      schedule: Schedule.rate(Duration.hours(1)),
    });
    // A failed run is not repeated, neither by EventBridge nor by Lambda: the next one continues in an hour from where it stopped.
    schedule.addTarget(new LambdaFunctionTarget(reconcile.alias, { retryAttempts: 0 }));
    reconcile.alias.configureAsyncInvoke({ retryAttempts: 0 });
    return reconcile;
  }

  private get streamProps() {
    const { changeFeed } = this.props;
    if (!changeFeed) return {};
    const { existingStreams } = changeFeed === true ? {} : changeFeed;
    return { streams: true, ...(existingStreams ? { existingStreams } : {}) };
  }

  private createChangeFeed(tables: Tables): ChangeFeed | undefined {
    const { changeFeed, encryptionKey } = this.props;
    if (!changeFeed) return undefined;
    return new ChangeFeed(this, 'ChangeFeed', {
      ...(changeFeed === true ? {} : changeFeed),
      ...this.functionDefaults,
      tables,
      retain: this.retain,
      ...(encryptionKey ? { encryptionKey } : {}),
    });
  }

  private monitor(resources: MonitoredResources): Dashboard {
    const { props } = this;
    const { webhook, worker, reconcile } = resources;
    const alarms = new SyncAlarms(this, 'Alarms', {
      ...resources,
      topic: this.alarmTopic,
      thresholds: { ...DEFAULT_THRESHOLDS, ...props.alarmThresholds },
      ...(typeof props.quietHours === 'number' ? { quietHours: props.quietHours } : {}),
    });
    const rollout = props.rollout ?? 'canary';
    const watchAlarms = props.rolloutAlarms ?? true;
    // A handler that answers 503 or reports a failed message does not throw, so Lambda's own errors are not enough.
    webhook?.ingest.rollOut(rollout, [alarms.get('IngestErrors'), alarms.get('Webhook5xx')], watchAlarms);
    worker.rollOut(
      rollout,
      [alarms.get('WorkerErrors'), alarms.get('EventsFailed'), alarms.get('EventsNotUnderstood')],
      watchAlarms,
    );
    // It runs once an hour, so there is no traffic to shift step by step.
    reconcile.rollOut('all-at-once', [], watchAlarms);
    resources.changeFeed?.feed.rollOut(rollout, [alarms.get('FeedErrors')], watchAlarms);
    new SavedQueries(this, 'Queries', webhook ? [webhook.ingest, worker] : [worker]);
    return new SyncDashboard(this, 'Overview', {
      ...resources,
      alarms: alarms.all,
      currencies: props.currencies ?? ['usd', 'eur'],
    }).dashboard;
  }

  /** Protected tables would stay behind if anything after them failed in the first deployment. */
  private protectLast({ created }: Tables): void {
    if (!this.retain || created.length === 0) return;
    new DeletionProtection(this, 'DeletionProtection', {
      tables: created,
      after: [...this.node.children],
      metricsNamespace: this.metricsNamespace,
      logRetention: this.logRetention,
    });
  }

  private webhookOutputs(): Record<string, string> {
    if (!this.webhook) return {};
    const { api, ingest, signingSecret } = this.webhook;
    return {
      WebhookUrl: api.url,
      SigningSecretArn: signingSecret.secretArn,
      IngestFunctionName: ingest.function.functionName,
      IngestLogGroup: ingest.logGroup.logGroupName,
      AccessLogGroup: api.accessLogGroup.logGroupName,
    };
  }

  private eventBridgeOutputs({ bus, deadLetters }: EventBridgeSource): Record<string, string> {
    return {
      EventBusName: bus.eventBusName,
      SourceDeadLetterQueueUrl: deadLetters.queueUrl,
      SourceDeadLetterQueueArn: deadLetters.queueArn,
    };
  }

  private outputValues(
    { worker, reconcile }: Readonly<Record<'worker' | 'reconcile', SyncFunction>>,
    eventSource: EventSourceMapping,
  ): Record<string, string> {
    const logGroups = [...(this.webhook ? [this.webhook.ingest] : []), worker].map(({ logGroup }) => logGroup);
    return {
      StripeApiKeyArn: this.stripeApiKey.secretArn,
      QueueUrl: this.queue.queueUrl,
      QueueArn: this.queue.queueArn,
      DeadLetterQueueUrl: this.deadLetterQueue.queueUrl,
      DeadLetterQueueArn: this.deadLetterQueue.queueArn,
      CustomersTable: this.customersTable.tableName,
      TransactionsTable: this.transactionsTable.tableName,
      LinksTable: this.linksTable.tableName,
      StatementsTable: this.statementsTable.tableName,
      ...(this.analyticsBucket ? { AnalyticsBucket: this.analyticsBucket.bucketName } : {}),
      WorkerFunctionName: worker.function.functionName,
      ReconcileFunctionName: reconcile.function.functionName,
      EventSourceId: eventSource.eventSourceMappingId,
      WorkerLogGroup: worker.logGroup.logGroupName,
      ReconcileLogGroup: reconcile.logGroup.logGroupName,
      LogGroups: logGroups.map(({ logGroupName }) => logGroupName).join(','),
      AlarmTopicArn: this.alarmTopic.topicArn,
      DashboardName: this.dashboard.dashboardName,
      MetricsNamespace: this.metricsNamespace,
      Settings: JSON.stringify(this.settings),
    };
  }
}
