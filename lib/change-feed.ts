// The change feed: the streams of two tables, a function that turns what changed into events, and the bus that they are sent to.

import { Duration } from 'aws-cdk-lib';
import { EventBus, type IEventBus } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { EventSourceMapping, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { grantKeyUse } from './key-grants.js';
import { qualifiedName } from './qualified-name.js';
import { createDeadLetters } from './queues.js';
import { SyncFunction } from './sync-function.js';
import type { ExistingStreams, Tables } from './tables.js';

export interface ChangeFeedOptions {
  /**
   * Your own bus. If it is in another account, its policy must let this account put events.
   *
   * @default a new bus
   * @example EventBus.fromEventBusName(this, 'Bus', 'payments')
   */
  readonly bus?: IEventBus;
  /**
   * Whether events have customers' names and email addresses. Every consumer, archive and log of the bus then has them too, and
   * `erase` does not reach those.
   *
   * @default false
   * @example true
   */
  readonly personalData?: boolean;
  /**
   * With `existingTables`: the ARNs of their streams, which must have new and old images.
   *
   * @default none
   * @example { customers: 'arn:aws:dynamodb:…:table/customers/stream/…', transactions: 'arn:aws:dynamodb:…:table/transactions/stream/…' }
   */
  readonly existingStreams?: ExistingStreams;
}

export interface ChangeFeedProps extends ChangeFeedOptions {
  readonly tables: Tables;
  readonly encryptionKey?: IKey;
  /** Keep the queue of failures and the logs when the stack is deleted. */
  readonly retain: boolean;
  readonly metricsNamespace: string;
  readonly memorySize: number;
  readonly logRetention: RetentionDays;
}

/** The tables whose changes are events. */
const FED_TABLES = ['customers', 'transactions'] as const;

/**
 * How long records are retried. A stream keeps them for 24 hours and then drops them silently; those that Lambda gives up on
 * before that leave a message in the queue of failures.
 */
export const RETRIED_FOR = Duration.hours(22);

export class ChangeFeed extends Construct {
  readonly bus: IEventBus;
  readonly feed: SyncFunction;
  /** Says of which records Lambda gave up. */
  readonly failures: Queue;
  /** What the events name as their `stack`. */
  readonly stackName: string;
  readonly personalData: boolean;

  constructor(scope: Construct, id: string, props: ChangeFeedProps) {
    super(scope, id);
    const { tables } = props;
    this.stackName = qualifiedName(scope);
    this.personalData = props.personalData ?? false;
    this.bus = props.bus ?? new EventBus(this, 'Bus', { description: `Changes of the tables of ${this.stackName}` });
    this.failures = createDeadLetters(this, 'Failures', props);
    this.feed = this.createFunction(props);
    for (const name of FED_TABLES) this.read(name, tables);
  }

  /** The stack outputs that the command line tools and the runbook use. */
  get outputs(): Record<string, string> {
    return {
      ChangeFeedBusArn: this.bus.eventBusArn,
      ChangeFeedFailuresQueueUrl: this.failures.queueUrl,
      ChangeFeedSettings: JSON.stringify({ stack: this.stackName, personalData: this.personalData }),
      FeedFunctionName: this.feed.function.functionName,
      FeedLogGroup: this.feed.logGroup.logGroupName,
    };
  }

  private createFunction(props: ChangeFeedProps): SyncFunction {
    const { tables, encryptionKey, retain, metricsNamespace, memorySize, logRetention } = props;
    const feed = new SyncFunction(this, 'Feed', {
      name: 'feed',
      description: 'Sends the changes of the customer and transaction tables to EventBridge',
      timeout: Duration.seconds(30),
      metricsNamespace,
      memorySize,
      logRetention,
      retainLogs: retain,
      environment: {
        EVENT_BUS: this.bus.eventBusArn,
        STACK: this.stackName,
        PERSONAL_DATA: String(this.personalData),
      },
    });
    feed.grant(['events:PutEvents'], [this.bus.eventBusArn]);
    // What Lambda does with the function's role to feed it from the streams, and to say of what it gave up.
    for (const name of FED_TABLES) {
      feed.grant(
        ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
        [streamArn(name, tables)],
      );
      feed.grant(['dynamodb:ListStreams'], [`${tables[name].tableArn}/stream/*`]);
    }
    feed.grant(['sqs:SendMessage'], [this.failures.queueArn]);
    grantKeyUse(feed, encryptionKey, ['dynamodb-streams', 'sqs']);
    return feed;
  }

  private read(name: (typeof FED_TABLES)[number], tables: Tables): void {
    const mapping = new EventSourceMapping(this, name === 'customers' ? 'Customers' : 'Transactions', {
      target: this.feed.alias,
      eventSourceArn: streamArn(name, tables),
      // Not the latest: changes made while the mapping is being created would be left out.
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      maxBatchingWindow: Duration.seconds(1),
      // Any number of attempts within this time.
      maxRecordAge: RETRIED_FOR,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      onFailure: { bind: () => ({ destination: this.failures.queueArn }) },
    });
    mapping.node.addDependency(this.feed.role);
  }
}

function streamArn(name: (typeof FED_TABLES)[number], tables: Tables): string {
  const { tableStreamArn } = tables[name];
  if (!tableStreamArn) throw new Error(`the table ${name} has no stream`);
  return tableStreamArn;
}
