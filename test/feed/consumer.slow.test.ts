// examples/feed-consumer keeps the right table, whatever the order of the events and however often each arrives.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import { bundle } from '../../lib/bundling/bundle.js';
import { createTable } from '../../local/tables.js';
import { deliver } from '../support/builders/history.js';
import { seeded, shuffle, workload } from '../support/builders/workload.js';
import { type Engine, startEngine } from '../support/emulators/engine.js';
import { engineWithStreams, runFeed } from '../support/schedules/feed.js';

const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
let dynamodb: Engine;
beforeAll(async () => {
  dynamodb = await startEngine();
  await bundle(join(__dirname, '..', '..', 'examples', 'feed-consumer', 'consumer.ts'), folder);
});
afterAll(async () => {
  await dynamodb.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Invokes the consumer with each batch, several in parallel, in a process as Lambda would. */
const RUN = `
const { handler } = await import(process.argv[1]);
let text = '';
for await (const chunk of process.stdin) text += chunk;
const answers = await Promise.all(JSON.parse(text).map((Records) => handler({ Records })));
process.stdout.write(JSON.stringify(answers.flatMap(({ batchItemFailures }) => batchItemFailures)));
`;

test('the consumer’s table is what the transactions say', async () => {
  const { engine, shards } = engineWithStreams();
  const history = workload({ seed: 7, customers: 12 });
  for (let i = 0; i < history.length; i += 9)
    await deliver(engine, { ...DEFAULT_SETTINGS, partialRefund: 'net' }, [history.slice(i, i + 9)]);
  const events = (await runFeed(shards, { stack: 'test', personalData: false }, [])).filter((event) =>
    event['detail-type'].startsWith('transaction.'),
  );
  const delivered = shuffle([...events, ...events.slice(0, 40)], seeded(3)).map((event, i) => ({
    messageId: String(i),
    body: JSON.stringify(event),
  }));
  const batches = Array.from({ length: Math.ceil(delivered.length / 10) }, (_, i) =>
    delivered.slice(i * 10, i * 10 + 10),
  );
  const client = new DynamoDBClient({
    endpoint: dynamodb.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const table = `payments-${process.pid}`;
  await createTable(client, table, {
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  const consumer = spawn(process.execPath, ['--input-type=module', '-e', RUN, join(folder, 'index.mjs')], {
    env: {
      PATH: process.env.PATH,
      PAYMENTS_TABLE: table,
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
  });
  let output = '';
  for (const stream of [consumer.stdout, consumer.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  consumer.stdin.end(JSON.stringify(batches));
  await once(consumer, 'close');
  expect(output).toBe('[]');
  const { Items = [] } = await DynamoDBDocumentClient.from(client).send(
    new ScanCommand({ TableName: table, ConsistentRead: true }),
  );
  const expected = engine.rows().transactions.map((row) => ({
    id: row.transaction_id,
    customer: row.customer_key ?? row.deleted_customer_key,
    paid: row.amount_net,
    currency: row.currency,
    isRefunded: row.status === 'deleted',
  }));
  expect(expected.length).toBeGreaterThan(20);
  expect(new Set(expected.map(({ isRefunded }) => isRefunded))).toEqual(new Set([true, false]));
  const byId = (a: { id?: unknown }, b: { id?: unknown }) => (String(a.id) < String(b.id) ? -1 : 1);
  expect(Items.map(({ sequence: _, stack: __, ...item }) => item).sort(byId)).toEqual(
    JSON.parse(JSON.stringify(expected.sort(byId))),
  );
  client.destroy();
}, 60_000);
