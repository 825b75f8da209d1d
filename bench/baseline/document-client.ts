// What every worker that writes to DynamoDB with the SDK loads.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DynamoDBDocumentClient,
  PutCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
export const commands = { client, BatchGetCommand, BatchWriteCommand, PutCommand, UpdateCommand };
