// The last step of a deployment: protects the tables against deletion. See docs/decisions/deletion-protection.md.

import { Logger } from '@aws-lambda-powertools/logger';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda';
import { answer } from './answer.js';
import { setProtection } from './tables.js';

const logger = new Logger();
const dynamodb = new DynamoDBClient({});
const cloudFormation = new CloudFormationClient({});

/** Time kept back to answer, in milliseconds. */
const RESERVE = 40_000;
const PAUSE = 500;

/** @throws {Error} if CloudFormation could not be answered; Lambda then repeats the request */
export async function handler(request: CloudFormationCustomResourceEvent, lambda: Context): Promise<void> {
  const { RequestType, ResourceProperties, StackId } = request;
  const tables = ResourceProperties.Tables as readonly string[];
  const patience = { deadline: Date.now() + lambda.getRemainingTimeInMillis() - RESERVE, pause: PAUSE };
  let failure: string | undefined;
  try {
    if (RequestType !== 'Delete') await setProtection(dynamodb, tables, true, patience);
    else if (await creationFailed(StackId)) await setProtection(dynamodb, tables, false, patience);
  } catch (error) {
    failure = (error as Error).message;
  }
  const line = { request: RequestType, tables };
  if (failure === undefined) logger.info('the tables are as CloudFormation needs them', line);
  else logger.error('the deletion protection could not be set', { ...line, reason: failure });
  await answer(request, failure);
}

/** Only then does CloudFormation delete the tables, so only then may they lose their protection. */
async function creationFailed(stackId: string): Promise<boolean> {
  const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stackId }));
  return Stacks?.[0]?.StackStatus === 'ROLLBACK_IN_PROGRESS';
}
