// The price of a million events, from the measured figures and prices.json.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Counts } from './counter.js';
import type { Figures } from './functions.js';
import { type Result, result } from './measure.js';

const prices = JSON.parse(readFileSync(join(import.meta.dirname, 'prices.json'), 'utf8'));

export interface Side {
  readonly ingest: Figures;
  readonly worker: Figures;
  readonly counts: Counts;
  /** The number of events in `counts`. */
  readonly counted: number;
  /** Events in an invocation of the worker. */
  readonly batchSize: number;
  /** Requests one after the other in an invocation of the worker: each waits for the network. */
  readonly workerRoundTrips: number;
}

function linesOf(side: Side): Map<string, number> {
  const { assumed } = prices;
  const gigabyteSeconds = (milliseconds: number) => (milliseconds / 1000) * assumed.memoryGigabytes;
  const invocations = 1 / side.batchSize;
  const ingestTime = side.ingest.wall + assumed.roundTripMilliseconds;
  const workerTime = side.worker.wall + invocations * side.workerRoundTrips * assumed.roundTripMilliseconds;
  const logBytes =
    side.ingest.logBytes +
    side.worker.logBytes +
    assumed.accessLogBytes +
    (1 + invocations) * assumed.platformLogBytesPerInvocation;
  return new Map([
    ['API Gateway, HTTP API', prices.httpApiPerMillion],
    ['Lambda, requests', (1 + invocations) * prices.lambdaRequestsPerMillion],
    ['Lambda, GB-seconds', gigabyteSeconds(ingestTime + workerTime) * prices.lambdaArmGigabyteSecond * 1e6],
    ['SQS: send, receive, delete', (1 + 2 / assumed.messagesPerReceive) * prices.sqsPerMillion],
    ['DynamoDB, write units', (side.counts.written / side.counted) * prices.dynamodbWritesPerMillion],
    ['DynamoDB, read units', (side.counts.read / side.counted) * prices.dynamodbReadsPerMillion],
    ['CloudWatch Logs', (logBytes / 1e9) * 1e6 * prices.logsPerGigabyte],
    [
      `CloudWatch metrics, at ${assumed.eventsPerMonth / 1e6} million events a month`,
      ((side.ingest.metrics + side.worker.metrics) * prices.metricPerMonth * 1e6) / assumed.eventsPerMonth,
    ],
  ]);
}

/** Each line, and the total. */
export function costs(ours: Side, textbook: Side): Result[] {
  const [own, other] = [linesOf(ours), linesOf(textbook)];
  const lines = [...own].map(([name, value]) => ({ name, ours: value, reference: other.get(name)! }));
  const total = (side: 'ours' | 'reference') => lines.reduce((sum, line) => sum + line[side], 0);
  return [
    ...lines.map(({ name, ours: value, reference }) =>
      result({ name: `a million events: ${name}`, unit: '$', ours: value, reference, referenceName: 'textbook' }),
    ),
    result({
      name: 'a million events, in all',
      unit: '$',
      ours: total('ours'),
      reference: total('reference'),
      referenceName: 'textbook',
      goal: { bound: '<=', value: 3, of: 'value' },
    }),
  ];
}
