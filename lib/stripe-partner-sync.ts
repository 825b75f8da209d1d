// The whole pipeline as one construct: webhook, queue, worker and tables.

import { Duration } from 'aws-cdk-lib';
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type FunctionName, requireBundle } from './functions.js';
import { parseSettings, type Settings, settingsEnvironment } from './settings.js';
import { Tables } from './tables.js';

export const WEBHOOK_PATH = '/stripe/webhook';

export interface StripePartnerSyncProps extends Partial<Settings> {
  /** Keep tables and their data when the stack is deleted, and allow going back to any second of 35 days. */
  readonly retainData?: boolean;
}

export class StripePartnerSync extends Construct {
  readonly tables: Tables;
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;
  readonly signingSecret: Secret;
  readonly ingest: LambdaFunction;
  readonly worker: LambdaFunction;
  readonly webhookUrl: string;

  constructor(scope: Construct, id: string, props: StripePartnerSyncProps = {}) {
    super(scope, id);
    const settings = parseSettings(props);
    this.tables = new Tables(this, 'Tables', { retain: props.retainData ?? true });

    const workerTimeout = Duration.seconds(60);
    this.deadLetterQueue = new Queue(this, 'DeadLetters', { retentionPeriod: Duration.days(14), enforceSSL: true });
    this.queue = new Queue(this, 'Events', {
      // Six times the worker's timeout, as AWS advises, and the batch window: a batch is never delivered while it is in hand.
      visibilityTimeout: Duration.seconds(6 * workerTimeout.toSeconds() + BATCH_WINDOW.toSeconds()),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: 5 },
      enforceSSL: true,
    });

    // Made with an empty list: until a signing secret is stored the webhook answers 503, and Stripe sends again.
    this.signingSecret = new Secret(this, 'SigningSecrets', {
      description: 'The valid signing secrets of the Stripe webhook endpoint: {"signingSecrets":["whsec_…"]}',
      generateSecretString: { secretStringTemplate: '{"signingSecrets":[]}', generateStringKey: 'unused' },
    });

    this.ingest = this.addFunction('ingest', {
      memorySize: 256,
      timeout: Duration.seconds(15),
      description: 'Verifies Stripe events and puts them into the queue',
      environment: {
        ...settingsEnvironment(settings),
        QUEUE_URL: this.queue.queueUrl,
        SIGNING_SECRET_ARN: this.signingSecret.secretArn,
      },
    });
    this.queue.grantSendMessages(this.ingest);
    this.signingSecret.grantRead(this.ingest);

    this.worker = this.addFunction('worker', {
      memorySize: 256,
      timeout: workerTimeout,
      description: 'Applies Stripe events to the customer and transaction tables',
      environment: {
        ...settingsEnvironment(settings),
        CUSTOMERS_TABLE: this.tables.customers.tableName,
        TRANSACTIONS_TABLE: this.tables.transactions.tableName,
        LINKS_TABLE: this.tables.links.tableName,
      },
    });
    for (const table of [this.tables.customers, this.tables.transactions, this.tables.links]) {
      table.grantReadWriteData(this.worker);
    }
    this.worker.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: 100,
        maxBatchingWindow: BATCH_WINDOW,
        reportBatchItemFailures: true,
      }),
    );

    const api = new HttpApi(this, 'Api', { description: 'Receives Stripe webhook events' });
    api.addRoutes({
      path: WEBHOOK_PATH,
      methods: [HttpMethod.POST],
      integration: new HttpLambdaIntegration('Ingest', this.ingest),
    });
    this.webhookUrl = `${api.apiEndpoint}${WEBHOOK_PATH}`;
  }

  private addFunction(
    name: FunctionName,
    props: { memorySize: number; timeout: Duration; description: string; environment: Record<string, string> },
  ): LambdaFunction {
    return new LambdaFunction(this, name === 'ingest' ? 'Ingest' : 'Worker', {
      ...props,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(requireBundle(name)),
      environment: {
        ...props.environment,
        NODE_OPTIONS: '--enable-source-maps',
        POWERTOOLS_SERVICE_NAME: name,
        POWERTOOLS_METRICS_NAMESPACE: 'StripePartnerSync',
      },
    });
  }
}

const BATCH_WINDOW = Duration.seconds(2);
