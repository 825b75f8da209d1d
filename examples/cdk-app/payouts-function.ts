// Adds up what the customers of one partner paid in a month, by currency: `{"partner":"ada","month":"2025-06"}`.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createReader } from 'stripe-partner-sync/reader';

const { CUSTOMERS_TABLE: customersTable = '', TRANSACTIONS_TABLE: transactionsTable = '' } = process.env;
const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const reader = createReader({ client, customersTable, transactionsTable });

interface Request {
  readonly partner: string;
  /** `2025-06`, by UTC. */
  readonly month: string;
}

/** @returns net amounts in minor units by currency */
export async function handler({ partner, month }: Request): Promise<Record<string, number>> {
  const from = Date.parse(`${month}-01T00:00:00Z`) / 1000;
  const start = new Date(from * 1000);
  const before = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1) / 1000;
  const sums: Record<string, number> = {};
  for await (const customer of reader.customersOf(partner)) {
    const payments = reader.transactionsOf(customer.customer_key, { livemode: true, from, before });
    for await (const { currency = 'unknown', amount_net } of payments) {
      sums[currency] = (sums[currency] ?? 0) + amount_net;
    }
  }
  return sums;
}
