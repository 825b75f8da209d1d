// The feed's bundle, run as Lambda would run it, against a bus on HTTP: what it answers, prints and costs.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FEED_METRICS } from '../../contract/metrics.js';
import { createEventBus, createEventBusServer } from '../../local/event-bus.js';
import { close, listen } from '../../local/servers.js';
import { runFunction } from '../support/stack/run-function.js';

const refused = new Set<string>();
const bus = createEventBus(({ Detail }) => (refused.has(JSON.parse(Detail!).id) ? 'ThrottlingException' : undefined));
const server = createEventBusServer(bus);
let environment: Record<string, string>;
beforeAll(async () => {
  const port = await listen(server, 0);
  environment = {
    AWS_ENDPOINT_URL_EVENTBRIDGE: `http://127.0.0.1:${port}`,
    EVENT_BUS: 'arn:aws:events:us-east-1:000000000000:event-bus/local',
    STACK: 'test/Sync',
    PERSONAL_DATA: 'false',
  };
});
afterAll(() => close(server));

const row = (i: number, revision: number) => ({
  transaction_id: `ch_3PkXyzAbCdEfGh01${i}`,
  status: 'recorded',
  source: 'charge',
  amount: 2000,
  amount_refunded: 0,
  amount_net: 2000,
  currency: 'usd',
  livemode: true,
  event_id: `evt_3PkXyzAbCdEfGh01${i}`,
  event_type: 'charge.succeeded',
  version: '001750000000#0#evt_3PkXyzAbCdEfGh010',
  _revision: revision,
});
const record = (i: number, OldImage?: object) => ({
  eventName: 'INSERT',
  dynamodb: {
    SequenceNumber: `${1000 + i}`,
    ApproximateCreationDateTime: 1_750_000_000,
    ...(OldImage ? { OldImage } : {}),
    NewImage: marshall(row(i, 2)),
  },
});
const TEN = Array.from({ length: 10 }, (_, i) => record(i));

test('sends what changed, and says what a million events cost', async () => {
  const { result, lines } = await runFunction('feed', environment, { Records: TEN });
  expect(result).toEqual({ batchItemFailures: [] });
  expect(bus.recent().map(({ detail }) => detail.id)).toEqual(TEN.map((_, i) => row(i, 2).transaction_id));
  const printed = lines.map((line) => JSON.parse(line));
  expect(printed.filter(({ outcome }) => outcome === 'sent')).toHaveLength(10);
  expect(printed[0]).toMatchObject({
    service: 'feed',
    outcome: 'sent',
    detail_type: 'transaction.recorded',
    object_id: row(0, 2).transaction_id,
    event_id: row(0, 2).event_id,
    sequence: 2,
  });

  const prices = JSON.parse(readFileSync(join(__dirname, '..', '..', 'bench', 'prices.json'), 'utf8'));
  const { assumed } = prices;
  expect(TEN).toHaveLength(assumed.changesPerInvocation);
  const invocations = 1 / assumed.changesPerInvocation;
  const logBytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0) * invocations;
  const seconds = (invocations * assumed.roundTripMilliseconds) / 1000;
  const page = readFileSync(join(__dirname, '..', '..', 'docs', 'change-feed.md'), 'utf8');
  const stated = (part: string) => {
    const [, amount] = new RegExp(`^\\| ${part}[^|]* \\| \\$(\\d+\\.\\d\\d) \\|$`, 'm').exec(page)!;
    return Number(amount);
  };
  // To a cent: a log line has a few bytes more or less from run to run.
  expect(stated('EventBridge')).toBeCloseTo(prices.eventBridgeCustomPerMillion, 2);
  expect(stated('Lambda, requests')).toBeCloseTo(prices.lambdaRequestsPerMillion * invocations, 2);
  expect(stated('Lambda, GB-seconds')).toBeCloseTo(
    seconds * assumed.memoryGigabytes * prices.lambdaArmGigabyteSecond * 1e6,
    2,
  );
  expect(stated('CloudWatch Logs')).toBeCloseTo((logBytes / 1e9) * 1e6 * prices.logsPerGigabyte, 1);
}, 30_000);

test('gives back from the first record that failed on, and emits every metric that is watched', async () => {
  refused.add(row(3, 2).transaction_id);
  const invisible = { ...record(0, marshall(row(0, 1))) };
  const { result, lines } = await runFunction('feed', environment, { Records: [invisible, ...TEN.slice(1)] });
  expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: '1003' }] });
  const printed = lines.map((line) => JSON.parse(line));
  expect(printed.filter(({ level }) => level === 'ERROR').map(({ reason }) => reason)).toEqual([
    'ThrottlingException',
    ...Array(6).fill('after_a_failure'),
  ]);
  const counts = Object.assign({}, ...printed.filter(({ _aws }) => _aws));
  expect(counts).toMatchObject({
    [FEED_METRICS.sent]: [1, 1],
    [FEED_METRICS.invisible]: 1,
    [FEED_METRICS.failed]: Array(7).fill(1),
  });
}, 30_000);
