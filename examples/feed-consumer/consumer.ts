// Keeps a table of transactions from the change feed: `id`, `sequence`, and what each customer paid.

import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { TransactionEvent } from 'stripe-partner-sync/reader';

const { PAYMENTS_TABLE: TableName = '' } = process.env;
const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));

interface QueueBatch {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[];
}

/** @returns the messages that the queue must deliver again */
export async function handler({ Records }: QueueBatch) {
  const failures = await Promise.all(
    Records.map(async ({ messageId, body }) => {
      try {
        await keep(JSON.parse(body));
        return [];
      } catch (error) {
        console.error(messageId, error);
        return [{ itemIdentifier: messageId }];
      }
    }),
  );
  return { batchItemFailures: failures.flat() };
}

/** Events arrive in any order and more than once: only a greater sequence is news. */
async function keep({ detail }: TransactionEvent): Promise<void> {
  const { id, sequence, stack, after } = detail;
  const Item = {
    id,
    sequence,
    stack,
    customer: after.customer_key ?? after.deleted_customer_key,
    paid: after.amount_net,
    currency: after.currency,
    isRefunded: after.status === 'deleted',
  };
  const command = new PutCommand({
    TableName,
    Item: Object.fromEntries(Object.entries(Item).filter(([, value]) => value !== undefined)),
    ConditionExpression: 'attribute_not_exists(id) OR #sequence < :sequence',
    ExpressionAttributeNames: { '#sequence': 'sequence' },
    ExpressionAttributeValues: { ':sequence': sequence },
  });
  try {
    await client.send(command);
  } catch (error) {
    // The table has this event, or a newer one.
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
