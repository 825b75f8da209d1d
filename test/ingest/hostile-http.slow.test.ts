// Hostile requests over real HTTP, with wrong content types, encodings and methods. There must be no 200 without a valid signature, no
// 5xx, and no part of the input in a response, in the output or in the log. What was queued is applied, ignored, or moves whole to the
// dead-letter queue.
//
// HOSTILE_HTTP_RUNS=20000 SLOW_TESTS=1 npx jest hostile-http

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { charge, event } from '../support/builders/events.js';
import { hostileRequests, MARK } from '../support/builders/hostile-input.js';
import { seeded } from '../support/builders/workload.js';
import { type LocalStackUnderTest, startStack } from '../support/stack/local-stack.js';

const RUNS = Number(process.env.HOSTILE_HTTP_RUNS ?? 1_500);
const SEED = Number(process.env.HOSTILE_SEED ?? 1);
const CONTENT_TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'image/png',
  undefined,
];

let folder: string;
let stack: LocalStackUnderTest;
const agent = new Agent({ keepAlive: true, maxSockets: 16 });
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hostile-'));
  stack = await startStack({ folder });
}, 60_000);
afterAll(async () => {
  agent.destroy();
  await stack?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

type Headers = Record<string, string>;

/** @returns status 0 where the connection was closed without an answer */
function send(method: string, headers: Headers, body: string | Buffer) {
  return new Promise<{ status: number; body: string }>((resolve) => {
    const { hostname, port, pathname } = new URL(stack.file.webhookUrl);
    const sent = request({ agent, hostname, port, path: pathname, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode!, body: text }));
    });
    sent.on('error', () => resolve({ status: 0, body: '' }));
    sent.end(body);
  });
}

test(`${RUNS} hostile requests over HTTP`, async () => {
  const random = seeded(SEED);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const next = hostileRequests(random, stack.file.signingSecrets[0]!, 'charge');
  const counts = new Map<string, number>();
  const one = async () => {
    const { body, signature, isSigned } = next();
    const type = pick(CONTENT_TYPES);
    const method = random() < 0.97 ? 'POST' : pick(['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);
    const large = random() < 0.002 ? 'x'.repeat(7 * 1024 * 1024) : '';
    const headers: Headers = {
      'content-length': String(Buffer.byteLength(body) + large.length),
      ...(type ? { 'content-type': type } : {}),
      // A header can only contain Latin-1. Node refuses to send anything else.
      ...(signature === undefined ? {} : { 'stripe-signature': signature.replaceAll(/[^\x20-\x7e]/g, '?') }),
      ...(random() < 0.05 ? { 'content-encoding': 'gzip', 'x-forwarded-host': MARK } : {}),
    };
    const answer = await send(method, headers, body + large);
    const what = `${answer.status}${method === 'POST' ? '' : ' for another method'}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
    const wrong =
      answer.status >= 500 ||
      (answer.status === 200 && (!isSigned || large !== '' || method !== 'POST')) ||
      answer.body.includes(MARK) ||
      (answer.status === 0 && signature !== undefined && signature.length < 8_000);
    if (wrong)
      throw new Error(`seed ${SEED}: ${method} ${JSON.stringify(headers).slice(0, 300)} was answered ${answer.status}`);
  };
  let left = RUNS;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (left-- > 0) await one();
    }),
  );
  // The stack still works.
  expect((await stack.post(event('charge.succeeded', charge({ id: 'ch_after', customer: null })))).status).toBe(200);
  await stack.settled();
  const rows = await stack.rows();
  expect(rows.transactions.some(({ transaction_id }) => transaction_id === 'ch_after')).toBe(true);
  const dead = await stack.deadLetters();
  for (const { Body } of dead) expect(typeof JSON.parse(Body!)).toBe('object');
  const log = join(folder, '.local', 'functions.log');
  expect(existsSync(log)).toBe(true);
  expect(withoutIds(readFileSync(log, 'utf8')).filter((line) => line.includes(MARK))).toEqual([]);
  process.stdout.write(
    `hostile over HTTP: seed ${SEED}, ${RUNS} requests: ${JSON.stringify(Object.fromEntries([...counts].sort()))}, ${dead.length} dead letters\n`,
  );
}, 3_600_000);

/** The lines of a log without the ids and the type of what was validly signed: those are what a log is for. */
function withoutIds(log: string): string[] {
  return log
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const { event_id: _, object_id: __, event_type: ___, ...others } = JSON.parse(line);
      return JSON.stringify(others);
    });
}
