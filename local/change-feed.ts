// The change feed on this machine: it runs if the engine of DynamoDB has streams, and its events go to a bus in this process.

import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { type Aws, arn, CREDENTIALS, REGION } from './aws.js';
import { createEventBus, createEventBusServer, type EventBus } from './event-bus.js';
import type { Cleanup } from './options.js';
import type { Resources } from './resources.js';
import { close, listen } from './servers.js';
import type { StreamSource } from './stream-source.js';
import { referencesIn, resolve, resourcesOf, type Template } from './template.js';

export interface LocalChangeFeed {
  readonly bus: EventBus;
  /** Where the function puts its events. */
  readonly endpoint: string;
}

/** The client is loaded only where it is used: the engine that comes with the local stack has no streams. */
async function streamsClient(endpoint: string) {
  const { DynamoDBStreamsClient } = await import('@aws-sdk/client-dynamodb-streams');
  return new DynamoDBStreamsClient({ endpoint, region: REGION, credentials: CREDENTIALS, maxAttempts: 1 });
}

/** @returns false also if the engine does not answer: what else needs it says so */
export async function hasStreams(endpoint: string): Promise<boolean> {
  const [client, { ListStreamsCommand }] = await Promise.all([
    streamsClient(endpoint),
    import('@aws-sdk/client-dynamodb-streams'),
  ]);
  try {
    await client.send(new ListStreamsCommand({ Limit: 1 }), { abortSignal: AbortSignal.timeout(3000) });
    return true;
  } catch {
    return false;
  } finally {
    client.destroy();
  }
}

/** Starts the template's bus, and finds the streams of its tables. @returns undefined if the template has no change feed */
export async function startChangeFeed(
  template: Template,
  aws: Aws,
  resources: Resources,
  cleanups: Cleanup[],
): Promise<LocalChangeFeed | undefined> {
  if (streamMappings(template).length === 0) return undefined;
  for (const [id, { StreamSpecification }] of resourcesOf(template, 'AWS::DynamoDB::Table')) {
    if (!StreamSpecification) continue;
    const { ref, attributes } = resources.get(id)!;
    const { Table } = await aws.dynamodb.send(new DescribeTableCommand({ TableName: ref }));
    resources.set(id, { ref, attributes: { ...attributes, StreamArn: Table!.LatestStreamArn! } });
  }
  for (const [id] of resourcesOf(template, 'AWS::Events::EventBus'))
    resources.set(id, { ref: 'change-feed', attributes: { Arn: arn('events', 'event-bus/change-feed') } });
  const bus = createEventBus();
  const server = createEventBusServer(bus);
  const port = await listen(server, 0);
  cleanups.push(() => close(server));
  return { bus, endpoint: `http://127.0.0.1:${port}` };
}

/** The event source mappings that read the streams of the template's tables. */
export function streamMappings(template: Template): Record<string, unknown>[] {
  const isTable = (id: string) => template.Resources[id]?.Type === 'AWS::DynamoDB::Table';
  return resourcesOf(template, 'AWS::Lambda::EventSourceMapping')
    .map(([, mapping]) => mapping)
    .filter((mapping) => referencesIn(mapping.EventSourceArn).some(isTable));
}

/** @param invoke invokes a function by its ARN */
export async function startStreamSources(
  template: Template,
  aws: Aws,
  resources: Resources,
  invoke: (functionArn: unknown, event: unknown) => Promise<unknown>,
  cleanups: Cleanup[],
): Promise<StreamSource[]> {
  const mappings = streamMappings(template);
  if (mappings.length === 0) return [];
  const [streams, { startStreamSource }] = await Promise.all([
    streamsClient(aws.dynamodbEndpoint),
    import('./stream-source.js'),
  ]);
  cleanups.push(() => streams.destroy());
  return mappings.map((mapping) =>
    startStreamSource({
      streams,
      streamArn: String(resolve(mapping.EventSourceArn, resources)),
      batchSize: Number(mapping.BatchSize),
      invoke: (event) => invoke(resolve(mapping.FunctionName, resources), event),
    }),
  );
}
