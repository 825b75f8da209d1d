// The stack of one stage.

import { CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { parseSettings } from './settings.js';
import { StripePartnerSync, type StripePartnerSyncProps } from './stripe-partner-sync.js';

export class StripePartnerSyncStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & StripePartnerSyncProps) {
    super(scope, id, props);
    const sync = new StripePartnerSync(this, 'Sync', props);
    Tags.of(this).add('application', 'stripe-partner-sync');
    const outputs = {
      WebhookUrl: sync.webhookUrl,
      SigningSecretArn: sync.signingSecret.secretArn,
      StripeApiKeyArn: sync.stripeApiKey.secretArn,
      QueueUrl: sync.queue.queueUrl,
      DeadLetterQueueUrl: sync.deadLetterQueue.queueUrl,
      CustomersTable: sync.customersTable.tableName,
      TransactionsTable: sync.transactionsTable.tableName,
      LinksTable: sync.linksTable.tableName,
      LogGroups: `${sync.ingestFunction.logGroup.logGroupName},${sync.workerFunction.logGroup.logGroupName}`,
      Settings: JSON.stringify(parseSettings(props)),
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
