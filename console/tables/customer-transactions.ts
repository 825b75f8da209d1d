// The recorded transactions of one customer, newest first, page by page from the index.

import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Target } from '../../cli/target.js';
import type { Transaction } from '../../reader/reader.js';
import { PAGE_SIZE, type Position } from './lists.js';

export interface CustomerTransactions {
  readonly rows: readonly Transaction[];
  readonly previous?: Position;
  readonly next?: Position;
}

export async function readCustomerTransactions(
  { dynamodb, tables }: Target,
  customerKey: string,
  { after, before }: { readonly after?: Position; readonly before?: Position },
): Promise<CustomerTransactions> {
  const start = before ?? after;
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({
      TableName: tables.transactions,
      IndexName: 'by_customer',
      KeyConditionExpression: 'customer_key = :customer',
      ExpressionAttributeValues: { ':customer': customerKey },
      ...(start
        ? { ExclusiveStartKey: { customer_key: customerKey, created: start.created, transaction_id: start.key } }
        : {}),
      ScanIndexForward: before !== undefined,
      // One more than a page shows whether there is another.
      Limit: PAGE_SIZE + 1,
    }),
  );
  const rows = (Items as Transaction[]).slice(0, PAGE_SIZE);
  const hasMore = Items.length > PAGE_SIZE;
  if (before) rows.reverse();
  const [first, last] = [rows[0], rows.at(-1)];
  return {
    rows,
    ...(first && (before ? hasMore : after) ? { previous: positionOf(first) } : {}),
    ...(last && (before || hasMore) ? { next: positionOf(last) } : {}),
  };
}

function positionOf({ created = 0, transaction_id }: Transaction): Position {
  return { created, key: transaction_id };
}
