// The whole stack on this machine: from HTTP through the queue to the rows.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { parseLogLine } from '../contract/log-line.js';
import { countMessages } from '../local/count-messages.js';
import { standardMix } from './events.js';
import { eachOf, percentile, type Result, result, sleep } from './measure.js';
import { AT_ONCE, post, type SignedEvent, signAll } from './sender.js';
import { AWS, type RunningStack, startStack } from './stack.js';

/** One burst of events, between two runs of the engine alone. */
interface Round {
  /** Events a second that reach their rows, and that are accepted. */
  readonly applied: number;
  readonly accepted: number;
  /** Conditional writes a second of the engine alone, just before and just after. */
  readonly engine: number;
}

/**
 * Bursts and the engine alone take turns, because a machine's speed changes from one second to the next. The round with the median
 * ratio counts.
 *
 * @param events of a burst, about
 * @param rounds that count
 */
export async function endToEnd(events: number, rounds: number): Promise<Result[]> {
  const stack = await startStack();
  const { file } = stack;
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ ...AWS, endpoint: file.dynamodbEndpoint }));
  const sqs = new SQSClient({ ...AWS, endpoint: file.sqsEndpoint });
  const settled = () => emptied(sqs, file.queueUrl);
  const engine = () => engineAlone(client, file.tables.transactions, events);
  try {
    const measured: Round[] = [];
    for (let before = await engine(), i = 0; i <= rounds; i++) {
      const burst = await measureBurst(stack, signAll(file, standardMix(100 + i, events)), settled);
      const after = await engine();
      measured.push({ ...burst, engine: (before + after) / 2 });
      before = after;
    }
    const ratio = (round: Round) => round.applied / round.engine;
    // The first round warms both sides up.
    const counting = measured.slice(1).sort((a, b) => ratio(a) - ratio(b));
    const typical = counting[Math.floor(rounds / 2)]!;
    return [
      result({
        name: 'end to end: HTTP to rows',
        unit: 'events/s',
        ours: typical.applied,
        reference: typical.engine,
        referenceName: 'conditional updates of the engine alone',
        goal: { bound: '>=', value: 0.6 },
      }),
      result({ name: 'end to end: accepted', unit: 'events/s', ours: typical.accepted }),
    ];
  } finally {
    client.destroy();
    sqs.destroy();
    await stack.remove();
  }
}

async function emptied(sqs: SQSClient, queueUrl: string) {
  while ((await countMessages(sqs, queueUrl)) > 0) await sleep(20);
}

async function measureBurst(stack: RunningStack, signed: readonly SignedEvent[], settled: () => Promise<void>) {
  const acceptedAt: number[] = [];
  const begin = Date.now();
  await eachOf(signed, AT_ONCE, async (event) => acceptedAt.push(await post(stack.file, event)));
  await settled();
  const appliedAt = [...appliedTimes(stack)].map(([, at]) => at).filter((at) => at >= begin);
  return { applied: steadyRate(appliedAt), accepted: steadyRate(acceptedAt) };
}

/** From request to row, with the queue's window of two seconds and without one. @param rates events a second @param seconds for which each is held */
export async function latencies(rates: readonly number[], seconds: number): Promise<Result[]> {
  const results: Result[] = [];
  for (const window of [2, 0]) {
    const stack = await startStack(['--batch-window', String(window)]);
    const sqs = new SQSClient({ ...AWS, endpoint: stack.file.sqsEndpoint });
    const settled = () => emptied(sqs, stack.file.queueUrl);
    try {
      // Warms the stack up, in proportion to what is measured.
      await eachOf(signAll(stack.file, standardMix(3, 15 * seconds)), AT_ONCE, (event) => post(stack.file, event));
      await settled();
      for (const [i, rate] of rates.entries()) {
        const events = standardMix(10 + i, rate * seconds + 100).slice(0, rate * seconds);
        const measured = await latencyAt(stack, signAll(stack.file, events), rate, settled);
        for (const share of [50, 99])
          results.push(
            result({
              name: `request to row, p${share}, ${rate} events/s, ${window === 0 ? 'no window' : `a window of ${window} s`}`,
              unit: 'ms',
              ours: percentile(measured, share),
            }),
          );
      }
    } finally {
      sqs.destroy();
      await stack.remove();
    }
  }
  return results;
}

/** Conditional writes per second, of rows as large as a transaction's, by a client that does nothing else. */
async function engineAlone(client: DynamoDBDocumentClient, table: string, rows: number): Promise<number> {
  const run = Math.random().toString(36).slice(2);
  const begin = performance.now();
  await eachOf(
    Array.from({ length: rows }, (_, i) => i),
    AT_ONCE,
    (i) =>
      client.send(
        new PutCommand({
          TableName: table,
          Item: {
            transaction_id: `ch_${run}_${i}`,
            status: 'recorded',
            source: 'charge',
            amount: 2000,
            amount_refunded: 0,
            amount_net: 2000,
            currency: 'usd',
            captured: true,
            created: 1_750_000_000,
            stripe_customer_id: `cus_${run}_${i % 1000}`,
            product_key: 'gold',
            payment_intent_id: `pi_${run}_${i}`,
            livemode: false,
            event_id: `evt_${run}_${i}`,
            event_type: 'charge.succeeded',
            version: `001750000000#0#evt_${run}_${i}`,
          },
          ConditionExpression: 'attribute_not_exists(transaction_id) OR #version < :version',
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':version': `001750000000#0#evt_${run}_${i}` },
        }),
      ),
  );
  return rows / ((performance.now() - begin) / 1000);
}

/** Milliseconds from each request to the worker's log line about its event. */
async function latencyAt(
  stack: RunningStack,
  events: readonly SignedEvent[],
  rate: number,
  settled: () => Promise<void>,
) {
  const sentAt = new Map<string, number>();
  const begin = Date.now();
  const posts: Promise<unknown>[] = [];
  for (const [i, event] of events.entries()) {
    const due = begin + (i / rate) * 1000;
    if (due > Date.now()) await sleep(due - Date.now());
    if (!sentAt.has(event.id)) sentAt.set(event.id, Date.now());
    posts.push(post(stack.file, event));
  }
  await Promise.all(posts);
  await settled();
  const latencies = [...appliedTimes(stack)].flatMap(([id, at]) => {
    const sent = sentAt.get(id);
    return sent === undefined ? [] : [at - sent];
  });
  if (latencies.length === 0) throw new Error('the worker logged no event');
  return latencies;
}

/** When the worker first logged each event, in milliseconds. */
function appliedTimes({ folder }: RunningStack): Map<string, number> {
  const times = new Map<string, number>();
  for (const text of readFileSync(join(folder, '.local', 'functions.log'), 'utf8').split('\n')) {
    const line = parseLogLine(text) as { service?: string; event_id?: string; timestamp?: string } | undefined;
    if (line?.service !== 'worker' || line.event_id === undefined || times.has(line.event_id)) continue;
    times.set(line.event_id, Date.parse(line.timestamp!));
  }
  return times;
}

/** Per second, without the first and last 5 %, in which the queue fills and drains. */
function steadyRate(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const [from, to] = [Math.floor(sorted.length * 0.05), Math.floor(sorted.length * 0.95)];
  return (to - from) / ((sorted[to]! - sorted[from]!) / 1000);
}
