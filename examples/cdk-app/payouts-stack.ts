// The team's stack: Stripe's payments land in the construct's tables, and a function adds up what each partner's customers paid.

import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import { StripePartnerSync } from 'stripe-partner-sync';

export class PayoutsStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const partners = new StripePartnerSync(this, 'Partners', {
      livemode: 'live',
      partialRefund: 'net',
      alarmEmail: 'oncall@example.com',
      quietHours: 24,
    });

    const payouts = new NodejsFunction(this, 'PayoutsFunction', {
      entry: 'payouts-function.ts',
      runtime: Runtime.NODEJS_24_X,
      timeout: Duration.minutes(5),
      environment: {
        CUSTOMERS_TABLE: partners.customersTable.tableName,
        TRANSACTIONS_TABLE: partners.transactionsTable.tableName,
      },
    });
    partners.customersTable.grantReadData(payouts);
    partners.transactionsTable.grantReadData(payouts);
  }
}
