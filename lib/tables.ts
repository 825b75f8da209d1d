// The four tables. Their names, keys, attributes and indexes are the product's contract with whoever reads them.

import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

export interface TablesProps {
  /** Keep the tables, their data and 35 days of their past, whatever happens to the stack. */
  readonly retain: boolean;
  /** A key of your own; by default AWS's. */
  readonly encryptionKey?: IKey;
}

export class Tables extends Construct {
  readonly customers: Table;
  readonly transactions: Table;
  readonly links: Table;
  readonly statements: Table;

  constructor(scope: Construct, id: string, props: TablesProps) {
    super(scope, id);
    const common = {
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: props.retain },
      deletionProtection: props.retain,
      ...(props.encryptionKey
        ? { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: props.encryptionKey }
        : { encryption: TableEncryption.DEFAULT }),
      removalPolicy: props.retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    };

    this.customers = new Table(this, 'Customers', {
      ...common,
      partitionKey: { name: 'customer_key', type: AttributeType.STRING },
    });
    // Neither index carries `version`: an update that changes nothing else costs no write to the index.
    this.customers.addGlobalSecondaryIndex({
      indexName: 'by_partner',
      partitionKey: { name: 'partner_key', type: AttributeType.STRING },
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: ['stripe_customer_id', 'name', 'email', 'livemode', 'partner_version'],
    });

    this.transactions = new Table(this, 'Transactions', {
      ...common,
      partitionKey: { name: 'transaction_id', type: AttributeType.STRING },
      timeToLiveAttribute: 'expires_at',
    });
    this.transactions.addGlobalSecondaryIndex({
      indexName: 'by_customer',
      partitionKey: { name: 'customer_key', type: AttributeType.STRING },
      sortKey: { name: 'created', type: AttributeType.NUMBER },
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: [
        'status',
        'source',
        'amount',
        'amount_refunded',
        'amount_net',
        'currency',
        'captured',
        'stripe_customer_id',
        'customer_key_source',
        'product_key',
        'payment_intent_id',
        'invoice_id',
        'livemode',
      ],
    });

    this.links = new Table(this, 'Links', {
      ...common,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
    });

    // Only the command line tools write it: see docs/rewards.md.
    this.statements = new Table(this, 'Statements', {
      ...common,
      partitionKey: { name: 'partner_key', type: AttributeType.STRING },
      sortKey: { name: 'entry', type: AttributeType.STRING },
    });
  }
}
