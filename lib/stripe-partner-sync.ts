// The whole pipeline as one construct: webhook, queue, worker, tables, dashboard and alarms.

import { Duration } from 'aws-cdk-lib';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaFunctionTarget } from 'aws-cdk-lib/aws-events-targets';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { EventSourceMapping, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { parseSettings, type Settings } from '../contract/settings.js';
import { type AlarmThresholds, DEFAULT_THRESHOLDS, SyncAlarms } from './alarms.js';
import { SyncDashboard } from './dashboard.js';
import { addOutputs } from './outputs.js';
import { Queues } from './queues.js';
import { SavedQueries } from './saved-queries.js';
import { settingsEnvironment } from './settings.js';
import { type Rollout, SyncFunction } from './sync-function.js';
import { Tables } from './tables.js';
import { type CustomDomain, WebhookApi } from './webhook-api.js';

export type { AlarmThresholds, CustomDomain, Rollout };

/**
 * @example
 * const sync = new StripePartnerSync(this, 'Partners', { livemode: 'live', alarmEmail: 'oncall@example.com' });
 * sync.transactionsTable.grantReadData(payoutFunction);
 */
export interface StripePartnerSyncProps extends Partial<Settings> {
  /** Keep tables, logs and the data in them whatever happens to the stack, and allow going back to any second of 35 days. Default: true. */
  readonly retainData?: boolean;
  /** How long logs are kept. Default: one month. */
  readonly logRetention?: RetentionDays;
  /** Where alarms go. Default: a topic of its own. */
  readonly alarmTopic?: ITopic;
  /** Somebody to tell of alarms on the construct's own topic. */
  readonly alarmEmail?: string;
  /** When alarms go off; what is not given stays at its default. */
  readonly alarmThresholds?: Partial<AlarmThresholds>;
  /** A name of your own for the webhook. Default: API Gateway's. */
  readonly customDomain?: CustomDomain;
  /**
   * A key of your own for tables, queues, secrets and topic. Its policy must let CloudWatch use it, so that alarms reach the topic.
   * Default: keys that AWS owns.
   */
  readonly encryptionKey?: IKey;
  /** Requests a second that the webhook takes in the long run, and at once. Default: 200 and 400. */
  readonly throttle?: { readonly rate: number; readonly burst: number };
  /** Worker instances at most, so that a burst cannot starve the account. Default: 10. */
  readonly workerConcurrency?: number;
  /** How a new version takes over. Default: `canary`. */
  readonly rollout?: Rollout;
  /** Currencies whose amounts the dashboard draws, as Stripe writes them. Default: usd, eur. */
  readonly currencies?: readonly string[];
  /**
   * Whether to add the stack outputs that the command line tools and the runbook use.
   *
   * @default true
   */
  readonly outputs?: boolean;
}

export class StripePartnerSync extends Construct {
  /** Where to send Stripe's events. */
  readonly webhookUrl: string;
  /** Customers by `customer_key`; index `by_partner`. */
  readonly customersTable: Table;
  /** Transactions by `transaction_id`; index `by_customer`. */
  readonly transactionsTable: Table;
  /** The machinery's own; readers never need it. */
  readonly linksTable: Table;
  /** What partners were told that they are owed, by `partner_key` and period. The command line tools write it. */
  readonly statementsTable: Table;
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;
  /** Holds `{"signingSecrets":["whsec_…"]}`. */
  readonly signingSecret: Secret;
  /** Holds `{"apiKey":"rk_…"}` once reconcile is to run. */
  readonly stripeApiKey: Secret;
  readonly ingestFunction: LambdaFunction;
  readonly workerFunction: LambdaFunction;
  readonly alarmTopic: ITopic;
  readonly dashboard: Dashboard;
  /** What the command line tools and the runbook need to know, by the name of its stack output. */
  readonly outputs: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: StripePartnerSyncProps = {}) {
    super(scope, id);
    const settings = parseSettings(props);
    const retain = props.retainData ?? true;
    const logRetention = props.logRetention ?? RetentionDays.ONE_MONTH;
    const encryption = props.encryptionKey ? { encryptionKey: props.encryptionKey } : {};

    const tables = new Tables(this, 'Tables', { retain, ...encryption });
    this.customersTable = tables.customers;
    this.transactionsTable = tables.transactions;
    this.linksTable = tables.links;
    this.statementsTable = tables.statements;

    const queues = new Queues(this, 'Queues', {
      workerTimeout: WORKER_TIMEOUT,
      batchWindow: BATCH_WINDOW,
      ...encryption,
    });
    this.queue = queues.events;
    this.deadLetterQueue = queues.deadLetters;

    // Made with an empty list: until a signing secret is stored the webhook answers 503, and Stripe sends again.
    this.signingSecret = new Secret(this, 'SigningSecrets', {
      description: 'The valid signing secrets of the Stripe webhook endpoint: {"signingSecrets":["whsec_…"]}',
      generateSecretString: { secretStringTemplate: '{"signingSecrets":[]}', generateStringKey: 'unused' },
      ...encryption,
    });

    const functionDefaults = { logRetention, retainLogs: retain };
    const ingest = new SyncFunction(this, 'Ingest', {
      ...functionDefaults,
      name: 'ingest',
      description: 'Verifies Stripe events and puts them into the queue',
      memorySize: 256,
      timeout: Duration.seconds(15),
      environment: {
        ...settingsEnvironment(settings),
        QUEUE_URL: queues.events.queueUrl,
        SIGNING_SECRET_ARN: this.signingSecret.secretArn,
      },
    });
    ingest.grant(['sqs:SendMessage'], [queues.events.queueArn]);
    ingest.grant(['secretsmanager:GetSecretValue'], [this.signingSecret.secretArn]);
    if (props.encryptionKey) ingest.grant(['kms:Decrypt', 'kms:GenerateDataKey'], [props.encryptionKey.keyArn]);

    const worker = new SyncFunction(this, 'Worker', {
      ...functionDefaults,
      name: 'worker',
      description: 'Applies Stripe events to the customer and transaction tables',
      memorySize: 256,
      timeout: WORKER_TIMEOUT,
      reservedConcurrentExecutions: props.workerConcurrency ?? 10,
      environment: {
        ...settingsEnvironment(settings),
        CUSTOMERS_TABLE: tables.customers.tableName,
        TRANSACTIONS_TABLE: tables.transactions.tableName,
        LINKS_TABLE: tables.links.tableName,
      },
    });
    worker.grant(['dynamodb:BatchGetItem', 'dynamodb:UpdateItem'], [tables.customers.tableArn]);
    worker.grant(['dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], [tables.transactions.tableArn]);
    worker.grant(
      ['dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem', 'dynamodb:PutItem', 'dynamodb:Query'],
      [tables.links.tableArn],
    );
    // What Lambda does on the function's behalf to feed it from the queue.
    worker.grant(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], [queues.events.queueArn]);
    if (props.encryptionKey) worker.grant(TABLE_KEY_ACTIONS, [props.encryptionKey.keyArn]);
    const eventSource = new EventSourceMapping(this, 'EventSource', {
      target: worker.alias,
      eventSourceArn: queues.events.queueArn,
      batchSize: 100,
      maxBatchingWindow: BATCH_WINDOW,
      reportBatchItemFailures: true,
    });
    eventSource.node.addDependency(worker.role);

    // Off until an API key is stored: a restricted key that may read events is enough.
    this.stripeApiKey = new Secret(this, 'StripeApiKey', {
      description: 'A Stripe API key that may read events, for reconcile: {"apiKey":"rk_…"}',
      generateSecretString: { secretStringTemplate: '{"apiKey":""}', generateStringKey: 'unused' },
      ...encryption,
    });
    const reconcile = new SyncFunction(this, 'Reconcile', {
      ...functionDefaults,
      name: 'reconcile',
      description: 'Fetches the events that Stripe could not deliver',
      memorySize: 256,
      timeout: Duration.minutes(5),
      environment: {
        ...settingsEnvironment(settings),
        QUEUE_URL: queues.events.queueUrl,
        LINKS_TABLE: tables.links.tableName,
        STRIPE_API_KEY_ARN: this.stripeApiKey.secretArn,
      },
    });
    reconcile.grant(['sqs:SendMessage'], [queues.events.queueArn]);
    reconcile.grant(['dynamodb:GetItem', 'dynamodb:PutItem'], [tables.links.tableArn]);
    reconcile.grant(['secretsmanager:GetSecretValue'], [this.stripeApiKey.secretArn]);
    if (props.encryptionKey) reconcile.grant(TABLE_KEY_ACTIONS, [props.encryptionKey.keyArn]);
    const schedule = new Rule(this, 'ReconcileSchedule', {
      description: 'How often the events that Stripe could not deliver are fetched',
      schedule: Schedule.rate(Duration.hours(1)),
    });
    // What fails is tried again at the next hour, from where it stopped.
    schedule.addTarget(new LambdaFunctionTarget(reconcile.alias, { retryAttempts: 0 }));

    const api = new WebhookApi(this, 'Webhook', {
      ingest: ingest.alias,
      throttle: props.throttle ?? { rate: 200, burst: 400 },
      logRetention,
      ...(props.customDomain ? { customDomain: props.customDomain } : {}),
    });
    this.webhookUrl = api.url;

    this.alarmTopic = props.alarmTopic ?? this.ownTopic(props);
    const watched = {
      api,
      queues,
      ingest,
      worker,
      reconcile,
      tables: [tables.customers, tables.transactions, tables.links],
    };
    const alarms = new SyncAlarms(this, 'Alarms', {
      ...watched,
      topic: this.alarmTopic,
      thresholds: { ...DEFAULT_THRESHOLDS, ...props.alarmThresholds },
    });
    ingest.rollOut(props.rollout ?? 'canary', [alarms.ingestErrors]);
    worker.rollOut(props.rollout ?? 'canary', [alarms.workerErrors]);
    // It runs once an hour: there is nothing to shift slowly.
    reconcile.rollOut('all-at-once', []);
    this.dashboard = new SyncDashboard(this, 'Overview', {
      ...watched,
      alarms: alarms.all,
      currencies: props.currencies ?? ['usd', 'eur'],
    }).dashboard;
    new SavedQueries(this, 'Queries', { ingest, worker });
    this.ingestFunction = ingest.function;
    this.workerFunction = worker.function;

    this.outputs = {
      WebhookUrl: this.webhookUrl,
      SigningSecretArn: this.signingSecret.secretArn,
      StripeApiKeyArn: this.stripeApiKey.secretArn,
      QueueUrl: this.queue.queueUrl,
      QueueArn: this.queue.queueArn,
      DeadLetterQueueUrl: this.deadLetterQueue.queueUrl,
      DeadLetterQueueArn: this.deadLetterQueue.queueArn,
      CustomersTable: this.customersTable.tableName,
      TransactionsTable: this.transactionsTable.tableName,
      LinksTable: this.linksTable.tableName,
      StatementsTable: this.statementsTable.tableName,
      IngestFunctionName: ingest.function.functionName,
      WorkerFunctionName: worker.function.functionName,
      ReconcileFunctionName: reconcile.function.functionName,
      EventSourceId: eventSource.eventSourceMappingId,
      IngestLogGroup: ingest.logGroup.logGroupName,
      WorkerLogGroup: worker.logGroup.logGroupName,
      ReconcileLogGroup: reconcile.logGroup.logGroupName,
      AccessLogGroup: api.accessLogGroup.logGroupName,
      LogGroups: `${ingest.logGroup.logGroupName},${worker.logGroup.logGroupName}`,
      AlarmTopicArn: this.alarmTopic.topicArn,
      DashboardName: this.dashboard.dashboardName,
      Settings: JSON.stringify(settings),
    };
    if (props.outputs !== false) addOutputs(this, this.outputs);
  }

  private ownTopic({ alarmEmail, encryptionKey }: StripePartnerSyncProps): Topic {
    const topic = new Topic(this, 'AlarmTopic', {
      enforceSSL: true,
      ...(encryptionKey ? { masterKey: encryptionKey } : {}),
    });
    if (alarmEmail) topic.addSubscription(new EmailSubscription(alarmEmail));
    return topic;
  }
}

/**
 * What DynamoDB does with a table's key in the name of whoever reads and writes
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html); SQS and Secrets Manager ask for less.
 */
const TABLE_KEY_ACTIONS = [
  'kms:CreateGrant',
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

const BATCH_WINDOW = Duration.seconds(2);
const WORKER_TIMEOUT = Duration.seconds(30);
