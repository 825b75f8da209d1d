// Turns the deletion protection of tables on or off, and waits until DynamoDB says that it is.

import { DescribeTableCommand, type DynamoDBClient, UpdateTableCommand } from '@aws-sdk/client-dynamodb';

export interface Patience {
  /** When to give up, in Unix milliseconds. */
  readonly deadline: number;
  /** Between two attempts, in milliseconds. */
  readonly pause: number;
}

/** @throws {Error} with DynamoDB's reason, if one of the tables is not so by the deadline */
export async function setProtection(
  dynamodb: DynamoDBClient,
  tables: readonly string[],
  enabled: boolean,
  patience: Patience,
): Promise<void> {
  const settled = await Promise.allSettled(tables.map((table) => setOne(dynamodb, table, enabled, patience)));
  const reasons = settled.flatMap((each) => (each.status === 'rejected' ? [String(each.reason?.message)] : []));
  if (reasons.length > 0) throw new Error(reasons.join('; '));
}

/**
 * Repeats whatever fails: a table that is being updated refuses with ResourceInUseException, several tables at the same time can exceed
 * a limit, and the role of a new stack may not work everywhere yet.
 */
async function setOne(
  dynamodb: DynamoDBClient,
  table: string,
  enabled: boolean,
  { deadline, pause }: Patience,
): Promise<void> {
  for (;;) {
    const refusal = await attempt(dynamodb, table, enabled);
    if (refusal === undefined) return;
    if (Date.now() + pause > deadline)
      throw new Error(`deletion protection of ${table} could not be turned ${enabled ? 'on' : 'off'}: ${refusal}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** @returns undefined if the table is as it should be; otherwise why it is not yet */
async function attempt(dynamodb: DynamoDBClient, table: string, enabled: boolean): Promise<string | undefined> {
  try {
    const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: table }));
    if ((Table?.DeletionProtectionEnabled ?? false) === enabled) return undefined;
    await dynamodb.send(new UpdateTableCommand({ TableName: table, DeletionProtectionEnabled: enabled }));
    return 'DynamoDB accepted the change, but does not show it yet';
  } catch (error) {
    const { name, message } = error as Error;
    return !enabled && name === 'ResourceNotFoundException' ? undefined : `${name}: ${message}`;
  }
}
