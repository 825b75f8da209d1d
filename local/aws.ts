// AWS as the local stack plays it: one account, one region, any credentials.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';

export const REGION = 'us-east-1';
const ACCOUNT = '000000000000';

/** Any credentials are accepted. */
export const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

export interface Aws {
  readonly dynamodbEndpoint: string;
  readonly sqsEndpoint: string;
  readonly dynamodb: DynamoDBClient;
  readonly sqs: SQSClient;
}

export function connect(dynamodbEndpoint: string, sqsEndpoint: string): Aws {
  const client = { region: REGION, credentials: CREDENTIALS };
  return {
    dynamodbEndpoint,
    sqsEndpoint,
    dynamodb: new DynamoDBClient({ ...client, endpoint: dynamodbEndpoint }),
    sqs: new SQSClient({ ...client, endpoint: sqsEndpoint }),
  };
}

/** @param resource as in `table/customers` or `function:ingest` */
export function arn(service: string, resource: string): string {
  return `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
}
