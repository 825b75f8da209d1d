// The main job from outside: signed Stripe events are posted to `npm start`, and the right rows appear.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { charge, customer, event, thinEvent } from '../support/builders/events.js';
import { sign } from '../support/builders/sign.js';
import { type LocalStackUnderTest, startStack, until } from '../support/stack/local-stack.js';

const LOADED_MODULES = join(mkdtempSync(join(tmpdir(), 'loaded-modules-')), 'modules.json');

let stack: LocalStackUnderTest;
beforeAll(async () => {
  stack = await startStack({
    args: ['--signing-secret', 'whsec_given', '--batch-window', '1'],
    env: { NODE_OPTIONS: `--require ${require.resolve('../support/stack/list-loaded-modules.cjs')}`, LOADED_MODULES },
  });
}, 60_000);
afterAll(async () => {
  expect(await stack.stop()).toBe(0);
  expectFewCdkModules();
  rmSync(dirname(LOADED_MODULES), { recursive: true });
}, 60_000);

/** All that the CDK's main module exports is 874 files, and most of the time that a start takes. */
function expectFewCdkModules() {
  const loaded: string[] = JSON.parse(readFileSync(LOADED_MODULES, 'utf8'));
  const ofCdk = loaded.filter((file) => file.includes('/aws-cdk-lib/'));
  expect(ofCdk.length).toBeGreaterThan(100);
  expect(ofCdk.length).toBeLessThan(500);
}

const error = (code: string) => ({ error: { code, message: expect.any(String) } });

test('the first screen names the webhook URL, the signing secret, the tables and the next command', async () => {
  await until(() => stack.output().includes('Ctrl-C'), 10_000);
  const screen = stack.output();
  for (const text of [
    stack.file.webhookUrl,
    stack.file.signingSecrets[0]!,
    stack.file.dynamodbEndpoint,
    'npm run demo',
  ])
    expect(screen).toContain(text);
  expect(screen).not.toMatch(/warning/i);
  // The engine that comes with the local stack has no streams.
  expect(screen).toContain('Change feed      off: this DynamoDB has no streams');
});

test('a signed customer and its charge become a customer and a transaction', async () => {
  const created = event('customer.created', customer('acme', { id: 'cus_first' }));
  const succeeded = event('charge.succeeded', charge({ id: 'ch_first', customer: 'cus_first' }), 5);
  expect(await stack.post(succeeded)).toEqual({ status: 200, body: '{"received":true}' });
  expect(await stack.post(created)).toEqual({ status: 200, body: '{"received":true}' });
  await stack.settled();
  const { customers, transactions } = await stack.rows();
  expect(customers).toContainEqual(expect.objectContaining({ customer_key: 'acme', stripe_customer_id: 'cus_first' }));
  expect(transactions).toContainEqual(
    expect.objectContaining({
      transaction_id: 'ch_first',
      customer_key: 'acme',
      customer_key_source: 'linked',
      amount_net: 2000,
    }),
  );
  // Whether the worker received both events in one batch is chance.
  expect(stack.output()).toMatch(/charge\.succeeded\s+ch_first\s+(recorded|stored, its customer)/);
});

test('a thin event is refused while no API key is stored, and the answer says what to do', async () => {
  const { status, body } = await stack.post(thinEvent(event('charge.succeeded', charge())));
  expect(status).toBe(400);
  expect(JSON.parse(body)).toEqual(error('thin_event_unsupported'));
});

test('a secret given to `npm start` is valid too, as `stripe listen` needs', async () => {
  const body = event('customer.updated', customer());
  expect((await stack.post(body, { secret: 'whsec_given' })).status).toBe(200);
});

test('emoji, right-to-left text and a character of every plane reach the rows as they were sent', async () => {
  // The last two code points of a plane are noncharacters, which JSON and SQS allow above U+FFFF.
  const planes = Array.from({ length: 17 }, (_, plane) => String.fromCodePoint(plane * 0x10000 + 0x41));
  const name = `Zoë 🎉 שלום مرحبا 👩‍👩‍👧 ${planes.join('')}\u{1FFFE}\u{10FFFF}\uFFFE\uFFFF`;
  const created = event('customer.created', customer('zoë-🎉', { id: 'cus_planes', name, email: null }));
  expect((await stack.post(created)).status).toBe(200);
  await stack.settled();
  expect((await stack.rows()).customers).toContainEqual(expect.objectContaining({ customer_key: 'zoë-🎉', name }));
}, 60_000);

const SECRET_NAME = 'Secret Person';

