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

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test(`a burst of ${BURST * RATE} events a second for ${SECONDS} s, then ${RATE} a second, while a secret is rolled`, async () => {
  const total = RATE * BURST * SECONDS + 2 * RATE * (FRESH_MILLISECONDS / 1000 + 10);
  const history = workload({ seed: 7, customers: Math.ceil(total / 8), duplicates: 0 });
  expect(history.length).toBeGreaterThan(total);
  const old = stack.file.signingSecrets[0]!;
  const target = targetOfStackFile(stack.file);
  const stripe = createSender(history, old);

  // In the middle of the burst the new secret is stored in addition to the old one, and Stripe begins to sign with both.
  const roll = (async () => {
    await pause((SECONDS * 1000) / 2);
    await target.signingSecrets.write([NEW_SECRET, old]);
    stripe.secrets = [old, NEW_SECRET];
  })();
  const burstBegin = Date.now();
  await stripe.send(RATE * BURST, SECONDS);
  await roll;
  const burst = { events: stripe.sent.length, seconds: (Date.now() - burstBegin) / 1000 };

  // Stripe signs with both for as long as the old one is to live: no less than every instance needs to hear of the new one.
  await stripe.send(RATE, FRESH_MILLISECONDS / 1000 + 2);
  // Then the old one is revoked; who still has it tries, each second.
  await target.signingSecrets.write([NEW_SECRET]);
  stripe.secrets = [NEW_SECRET];
  const intruder = startIntruder(history[0]!, old);
  await stripe.send(RATE, FRESH_MILLISECONDS / 1000 + 5);
  const { lastTaken, refused } = await intruder.stop();
  const drainBegin = Date.now();
  await stack.settled();
  const drained = Date.now() - drainBegin;

  const refusals = stripe.sent.filter(({ status }) => status !== 200).length;
  const percentile = percentilesOf(stripe.sent.slice(0, burst.events).map(({ duration }) => duration));
  process.stdout.write(
    `load: ${burst.events} events in ${burst.seconds.toFixed(1)} s, then ${stripe.sent.length - burst.events} at ${RATE} a second: ${refusals} refused; ingest p50 ${percentile(0.5).toFixed(0)} ms, p99 ${percentile(0.99).toFixed(0)} ms in the burst; drained ${(drained / 1000).toFixed(1)} s after the last; the revoked secret was last taken after ${(lastTaken / 1000).toFixed(0)} s, then refused ${refused} times\n`,
  );
  expect(refusals).toBe(0);
  expect(refused).toBeGreaterThan(0);
  expect(lastTaken).toBeLessThanOrEqual(FRESH_MILLISECONDS + 1500);
  expect(await stack.deadLetters()).toEqual([]);
  expect(await stack.rows()).toEqual(
    expectedRows(history.slice(0, stripe.sent.length), { transactionSource: 'charge', partialRefund: 'delete' }),
  );
  target.close();
}, 900_000);

interface Sender {
  /** Each event is signed with all of these: while a secret is rolled, Stripe signs with both. */
  secrets: readonly string[];
  /** What was answered, in the order of the answers; the duration is in milliseconds. */
  readonly sent: readonly { readonly status: number; readonly duration: number }[];
  /** Sends the next events of the history at that rate, and waits for the answers. */
  send(eventsPerSecond: number, seconds: number): Promise<void>;
}

function createSender(history: readonly Event[], secret: string): Sender {
  const sent: { status: number; duration: number }[] = [];
  let used = 0;
  const post = async (event: Event) => {
    const body = JSON.stringify(event);
    const [first, ...others] = sender.secrets.map((each) => sign(body, each));
    const signature = [first, ...others.map((each) => each.split(',')[1])].join(',');
    const begin = performance.now();
    const { status } = await stack.post(body, { signature });
    sent.push({ status, duration: performance.now() - begin });
  };
  const sender: Sender = {
    secrets: [secret],
    sent,
    async send(eventsPerSecond, seconds) {
      const begin = Date.now();
      const posts: Promise<void>[] = [];
      for (let i = 0; i < eventsPerSecond * seconds; i++) {
        const due = begin + (i / eventsPerSecond) * 1000;
        if (due > Date.now()) await pause(due - Date.now());
        posts.push(post(history[used++]!));
      }
      await Promise.all(posts);
    },
  };
  return sender;
}

/** Posts an event signed with a revoked secret, each second. */
function startIntruder(event: Event, secret: string) {
  const revokedAt = Date.now();
  const found = { /** Milliseconds after the secret was revoked. */ lastTaken: 0, refused: 0 };
  let watching = true;
  const watch = (async () => {
    while (watching) {
      const body = JSON.stringify({ ...event, id: 'evt_intruder', type: 'payout.paid' });
      const { status } = await stack.post(body, { signature: sign(body, secret) });
      if (status === 200) found.lastTaken = Date.now() - revokedAt;
      else found.refused++;
      await pause(1000);
    }
  })();
  return {
    async stop() {
      watching = false;
      await watch;
      return found;
    },
  };
}

function percentilesOf(durations: readonly number[]): (share: number) => number {
  const sorted = durations.toSorted((a, b) => a - b);
  return (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}
