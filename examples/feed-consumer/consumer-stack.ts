// The team's stack: the construct with its change feed, and a consumer that keeps a table from it.

import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { StripePartnerSync } from 'stripe-partner-sync';

export class ConsumerStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const partners = new StripePartnerSync(this, 'Partners', {
      livemode: 'live',
      alarmEmail: 'oncall@example.com',
      quietHours: 24,
      changeFeed: true,
    });
    const payments = new Table(this, 'Payments', {
      partitionKey: { name: 'id', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
    });
    const events = new Queue(this, 'Events', {
      visibilityTimeout: Duration.minutes(1),
      deadLetterQueue: { queue: new Queue(this, 'DeadLetters'), maxReceiveCount: 10 },
    });
    new Rule(this, 'Transactions', {
      ...(partners.changeFeedBus ? { eventBus: partners.changeFeedBus } : {}),
      eventPattern: { source: ['stripe-partner-sync'], detailType: Match.prefix('transaction.') },
      targets: [new SqsQueue(events)],
    });
    const consumer = new NodejsFunction(this, 'Consumer', {
      entry: 'consumer.ts',
      runtime: Runtime.NODEJS_24_X,
      timeout: Duration.seconds(10),
      environment: { PAYMENTS_TABLE: payments.tableName },
    });
    payments.grantWriteData(consumer);
    consumer.addEventSource(new SqsEventSource(events, { reportBatchItemFailures: true }));
  }
}
