// The proof of `test/proofs/change-feed.test.ts` on the streams of a real engine: `TEST_DYNAMODB_ENDPOINT` names one that has streams,
// such as Amazon's DynamoDB Local. dynalite has none, so without it the test is skipped.
//
// FEED_RUNS=1000 TEST_DYNAMODB_ENDPOINT=http://127.0.0.1:8000 npx jest feed/streams

import { DescribeTableCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import fc from 'fast-check';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import { firstIterator, listShards, readRecords } from '../../local/stream-source.js';
import { deliveries, histories } from '../support/builders/generate.js';
import { deliver } from '../support/builders/history.js';
import { seeded, shuffle } from '../support/builders/workload.js';
import { type Engine, startEngine } from '../support/emulators/engine.js';
import { fold, resent, rowText, runFeed, turns, visibleRows } from '../support/schedules/feed.js';

const endpoint = process.env.TEST_DYNAMODB_ENDPOINT;
const RUNS = Number(process.env.FEED_RUNS ?? 12);
if (!endpoint) process.stdout.write('skipped: the change feed on real streams, TEST_DYNAMODB_ENDPOINT is not set\n');

type Name = 'customers' | 'transactions';
const KEYS: Readonly<Record<Name, string>> = { customers: 'customer_key', transactions: 'transaction_id' };
/** A row that is written to know that everything before it has been read. */
const MARK = '~mark';

/** Reads what is new in the stream of a table, which has one shard. */
class StreamReader {
  #stream = { arn: '', shard: '' };
  #iterator: string | undefined;
  #marks = 0;
  constructor(
    private readonly engine: Engine,
    private readonly streams: DynamoDBStreamsClient,
    private readonly name: Name,
  ) {}

  async start() {
    const { Table } = await this.engine.client.send(
      new DescribeTableCommand({ TableName: this.engine.tables[this.name] }),
    );
    const shards = await listShards(this.streams, Table!.LatestStreamArn!);
    expect(shards).toHaveLength(1);
    this.#stream = { arn: Table!.LatestStreamArn!, shard: shards[0]!.ShardId! };
  }

  async news(): Promise<DynamoDBRecord[]> {
    const mark = `${MARK}-${++this.#marks}`;
    const Item = { [KEYS[this.name]]: { S: mark } };
    await this.engine.client.send(new PutItemCommand({ TableName: this.engine.tables[this.name], Item }));
    this.#iterator ??= await firstIterator(this.streams, this.#stream.arn, this.#stream.shard);
    const found: DynamoDBRecord[] = [];
    const idOf = ({ dynamodb }: DynamoDBRecord) => dynamodb!.Keys![KEYS[this.name]]!.S!;
    while (!found.some((record) => idOf(record) === mark)) {
      const { records, next } = await readRecords(this.streams, this.#iterator!, 1000);
      found.push(...records);
      this.#iterator = next;
    }
    return found.filter((record) => !idOf(record).startsWith(MARK));
  }
}

let engine: Engine;
let streams: DynamoDBStreamsClient;
let readers: StreamReader[];
beforeAll(async () => {
  if (!endpoint) return;
  engine = await startEngine({ streams: true });
  streams = new DynamoDBStreamsClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  readers = (['customers', 'transactions'] as const).map((name) => new StreamReader(engine, streams, name));
  for (const reader of readers) await reader.start();
}, 60_000);
afterAll(async () => {
  streams?.destroy();
  await engine?.stop();
});

const onRealStreams = endpoint ? test : test.skip;

onRealStreams.each(['charge', 'invoice'] as const)(
  'the events of real streams yield the tables, in %s mode',
  async (transactionSource) => {
    const settings = { ...DEFAULT_SETTINGS, transactionSource, partialRefund: 'net' as const };
    const cases = fc.record({
      batches: histories(transactionSource).chain(deliveries),
      schedule: turns,
      personalData: fc.boolean(),
      order: fc.nat(),
    });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ batches, schedule, personalData, order }) => {
        await engine.clear();
        for (const reader of readers) await reader.news();
        const feed = { stack: 'test', personalData };
        const half = Math.ceil(batches.length / 2);
        // Two workers in parallel.
        await Promise.all([
          deliver(engine, settings, batches.slice(0, half)),
          deliver(engine, settings, batches.slice(half)),
        ]);
        const shards = await Promise.all(readers.map((reader) => reader.news()));
        const { customers, transactions } = await engine.items();
        const stored = {
          customers: customers.filter(({ customer_key }) => !String(customer_key).startsWith(MARK)),
          transactions: transactions.filter(({ transaction_id }) => !String(transaction_id).startsWith(MARK)),
        };
        const emitted = await runFeed(shards, feed, schedule);
        const some = [...stored.customers, ...stored.transactions].filter((_, i) => (order >> i) % 2 === 1);
        const events = [...emitted, ...emitted.slice(0, 5), ...some.map((row) => resent(row, feed))];
        expect(rowText(fold(shuffle(events, seeded(order))))).toBe(rowText(visibleRows(stored, feed)));
        count += emitted.length;
      }),
      { numRuns: RUNS / 2 },
    );
    expect(count).toBeGreaterThan(0);
  },
  120_000,
);
