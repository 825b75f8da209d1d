// What the SDK's retry quota does while DynamoDB throttles, measured at the wire: a batch ends after a known number of requests, and
// the queue retries it. See docs/decisions/retries.md.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTable } from '../../local/tables.js';
import { charge, event } from '../support/builders/events.js';
import { runFunction } from '../support/stack/run-function.js';
import { tableDefinitions } from '../support/stack/tables.js';
import { startWiring, type Wiring } from '../support/stack/wiring.js';

/** 500 tokens, 5 for each retry of a throttled request. */
const RETRIES = 100;
const EVENTS = 100;

let wiring: Wiring;
let endpoint: string;
let requests: string[] = [];
let throttled = /./;
beforeAll(async () => {
  wiring = await startWiring('whsec_test', ({ target, caller }) => {
    if (caller !== 'worker') return undefined;
    requests.push(target);
    return throttled.test(target) ? 'ProvisionedThroughputExceededException' : undefined;
  });
  endpoint = wiring.args[wiring.args.indexOf('--dynamodb') + 1]!;
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const definitions = await tableDefinitions();
  for (const name of ['customers', 'transactions', 'links'] as const)
    await createTable(client, name, definitions[name]);
  client.destroy();
}, 60_000);
afterAll(() => wiring.stop());

async function work() {
  requests = [];
  const { result } = await runFunction(
    'worker',
    {
      CUSTOMERS_TABLE: 'customers',
      TRANSACTIONS_TABLE: 'transactions',
      LINKS_TABLE: 'links',
      DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1:1/dead-letters',
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    },
    {
      Records: Array.from({ length: EVENTS }, (_, i) => ({
        messageId: `message-${i}`,
        body: JSON.stringify(event('charge.succeeded', charge({ id: `ch_${i}`, customer: null }))),
      })),
    },
  );
  return (result as { batchItemFailures: unknown[] }).batchItemFailures.length;
}

test.each([
  // The batched reads come first, and a batch that cannot read them writes nothing.
  ['every request', /./, 1],
  ['every write', /\.PutItem$/, EVENTS],
])(
  'a batch ends after a hundred retries in all when %s is throttled',
  async (what, pattern, atLeast) => {
    throttled = pattern;
    expect(await work()).toBe(EVENTS);
    const refused = requests.filter((target) => pattern.test(target)).length;
    expect(refused).toBeGreaterThanOrEqual(atLeast);
    expect(refused).toBeLessThanOrEqual(EVENTS + RETRIES);
    process.stdout.write(`retry quota: ${what} throttled, ${refused} throttled requests for ${EVENTS} events\n`);
  },
  60_000,
);
