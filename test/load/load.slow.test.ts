// Load: a burst of ten times the steady rate, then steady again, while the signing secret is rolled. No valid event is refused, the
// backlog drains, and a revoked secret is refused within the time that a list of secrets is used.
//
// npm run load -- --seconds 60 --rate 40     the length of the burst, and the steady rate in events a second

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { targetOfStackFile } from '../../cli/target.js';
import { FRESH_MILLISECONDS } from '../../functions/ingest/signing-secrets.js';
import type { Event } from '../support/builders/history.js';
import { sign } from '../support/builders/sign.js';
import { workload } from '../support/builders/workload.js';
import { expectedRows } from '../support/model/model.js';
import { type LocalStackUnderTest, startStack } from '../support/stack/local-stack.js';

const SECONDS = Number(process.env.LOAD_SECONDS ?? 6);
const RATE = Number(process.env.LOAD_RATE ?? 10);
const BURST = 10;
const NEW_SECRET = 'whsec_rolled_in';

let stack: LocalStackUnderTest;
beforeAll(async () => {
  stack = await startStack({ args: ['--quiet'] });
}, 60_000);
afterAll(() => stack?.stop());

interface Sent {
  readonly status: number;
  /** Milliseconds. */
  readonly duration: number;
}

test(`a burst of ${BURST * RATE} events a second for ${SECONDS} s, then ${RATE} a second, while a secret is rolled`, async () => {
  const total = RATE * BURST * SECONDS + 2 * RATE * (FRESH_MILLISECONDS / 1000 + 10);
  const history = workload({ seed: 7, customers: Math.ceil(total / 8), duplicates: 0 });
  expect(history.length).toBeGreaterThan(total);
  const old = stack.file.signingSecrets[0]!;
  const target = targetOfStackFile(stack.file);
  const sent: Sent[] = [];
  const used: Event[] = [];
  // While a secret is rolled, Stripe signs with both.
  let secrets: readonly string[] = [old];
  const post = async (event: Event) => {
    const body = JSON.stringify(event);
    const [first, ...others] = secrets.map((secret) => sign(body, secret));
    const signature = [first, ...others.map((each) => each.split(',')[1])].join(',');
    const begin = performance.now();
    const { status } = await stack.post(body, { signature });
    sent.push({ status, duration: performance.now() - begin });
  };
  const send = async (rate: number, seconds: number) => {
    const begin = Date.now();
    const posts: Promise<void>[] = [];
    for (let i = 0; i < rate * seconds; i++) {
      const due = begin + (i / rate) * 1000;
      if (due > Date.now()) await new Promise((resolve) => setTimeout(resolve, due - Date.now()));
      const event = history[used.length]!;
      used.push(event);
      posts.push(post(event));
    }
    await Promise.all(posts);
  };

  // In the middle of the burst the new secret is stored in addition to the old one, and Stripe begins to sign with both.
  const roll = (async () => {
    await new Promise((resolve) => setTimeout(resolve, (SECONDS * 1000) / 2));
    await target.signingSecrets.write([NEW_SECRET, old]);
    secrets = [old, NEW_SECRET];
  })();
  const burstBegin = Date.now();
  await send(RATE * BURST, SECONDS);
  await roll;
  const burst = sent.length;
  const burstSeconds = (Date.now() - burstBegin) / 1000;

  // Stripe signs with both for as long as the old one is to live: no less than every instance needs to hear of the new one.
  await send(RATE, FRESH_MILLISECONDS / 1000 + 2);
  // Then the old one is revoked; who still has it tries, each second.
  await target.signingSecrets.write([NEW_SECRET]);
  secrets = [NEW_SECRET];
  const revokedAt = Date.now();
  let lastTaken = 0;
  let refused = 0;
  let watching = true;
  const intruder = (async () => {
    while (watching) {
      const body = JSON.stringify({ ...history[0], id: 'evt_intruder', type: 'payout.paid' });
      const { status } = await stack.post(body, { signature: sign(body, old) });
      if (status === 200) lastTaken = Date.now() - revokedAt;
      else refused++;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  })();
  await send(RATE, FRESH_MILLISECONDS / 1000 + 5);
  watching = false;
  await intruder;
  const drainBegin = Date.now();
  await stack.settled();

  const durations = sent.slice(0, burst).map(({ duration }) => duration);
  durations.sort((a, b) => a - b);
  const percentile = (share: number) =>
    durations[Math.min(durations.length - 1, Math.floor(share * durations.length))]!;
  const refusals = sent.filter(({ status }) => status !== 200).length;
  process.stdout.write(
    `load: ${burst} events in ${burstSeconds.toFixed(1)} s, then ${sent.length - burst} at ${RATE} a second: ${refusals} refused; ingest p50 ${percentile(0.5).toFixed(0)} ms, p99 ${percentile(0.99).toFixed(0)} ms in the burst; drained ${((Date.now() - drainBegin) / 1000).toFixed(1)} s after the last; the revoked secret was last taken after ${(lastTaken / 1000).toFixed(0)} s, then refused ${refused} times\n`,
  );
  expect(refusals).toBe(0);
  expect(refused).toBeGreaterThan(0);
  expect(lastTaken).toBeLessThanOrEqual(FRESH_MILLISECONDS + 1500);
  expect(await stack.deadLetters()).toEqual([]);
  expect(await stack.rows()).toEqual(expectedRows(used, { transactionSource: 'charge', partialRefund: 'delete' }));
  target.close();
}, 900_000);
