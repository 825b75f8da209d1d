// Payments that the rehearsal makes, and their rows.

import { randomBytes } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { charge, event } from '../support/builders/events.js';
import { until } from './checks.js';
import type { Stage } from './stage.js';

const RUN = randomBytes(3).toString('hex');
let made = 0;
export const unique = (name: string) => `${name}_${RUN}_${++made}`;

/** @returns the ID of a payment whose row is there */
export async function record(stage: Stage): Promise<string> {
  const id = unique('ch_kept');
  await stage.post(event('charge.succeeded', charge({ id }), 0, unique('evt')));
  await until(`the row of ${id}`, 60, async () => (await transaction(stage, id)) !== undefined);
  return id;
}

const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient({}));

/** A row as it is now, or undefined. */
export async function transaction({ outputs }: Stage, id: string): Promise<Record<string, unknown> | undefined> {
  const key = { TableName: outputs.TransactionsTable, Key: { transaction_id: id }, ConsistentRead: true };
  return (await dynamodb.send(new GetCommand(key))).Item;
}