describe('bad input gets the response that the contract names', () => {
  const succeeded = event('charge.succeeded', charge());
  const meterEvent = {
    id: 'evt_thin',
    object: 'v2.core.event',
    type: 'v1.billing.meter.no_meter_found',
    created: '2024-01-01T00:00:00Z',
    related_object: { id: 'mtr_1' },
  };
  const postLate = () => {
    const body = JSON.stringify(succeeded);
    return stack.post(body, { signature: sign(body, stack.file.signingSecrets[0]!, Date.now() - 301_000) });
  };
  test.each<[name: string, post: () => ReturnType<LocalStackUnderTest['post']>, code: string]>([
    ['not JSON', () => stack.post(`{"name":"${SECRET_NAME}"`), 'payload_invalid'],
    ['no signature', () => stack.post(succeeded, { signature: null }), 'signature_missing'],
    ['a forged signature', () => stack.post(succeeded, { secret: 'whsec_wrong' }), 'signature_invalid'],
    ['an old timestamp', postLate, 'signature_invalid'],
    ['a body of 0 bytes, signed', () => stack.post(''), 'payload_invalid'],
    ['5 MB without a signature', () => stack.post('x'.repeat(5_000_000), { signature: null }), 'signature_missing'],
    ['5 MB, signed, not JSON', () => stack.post('x'.repeat(5_000_000)), 'payload_invalid'],
    ['data.object missing', () => stack.post({ id: 'evt_x', type: 'charge.succeeded', data: {} }), 'payload_invalid'],
    ['a thin event', () => stack.post(meterEvent), 'thin_event_unsupported'],
  ])('%s', async (_, post, code) => {
    const { status, body } = await post();
    expect(status).toBe(400);
    expect(JSON.parse(body)).toEqual(error(code));
  });

  test('a wrong method gets 405, a wrong path 404', async () => {
    const get = await fetch(stack.file.webhookUrl);
    expect([get.status, await get.json()]).toEqual([405, error('method_not_allowed')]);
    const elsewhere = await fetch(new URL('/elsewhere', stack.file.webhookUrl), { method: 'POST', body: '{}' });
    expect([elsewhere.status, await elsewhere.json()]).toEqual([404, error('not_found')]);
  });
});

describe('after bad input, unusual events are still accepted and applied', () => {
  const description = `${SECRET_NAME}${'ä"'.repeat(1_000_000)}`;
  const expanded = { id: 'cus_x', object: 'customer', name: SECRET_NAME };
  const charges: [name: string, fields: Record<string, unknown>][] = [
    ['of 5 MB', { id: 'ch_large', customer: null, description }],
    ['with metadata that is null', { id: 'ch_null', metadata: null }],
    ['with metadata that is a string', { id: 'ch_text', metadata: SECRET_NAME }],
    ['with nested metadata', { id: 'ch_nested', metadata: { customer_key: { name: SECRET_NAME } } }],
    ['with an amount of 0', { id: 'ch_zero', amount: 0, amount_captured: 0 }],
    ['with an expanded customer', { id: 'ch_expanded', customer: expanded }],
  ];
  const accepted = { status: 200, body: '{"received":true}' };
  test.each(charges)('a charge %s', async (_, fields) => {
    expect(await stack.post(event('charge.succeeded', charge(fields)))).toEqual(accepted);
  });
  test('an event of an unknown type', async () => {
    expect(await stack.post(event('plan.created', { id: 'plan_1', object: 'plan' }))).toEqual(accepted);
  });

  test('each of these charges has a row, and no log line contains a value of a request', async () => {
    await stack.settled();
    const { transactions } = await stack.rows();
    const ids = transactions.map(({ transaction_id }) => transaction_id);
    expect(ids).toEqual(expect.arrayContaining(charges.map(([, { id }]) => id)));
    expect(transactions.find(({ transaction_id }) => transaction_id === 'ch_expanded')).toMatchObject({
      stripe_customer_id: 'cus_x',
    });
    expect(stack.output()).not.toContain(SECRET_NAME);
    expect(stack.output()).not.toContain('a@example.com');
    expect(await stack.deadLetters()).toEqual([]);
  });
});

test('a message that the worker does not understand moves to the dead-letter queue unchanged', async () => {
  const poison = event('charge.succeeded', charge({ id: 'ch_poison', amount: 'much' }));
  const healthy = event('charge.succeeded', charge({ id: 'ch_healthy' }));
  await Promise.all([stack.post(poison), stack.post(healthy)]);
  await stack.settled();
  expect((await stack.deadLetters()).map(({ Body }) => JSON.parse(Body!))).toEqual([poison]);
  expect((await stack.rows()).transactions.map(({ transaction_id }) => transaction_id)).toContain('ch_healthy');
  expect(stack.output()).toMatch(/charge\.\w+ .*not understood.*amount/);
}, 60_000);
