// Fills the table `transactions` with rows that nothing will change.

import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { eachOf, inBatches } from './measure.js';

/** Writes the rows with the numbers from `from` to below `to`. */
export async function fill(client: DynamoDBDocumentClient, table: string, from: number, to: number): Promise<void> {
  const rows = Array.from({ length: to - from }, (_, i) => from + i);
  await eachOf(inBatches(rows, 25), 8, (batch) =>
    client.send(
      new BatchWriteCommand({
        RequestItems: {
          [table]: batch.map((n) => ({
            PutRequest: {
              Item: {
                transaction_id: `ch_fill_${n}`,
                status: 'recorded',
                source: 'charge',
                amount: 2000,
                amount_net: 2000,
                currency: 'usd',
                created: 1_750_000_000 + n,
                // As in the standard mix, 40 % have a customer.
                ...(n % 5 < 2 ? { customer_key: `fill-${n % 5000}`, customer_key_source: 'own' } : {}),
                version: `001750000000#0#evt_${n}`,
              },
            },
          })),
        },
      }),
    ),
  );
}
