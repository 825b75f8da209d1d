// Creates the template's tables in whatever speaks DynamoDB's protocol.

import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  ResourceNotFoundException,
  type StreamViewType,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';

interface TableProperties {
  readonly KeySchema: CreateTableCommandInput['KeySchema'];
  readonly AttributeDefinitions: CreateTableCommandInput['AttributeDefinitions'];
  readonly GlobalSecondaryIndexes?: CreateTableCommandInput['GlobalSecondaryIndexes'];
  readonly StreamSpecification?: { readonly StreamViewType: StreamViewType };
  readonly BillingMode?: CreateTableCommandInput['BillingMode'];
  readonly TimeToLiveSpecification?: { readonly AttributeName: string; readonly Enabled: boolean };
}

/** Creates the table as the template has it, unless it is there, and waits until it can be used. */
export async function createTable(client: DynamoDBClient, name: string, properties: object): Promise<void> {
  const { TimeToLiveSpecification, StreamSpecification, ...others } = properties as TableProperties;
  const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, BillingMode } = others;
  try {
    const input = {
      TableName: name,
      KeySchema,
      AttributeDefinitions,
      BillingMode,
      ...(GlobalSecondaryIndexes ? { GlobalSecondaryIndexes } : {}),
      ...(StreamSpecification ? { StreamSpecification: { StreamEnabled: true, ...StreamSpecification } } : {}),
    };
    await client.send(new CreateTableCommand(input));
  } catch (error) {
    if (error instanceof ResourceInUseException)
      return StreamSpecification && turnOnStream(client, name, StreamSpecification.StreamViewType);
    throw error;
  }
  while (!(await isActive(client, name))) await new Promise((resolve) => setTimeout(resolve, 50));
  if (TimeToLiveSpecification) {
    // dynalite does not know this request: there, tombstones stay.
    const command = new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification });
    await client.send(command).catch((error) => {
      if (error.name !== 'UnknownOperationException') throw error;
    });
  }
}

/** The table was created without. */
async function turnOnStream(client: DynamoDBClient, TableName: string, StreamViewType: StreamViewType): Promise<void> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  if (Table?.StreamSpecification?.StreamEnabled) return;
  await client.send(
    new UpdateTableCommand({ TableName, StreamSpecification: { StreamEnabled: true, StreamViewType } }),
  );
}

async function isActive(client: DynamoDBClient, name: string): Promise<boolean> {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
    return Table?.TableStatus === 'ACTIVE';
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return false;
    throw error;
  }
}
