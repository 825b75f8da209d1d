// The stack of one stage.

import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { StripePartnerSync, type StripePartnerSyncProps } from './stripe-partner-sync.js';

export class StripePartnerSyncStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & StripePartnerSyncProps) {
    super(scope, id, props);
    const sync = new StripePartnerSync(this, 'Sync', props);
    const outputs = {
      WebhookUrl: sync.webhookUrl,
      SigningSecretArn: sync.signingSecret.secretArn,
      QueueUrl: sync.queue.queueUrl,
      DeadLetterQueueUrl: sync.deadLetterQueue.queueUrl,
      CustomersTable: sync.tables.customers.tableName,
      TransactionsTable: sync.tables.transactions.tableName,
      LinksTable: sync.tables.links.tableName,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
