// The rows of the demo, read from the tables and put into words.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { formatMoney } from '../../contract/money.js';
import type { StackFile } from '../../contract/stack-file.js';
import { CREDENTIALS } from '../aws.js';

export type Row = Readonly<Record<string, unknown>>;

export interface DemoTables {
  /** @returns the rows that exist, by their keys */
  read(customers: readonly string[], transactions: readonly string[]): Promise<ReadonlyMap<string, Row>>;
  /** By the index `by_partner`. */
  customersOf(partner: string): Promise<readonly Row[]>;
  /** By the index `by_customer`: recorded transactions alone. */
  transactionsOf(customer: string): Promise<readonly Row[]>;
  close(): void;
}

export function openTables({ region, dynamodbEndpoint, tables }: StackFile): DemoTables {
  const dynamodb = new DynamoDBClient({ region, endpoint: dynamodbEndpoint, credentials: CREDENTIALS });
  const client = DynamoDBDocumentClient.from(dynamodb);
  const query = async (TableName: string, IndexName: string, key: string, value: string) => {
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName,
        IndexName,
        KeyConditionExpression: '#key = :value',
        ExpressionAttributeNames: { '#key': key },
        ExpressionAttributeValues: { ':value': value },
      }),
    );
    return Items;
  };
  return {
    async read(customers, transactions) {
      const { Responses = {} } = await client.send(
        new BatchGetCommand({
          RequestItems: {
            [tables.customers]: { ConsistentRead: true, Keys: customers.map((customer_key) => ({ customer_key })) },
            [tables.transactions]: {
              ConsistentRead: true,
              Keys: transactions.map((transaction_id) => ({ transaction_id })),
            },
          },
        }),
      );
      return new Map(
        Object.values(Responses)
          .flat()
          .map((row) => [String(row.transaction_id ?? row.customer_key), row]),
      );
    },
    customersOf: (partner) => query(tables.customers, 'by_partner', 'partner_key', partner),
    transactionsOf: (customer) => query(tables.transactions, 'by_customer', 'customer_key', customer),
    close: () => dynamodb.destroy(),
  };
}

/** One row in words. */
export function describeRow(row: Row): string {
  if (!row.transaction_id)
    return `customer${row.name ? ` "${row.name}"` : ''}, referred by ${row.partner_key ?? 'no partner'}`;
  if (row.status === 'deleted') return `deleted (${row.deleted_reason})`;
  const customer = row.customer_key
    ? ` for ${row.customer_key} (${row.customer_key_source} key)`
    : ', its customer is not known yet';
  return `recorded, ${moneyOf(row)}${customer}${productOf(row)}`;
}

/** What a recorded transaction counts for: `100.00 USD, product gold`. */
export function moneyOf(row: Row): string {
  return formatMoney(Number(row.amount_net), String(row.currency));
}

export function productOf({ product_key }: Row): string {
  return product_key ? `, product ${product_key}` : '';
}
