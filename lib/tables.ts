// The four tables. Their names, keys, attributes and indexes are a contract with everyone who reads them.

import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  type ITable,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

/** The tables that every event is applied to. */
export const PIPELINE_TABLES = ['customers', 'transactions', 'links'] as const;
export const TABLE_NAMES = [...PIPELINE_TABLES, 'statements'] as const;
export type TableName = (typeof TABLE_NAMES)[number];

export const INDEXES = [
  { table: 'customers', indexName: 'by_partner' },
  { table: 'transactions', indexName: 'by_customer' },
] as const;

/** The ARNs of the streams of tables that already exist. */
export type ExistingStreams = Readonly<Record<'customers' | 'transactions', string>>;

/** The names of tables that already exist, such as those of an earlier stack or of a restored backup. */
export type ExistingTables = Readonly<Record<TableName, string>>;

export interface TablesProps {
  /** Keep the tables and their data when the stack is deleted, and 35 days of their past. */
  readonly retain: boolean;
  /** Your own key. Without it, one that AWS owns. */
  readonly encryptionKey?: IKey;
  /** Tables to use in place of new ones. */
  readonly existing?: ExistingTables;
  /** Give `customers` and `transactions` streams of their changes. Without it they have none. */
  readonly streams?: boolean;
  readonly existingStreams?: ExistingStreams;
}

export class Tables extends Construct {
  readonly customers: ITable;
  readonly transactions: ITable;
  readonly links: ITable;
  readonly statements: ITable;
  /** Those of them that the stack creates. */
  readonly created: readonly Table[];

  constructor(scope: Construct, id: string, props: TablesProps) {
    super(scope, id);
    const { existing } = props;
    this.customers = existing ? this.existing('customers', existing, props) : this.createCustomers(props);
    this.transactions = existing ? this.existing('transactions', existing, props) : this.createTransactions(props);
    this.links = existing ? this.existing('links', existing, props) : this.createLinks(props);
    this.statements = existing ? this.existing('statements', existing, props) : this.createStatements(props);
    this.created = TABLE_NAMES.flatMap((name) => (this[name] instanceof Table ? this[name] : []));
  }

  private existing(name: TableName, names: ExistingTables, props: TablesProps): ITable {
    const { encryptionKey, existingStreams } = props;
    const tableStreamArn = name === 'customers' || name === 'transactions' ? existingStreams?.[name] : undefined;
    return Table.fromTableAttributes(this, `Existing-${name}`, {
      tableName: names[name],
      ...(tableStreamArn ? { tableStreamArn } : {}),
      globalIndexes: INDEXES.filter(({ table }) => table === name).map(({ indexName }) => indexName),
      ...(encryptionKey ? { encryptionKey } : {}),
    });
  }

  private createCustomers(props: TablesProps): Table {
    const table = new Table(this, 'Customers', {
      ...common(props),
      ...stream(props),
      partitionKey: { name: 'customer_key', type: AttributeType.STRING },
    });
    // The indexes leave out the internal attributes, and `version`: an update that changes nothing else costs no write to the index.
    table.addGlobalSecondaryIndex({
      indexName: 'by_partner',
      partitionKey: { name: 'partner_key', type: AttributeType.STRING },
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: ['stripe_customer_id', 'name', 'email', 'livemode', 'partner_version'],
    });
    return table;
  }

  private createTransactions(props: TablesProps): Table {
    const table = new Table(this, 'Transactions', {
      ...common(props),
      ...stream(props),
      partitionKey: { name: 'transaction_id', type: AttributeType.STRING },
    });
    table.addGlobalSecondaryIndex({
      indexName: 'by_customer',
      partitionKey: { name: 'customer_key', type: AttributeType.STRING },
      sortKey: { name: 'created', type: AttributeType.NUMBER },
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: [
        'status',
        'source',
        'amount',
        'amount_refunded',
        'amount_disputed',
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
    return table;
  }

  private createLinks(props: TablesProps): Table {
    return new Table(this, 'Links', {
      ...common(props),
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
    });
  }

  /** Only the command line tools write it: see docs/rewards.md. */
  private createStatements(props: TablesProps): Table {
    return new Table(this, 'Statements', {
      ...common(props),
      partitionKey: { name: 'partner_key', type: AttributeType.STRING },
      sortKey: { name: 'entry', type: AttributeType.STRING },
    });
  }
}

function common({ retain, encryptionKey }: TablesProps) {
  return {
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: retain },
    // Without `deletionProtection`: CloudFormation could not delete the tables of a creation that fails. See deletion-protection.ts.
    ...(encryptionKey
      ? { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey }
      : { encryption: TableEncryption.DEFAULT }),
    removalPolicy: retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
  };
}

/** DynamoDB changes the view of a stream only by turning the stream off first, which gives it a new ARN. */
function stream({ streams }: TablesProps) {
  return streams ? { stream: StreamViewType.NEW_AND_OLD_IMAGES } : {};
}
