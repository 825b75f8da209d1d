// Chaos: a business's history in both modes and both refund policies, out of order, a fifth of it sent twice, while ingest and
// worker are killed in turn at random moments, and the whole stack is stopped, or killed, and started again on its state. The sender behaves like
// Stripe: it repeats what was not answered with 2xx. A second worker receives messages that the first is still processing. In the
// end every row is that of the model, and the dead-letter queue is empty.
//
// npm run chaos -- --seed 1 --events 100000 --minutes 30

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { chunks } from '../../functions/store/requests.js';
import type { Event } from '../support/builders/history.js';
import { invoiceWorkload, seeded, shuffle, workload } from '../support/builders/workload.js';
import { expectedRows } from '../support/model/model.js';
import { type LocalStackUnderTest, startStack, until } from '../support/stack/local-stack.js';
import { startSecondWorker } from '../support/stack/second-worker.js';
import { sendAll } from '../support/stack/send.js';

const SEED = Number(process.env.CHAOS_SEED ?? 1);
const EVENTS = Number(process.env.CHAOS_EVENTS ?? 1_600);
/** With minutes: further seeds until they are over. */
const UNTIL = Date.now() + Number(process.env.CHAOS_MINUTES ?? 0) * 60_000;
/** Deliveries between one death and the next. */
const PORTION = 80;
/** From one recovery to the next portion, in milliseconds: no message must lose its worker five times in a row. */
const CALM = 1_500;
/** The most time from the second half of a portion to the worker's death, in milliseconds: the queue's window, and some more. */
const LATEST_DEATH = 2_500;
/** The same for ingest and the whole stack, which must die while requests are in flight. */
const IN_FLIGHT = 10;
type Victim = 'worker' | 'ingest' | 'stack';
/** Who dies in each portion, in turn. */
const VICTIMS: readonly Victim[] = ['worker', 'ingest', 'worker', 'stack'];

for (const transactionSource of ['charge', 'invoice'] as const) {
  for (const partialRefund of ['delete', 'net'] as const) {
    test(`${EVENTS / 4} events in ${transactionSource} mode, partialRefund ${partialRefund}, seed ${SEED}`, async () => {
      await chaos(SEED, transactionSource, partialRefund);
    }, 3_600_000);
  }
}

test('further seeds, for CHAOS_MINUTES', async () => {
  const modes = [
    ['charge', 'delete'],
    ['charge', 'net'],
    ['invoice', 'delete'],
    ['invoice', 'net'],
  ] as const;
  for (let seed = SEED + 1; Date.now() < UNTIL; seed++) {
    const [transactionSource, partialRefund] = modes[seed % modes.length]!;
    await chaos(seed, transactionSource, partialRefund);
  }
}, 36_000_000);

async function chaos(seed: number, transactionSource: 'charge' | 'invoice', partialRefund: 'delete' | 'net') {
  const random = seeded(seed);
  const make = transactionSource === 'charge' ? workload : invoiceWorkload;
  const history = make({ seed, customers: Math.ceil(EVENTS / 4 / 5), duplicates: 0 }).slice(0, EVENTS / 4);
  const again = history.filter(() => random() < 0.2);
  // Half of it shuffled, half nearly in order.
  const deliveries = [
    ...shuffle(history.slice(0, history.length / 2), random),
    ...history.slice(history.length / 2),
    ...shuffle(again, random),
  ];

  const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
  const port = 20_000 + Math.floor(random() * 20_000);
  const start = () =>
    startStack({
      folder,
      port,
      args: ['--transaction-source', transactionSource, '--partial-refund', partialRefund, '--quiet'],
    });
  let stack: LocalStackUnderTest = await start();
  const counts = { sent: 0, retried: 0, worker: 0, ingest: 0, stopped: 0, killed: 0 };
  let alive = true;
  const second = startSecondWorker(() => (alive ? stack.currentFile() : undefined));
  const end = async (victim: Victim) => {
    if (victim === 'stack') {
      // A stop drains the queue, which takes up to a minute; a kill takes no time.
      const kill = random() < 0.75;
      alive = false;
      await stack.stop(kill ? 'SIGKILL' : 'SIGTERM');
      counts[kill ? 'killed' : 'stopped']++;
      stack = await start();
      alive = true;
    } else {
      const pid = stack.currentFile().pids[victim]!;
      process.kill(pid, 'SIGKILL');
      counts[victim]++;
      await until(() => stack.currentFile().pids[victim] !== pid, 60_000);
    }
  };
  const post = async (event: Event) => {
    const answer = await stack.post(event);
    if (answer.status === 200) counts.sent++;
    return answer;
  };
  const portions = chunks(deliveries, PORTION);
  for (const [i, portion] of portions.entries()) {
    const victim = VICTIMS[i % VICTIMS.length]!;
    const half = Math.ceil(portion.length / 2);
    await sendAll(post, portion.slice(0, half), 20);
    const sending = sendAll(post, portion.slice(half), 20);
    await sleep(random() * (victim === 'worker' ? LATEST_DEATH : IN_FLIGHT));
    await end(victim);
    counts.retried += (await sending).retried;
    await sleep(CALM);
  }
  await second.stop();
  await stack.settled();
  const rows = await stack.rows();
  const dead = await stack.deadLetters();
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write(
    `chaos: seed ${seed}, ${transactionSource} ${partialRefund}: ${JSON.stringify({ ...counts, twice: second.taken })}, ${rows.transactions.length} transactions, ${dead.length} dead letters\n`,
  );
  expect(dead).toEqual([]);
  expect(rows).toEqual(expectedRows(history, { transactionSource, partialRefund }));
  expect(counts.sent).toBe(deliveries.length);
  expect(counts.retried).toBeGreaterThan(0);
  expect(second.taken).toBeGreaterThan(0);
}
