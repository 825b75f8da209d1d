// The price of a million events, from the measured figures and prices.json.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { synthesizeTemplate } from '../test/support/stack/template.js';
import { accessLogBytes } from './access-log.js';
import type { Counts } from './counter.js';
import type { Figures } from './functions.js';
import { type Result, result, sum } from './measure.js';

const prices = JSON.parse(readFileSync(join(import.meta.dirname, 'prices.json'), 'utf8'));

/** Messages that one request deletes at most. */
const DELETED_AT_ONCE = 10;

/** Both sides have the same API in front of them. */
const accessLog = accessLogBytes(synthesizeTemplate());

const SQS = 'SQS: send, receive, delete';
const WRITES = 'DynamoDB, write units';
const READS = 'DynamoDB, read units';
const LOGS = 'CloudWatch Logs';
const METRICS = `CloudWatch metrics, at ${prices.assumed.eventsPerMonth / 1e6} million events a month`;

export interface Side {
  readonly ingest: Figures;
  readonly worker: Figures;
  readonly counts: Counts;
  /** The number of events in `counts`. */
  readonly counted: number;
  /** Events in an invocation of the worker. */
  readonly batchSize: number;
  /** Messages that a receive returns: ten, SQS's most, while a burst or a backlog lasts; one where events are rare. */
  readonly messagesPerReceive: number;
  /** Requests one after the other in an invocation of the worker: each waits for the network. */
  readonly workerRoundTrips: number;
}

/** Requests of the worker one after the other: a batch reads, writes, reads again, and sweeps where a link moved. */
export const ROUND_TRIPS_OF_A_BATCH = 10;

/**
 * How long an invocation takes on AWS: Lambda gives a function of 1,769 MB a whole core, and its share to one with less.
 *
 * @returns milliseconds
 */
export function durationOf(cpuMilliseconds: number, roundTrips: number): number {
  const { memoryGigabytes, roundTripMilliseconds } = prices.assumed;
  const share = (memoryGigabytes * 1024) / prices.lambdaMegabytesPerCore;
  return cpuMilliseconds / share + roundTrips * roundTripMilliseconds;
}

function gigabyteSeconds(cpuMilliseconds: number, roundTrips: number): number {
  return (durationOf(cpuMilliseconds, roundTrips) / 1000) * prices.assumed.memoryGigabytes;
}

/** Of the webhook, which API Gateway and ingest answer. */
function linesOf(side: Side): Map<string, number> {
  const { assumed } = prices;
  const invocations = 1 / side.batchSize;
  const used =
    gigabyteSeconds(side.ingest.cpu, 1) + gigabyteSeconds(side.worker.cpu, invocations * side.workerRoundTrips);
  const logBytes = side.ingest.logBytes + side.worker.logBytes + accessLog;
  return new Map([
    ['API Gateway, HTTP API', prices.httpApiPerMillion],
    ['Lambda, requests', (1 + invocations) * prices.lambdaRequestsPerMillion],
    ['Lambda, GB-seconds', used * prices.lambdaArmGigabyteSecond * 1e6],
    [SQS, (1 + 1 / side.messagesPerReceive + 1 / Math.min(DELETED_AT_ONCE, side.batchSize)) * prices.sqsPerMillion],
    [WRITES, (side.counts.written / side.counted) * prices.dynamodbWritesPerMillion],
    [READS, (side.counts.read / side.counted) * prices.dynamodbReadsPerMillion],
    [LOGS, (logBytes / 1e9) * 1e6 * prices.logsPerGigabyte],
    [METRICS, ((side.ingest.metrics + side.worker.metrics) * prices.metricPerMonth * 1e6) / assumed.eventsPerMonth],
  ]);
}

/** With Stripe's EventBridge destination there is no API Gateway and no ingest, and AWS does not charge for a rule's target in the same account. */
function linesByEventBridge(side: Side, eventBytes: number): Map<string, number> {
  const { assumed } = prices;
  const invocations = 1 / side.batchSize;
  const used = gigabyteSeconds(side.worker.cpu, invocations * side.workerRoundTrips);
  const webhook = linesOf(side);
  const chunks = Math.ceil(eventBytes / prices.eventBridgeChunkBytes);
  return new Map([
    ['EventBridge, partner events', chunks * prices.partnerEventsPerMillion],
    ['Lambda, requests', invocations * prices.lambdaRequestsPerMillion],
    ['Lambda, GB-seconds', used * prices.lambdaArmGigabyteSecond * 1e6],
    ...[SQS, WRITES, READS].map((name) => [name, webhook.get(name)!] as const),
    [LOGS, (side.worker.logBytes / 1e9) * 1e6 * prices.logsPerGigabyte],
    [METRICS, (side.worker.metrics * prices.metricPerMonth * 1e6) / assumed.eventsPerMonth],
  ]);
}

/** The most that a million events cost while few arrive, or without a window: each receive returns one message, and batches stay small. */
export function costsOfSmallBatches(side: Side, eventBytes: number): Result[] {
  const name = `in batches of ${side.batchSize}, each event received alone`;
  return [
    result({ name: `a million events ${name}`, unit: '$', ours: sum([...linesOf(side).values()]) }),
    result({
      name: `a million events by EventBridge ${name}`,
      unit: '$',
      ours: sum([...linesByEventBridge(side, eventBytes).values()]),
    }),
  ];
}

/** What a million events cost by the other way in, beside the webhook. @param eventBytes of an event, at most */
export function costsByEventBridge(side: Side, eventBytes: number): Result[] {
  const [bridge, webhook] = [linesByEventBridge(side, eventBytes), linesOf(side)];
  const lines = [...bridge].map(([name, ours]) => ({ name, ours, reference: webhook.get(name) ?? 0 }));
  const referenceName = 'the webhook';
  return [
    ...lines.map(({ name, ours, reference }) =>
      result({ name: `a million events by EventBridge: ${name}`, unit: '$', ours, reference, referenceName }),
    ),
    result({
      name: 'a million events by EventBridge, in all',
      unit: '$',
      ours: sum([...bridge.values()]),
      reference: sum([...webhook.values()]),
      referenceName,
      goal: { bound: '<=', value: 2.6, of: 'value' },
    }),
  ];
}

/** Each line, and the total. */
export function costs(ours: Side, textbook: Side): Result[] {
  const [own, other] = [linesOf(ours), linesOf(textbook)];
  const lines = [...own].map(([name, value]) => ({ name, ours: value, reference: other.get(name)! }));
  return [
    ...lines.map(({ name, ours: value, reference }) =>
      result({ name: `a million events: ${name}`, unit: '$', ours: value, reference, referenceName: 'textbook' }),
    ),
    result({
      name: 'a million events, in all',
      unit: '$',
      ours: sum([...own.values()]),
      reference: sum(lines.map(({ reference }) => reference)),
      referenceName: 'textbook',
      goal: { bound: '<=', value: 2.95, of: 'value' },
    }),
  ];
}
