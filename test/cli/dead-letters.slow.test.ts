// The dead-letter queue as SQS has it: spread over many servers, so that a receive can come back empty although messages are there.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readDeadLetters, release, remove, removeAll, sendAllBack, sendBack } from '../../cli/dead-letters.js';
import { type Target, targetOfStackFile } from '../../cli/target.js';
import { charge, event, thinEvent } from '../support/builders/events.js';
import { type LocalStackUnderTest, startStack, until } from '../support/stack/local-stack.js';

let stack: LocalStackUnderTest;
let proxy: Server;
let local: Target;
let target: Target;
/** The bodies of the receives that the tools sent. */
const receives: { WaitTimeSeconds?: number }[] = [];

/** In front of the queue's engine: two of three receives find nothing, as if other servers held the messages. */
function forgetful(endpoint: string): Server {
  return createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (String(request.headers['x-amz-target']).endsWith('ReceiveMessage')) {
      receives.push(JSON.parse(body.toString()));
      if (receives.length % 3 !== 0) {
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
        return;
      }
    }
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
    const answer = await fetch(endpoint, { method: 'POST', headers: headers as Record<string, string>, body });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
}

beforeAll(async () => {
  stack = await startStack();
  proxy = forgetful(stack.file.sqsEndpoint);
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  local = targetOfStackFile(stack.file);
  const sqs = new SQSClient({
    region: stack.file.region,
    credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
    endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
  });
  target = { ...local, sqs, distributedQueues: true };
}, 180_000);
afterAll(async () => {
  target.sqs.destroy();
  local.close();
  proxy.close();
  proxy.closeAllConnections();
  await stack.stop();
}, 180_000);

const idsOf = (letters: readonly { eventId: string }[]) => letters.map(({ eventId }) => eventId).sort();

test('every message is found with long polls, although most receives are empty', async () => {
  const ids = Array.from({ length: 35 }, (_, i) => `evt_dead_${String(i).padStart(2, '0')}`);
  for (const [i, id] of ids.entries())
    await stack.deadLetter(event('charge.succeeded', charge({ id: `ch_${i}` }), 0, id));
  receives.length = 0;
  const letters = await readDeadLetters(target);
  await release(target, letters);
  expect(idsOf(letters)).toEqual(ids);
  expect(receives.every(({ WaitTimeSeconds }) => WaitTimeSeconds === 1)).toBe(true);
}, 180_000);

test('`redrive --all` continues until the queue is empty, and sends a message that fails again only once', async () => {
  await stack.deadLetter(event('charge.succeeded', charge({ id: 'ch_poison', amount: 'many' }), 0, 'evt_poison'));
  const { handled, failedAgain } = await sendAllBack(target, () => {});
  expect(handled).toBe(36);
  expect(failedAgain).toBeLessThanOrEqual(1);
  await stack.settled();
  expect((await stack.rows()).transactions).toHaveLength(35);
  let left: Awaited<ReturnType<typeof readDeadLetters>> = [];
  await until(async () => {
    left = await readDeadLetters(local);
    await release(local, left);
    return left.length === 1;
  }, 30_000);
  expect(left).toMatchObject([
    { eventId: 'evt_poison', reason: expect.stringContaining("the event's amount is not an integer") },
  ]);
}, 180_000);

test('`redrive --delete` continues until the queue is empty', async () => {
  for (let i = 0; i < 20; i++)
    await stack.deadLetter(event('charge.succeeded', charge({ id: 'ch_same' }), 0, 'evt_same'));
  expect(await removeAll(target, () => {})).toBe(21);
  expect(await readDeadLetters(local)).toEqual([]);
}, 180_000);

test('an event that EventBridge could not queue is sent back without its envelope, and a thin event is named', async () => {
  const paid = event('charge.succeeded', charge({ id: 'ch_bridge', customer: null }), 0, 'evt_bridge');
  const envelope = {
    ...{ version: '0', id: '17e8dff5', 'detail-type': paid.type, source: 'aws.partner/stripe.com/ed_1' },
    ...{ account: '123456789012', time: '2026-11-24T00:00:00Z', region: 'eu-west-1', resources: [], detail: paid },
  };
  await stack.deadLetter(envelope);
  await stack.deadLetter(thinEvent(paid, { snapshot_event: 'evt_thin_one' }));
  const letters = await readDeadLetters(local);
  expect(letters.map(({ eventId, eventType, objectId }) => [eventId, eventType, objectId]).sort()).toEqual([
    ['evt_bridge', 'charge.succeeded', 'ch_bridge'],
    ['evt_thin_one', 'charge.succeeded', 'ch_bridge'],
  ]);
  expect(letters.find(({ eventId }) => eventId === 'evt_thin_one')!.reason).toContain('could not be fetched');
  for (const letter of letters)
    await (letter.eventId === 'evt_bridge' ? sendBack(local, letter) : remove(local, letter));
  await stack.settled();
  expect((await stack.rows()).transactions).toContainEqual(
    expect.objectContaining({ transaction_id: 'ch_bridge', event_id: 'evt_bridge' }),
  );
  expect(await readDeadLetters(local)).toEqual([]);
}, 60_000);
