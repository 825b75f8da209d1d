// What Lambda's event source mapping of a stream does: reads each shard in order and invokes the function with its records, again and
// again until they succeed. Shards that a stream gets later are found.

import {
  type _Record,
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type Shard,
} from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBBatchResponse, DynamoDBRecord } from 'aws-lambda';

export interface StreamSourceOptions {
  readonly streams: DynamoDBStreamsClient;
  readonly streamArn: string;
  readonly batchSize: number;
  readonly invoke: (event: { readonly Records: readonly DynamoDBRecord[] }) => Promise<unknown>;
}

export interface StreamSource {
  /** Delivers what is in the stream by now, for at most this long, and stops. */
  drain(milliseconds: number): Promise<void>;
}

/** Between two looks at a shard without records, in milliseconds. */
const POLL = 200;
/** After a failure, in milliseconds: shorter than Lambda's, because a person at a terminal waits. */
const RETRY = 1000;

/** An iterator lives for a quarter of an hour. One of a shard without records is trimmed in DynamoDB Local once there are some. */
const UNUSABLE = ['ExpiredIteratorException', 'TrimmedDataAccessException'];

export function startStreamSource(options: StreamSourceOptions): StreamSource {
  const stopped = new AbortController();
  const known = new Map<string, Promise<void>>();
  let draining = false;
  const findShards = async () => {
    const shards = await listShards(options.streams, options.streamArn).catch(() => []);
    for (const { ShardId = '' } of shards)
      if (!known.has(ShardId))
        known.set(
          ShardId,
          readShard(options, ShardId, () => draining, stopped.signal),
        );
  };
  const finding = (async () => {
    while (!draining && !stopped.signal.aborted) {
      await findShards();
      await sleep(RETRY);
    }
  })();
  return {
    async drain(milliseconds) {
      draining = true;
      await finding;
      const all = Promise.all(known.values());
      await Promise.race([all, sleep(milliseconds)]);
      stopped.abort();
      await all;
    },
  };
}

/** All of them, those that are closed too. */
export async function listShards(streams: DynamoDBStreamsClient, StreamArn: string): Promise<Shard[]> {
  const shards: Shard[] = [];
  let ExclusiveStartShardId: string | undefined;
  do {
    const { StreamDescription } = await streams.send(
      new DescribeStreamCommand({ StreamArn, ...(ExclusiveStartShardId ? { ExclusiveStartShardId } : {}) }),
    );
    shards.push(...(StreamDescription?.Shards ?? []));
    ExclusiveStartShardId = StreamDescription?.LastEvaluatedShardId;
  } while (ExclusiveStartShardId);
  return shards;
}

async function readShard(
  { streams, streamArn, batchSize, invoke }: StreamSourceOptions,
  ShardId: string,
  isDraining: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  let iterator: string | undefined;
  while (!signal.aborted) {
    try {
      iterator ??= await firstIterator(streams, streamArn, ShardId);
      const { records, next } = await readRecords(streams, iterator!, batchSize);
      await deliver(records, invoke, signal);
      if (next === undefined) return;
      iterator = next;
      if (records.length > 0) continue;
      if (isDraining()) return;
      await sleep(POLL);
    } catch (error) {
      if (isDraining()) return;
      // Reading records again is harmless.
      if (UNUSABLE.includes((error as Error).name)) iterator = undefined;
      await sleep(RETRY);
    }
  }
}

export async function firstIterator(streams: DynamoDBStreamsClient, StreamArn: string, ShardId: string) {
  const command = new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' });
  return (await streams.send(command)).ShardIterator;
}

/** @returns records as Lambda gets them, and where to go on; undefined at the end of a closed shard */
export async function readRecords(
  streams: DynamoDBStreamsClient,
  ShardIterator: string,
  Limit: number,
): Promise<{ readonly records: DynamoDBRecord[]; readonly next: string | undefined }> {
  const { Records = [], NextShardIterator } = await streams.send(new GetRecordsCommand({ ShardIterator, Limit }));
  return { records: Records.map(toLambdaRecord), next: NextShardIterator };
}

async function deliver(
  records: readonly DynamoDBRecord[],
  invoke: StreamSourceOptions['invoke'],
  signal: AbortSignal,
): Promise<void> {
  for (let left = records; left.length > 0 && !signal.aborted; ) {
    const failed = await invoke({ Records: left }).then(
      (answer) => (answer as DynamoDBBatchResponse | undefined)?.batchItemFailures[0]?.itemIdentifier,
      () => left[0]?.dynamodb?.SequenceNumber,
    );
    if (failed === undefined) return;
    left = left.slice(left.findIndex(({ dynamodb }) => dynamodb?.SequenceNumber === failed));
    await sleep(RETRY);
  }
}

/** Lambda gets times in seconds, where the SDK has dates. */
function toLambdaRecord({ dynamodb, ...record }: _Record): DynamoDBRecord {
  const { ApproximateCreationDateTime: time, ...change } = dynamodb ?? {};
  return {
    ...record,
    dynamodb: {
      ...change,
      ...(time ? { ApproximateCreationDateTime: Math.floor(time.getTime() / 1000) } : {}),
    },
  } as DynamoDBRecord;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
