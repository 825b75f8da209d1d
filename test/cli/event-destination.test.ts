// `connect --event-bridge`: the destination in Stripe that puts events on a bus, against a fake of Stripe's API.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { OperatorError } from '../../cli/errors.js';
import { busOf, connectEventBridge, type Destination, disconnectEventBridge } from '../../cli/event-destination.js';
import type { Output } from '../../cli/output.js';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import { subscribedTypes } from '../../functions/domain/decide.js';
import { stripeClient } from '../../functions/stripe/client.js';
import { type FakeStripe, GOOD_KEY, startFakeStripe } from '../support/fakes/fake-stripe.js';

let fake: FakeStripe;
beforeAll(async () => {
  fake = await startFakeStripe();
  process.env.STRIPE_API_BASE = fake.url;
});
beforeEach(() => {
  fake.destinations.clear();
  fake.objects.events = [];
});
afterAll(() => {
  delete process.env.STRIPE_API_BASE;
  fake.stop();
});

const PROD: Destination = {
  name: 'stage prod',
  settings: DEFAULT_SETTINGS,
  bus: { accountId: '123456789012', region: 'eu-west-1' },
};
const said: string[] = [];
const output = { item: (_: object, text: string) => void said.push(text), say() {} } as unknown as Output;
const connect = async (destination = PROD, dryRun = false) => {
  said.length = 0;
  await connectEventBridge(await stripeClient(GOOD_KEY), destination, { dryRun }, output);
  return said.join('\n');
};
const [first, second] = ['ed_test_1', 'ed_test_2'].map((id) => `aws.partner/stripe.com/${id}`);

test('connect creates the destination with exactly the needed events and prints the next step', async () => {
  expect(await connect(PROD, true)).toContain('would create destination  account 123456789012, eu-west-1');
  expect(fake.destinations.size).toBe(0);
  expect(await connect()).toMatch(new RegExp(`within 7 days: set eventBridgeSource: '${first}'.*and deploy`));
  expect([...fake.destinations.values()]).toEqual([
    expect.objectContaining({
      name: 'stripe-partner-sync, stage prod',
      type: 'amazon_eventbridge',
      event_payload: 'snapshot',
      snapshot_api_version: '2026-10-28.endive',
      events_from: ['self'],
      enabled_events: subscribedTypes(DEFAULT_SETTINGS),
      amazon_eventbridge: {
        aws_account_id: '123456789012',
        aws_event_source_arn: `arn:aws:events:eu-west-1::event-source/${first}`,
        aws_event_source_status: 'pending',
      },
    }),
  ]);
});

test('a second run changes only what differs', async () => {
  await connect();
  expect(await connect()).toContain('already has the right event types');
  const [made] = [...fake.destinations.values()];
  fake.destinations.set('ed_test_1', { ...made, enabled_events: ['charge.succeeded', 'plan.created'] });
  const text = await connect();
  expect(text).toContain('remove event  plan.created');
  expect(text).not.toContain('add event  charge.succeeded');
  expect(fake.destinations.get('ed_test_1')!.enabled_events).toEqual(subscribedTypes(DEFAULT_SETTINGS));
  expect(fake.destinations.size).toBe(1);
});

describe('connect', () => {
  test('finds its destination among those of other stacks, regions and accounts', async () => {
    await connect();
    await connect({ ...PROD, name: 'stage staging' });
    await connect({ ...PROD, bus: { ...PROD.bus, region: 'us-east-1' } });
    await connect({ ...PROD, bus: { ...PROD.bus, accountId: '210987654321' } });
    expect(fake.destinations.size).toBe(4);
  });
  test('finds it by the stack’s event source, even if it was created before the stack had a name', async () => {
    await connect({ ...PROD, name: '' });
    expect(await connect({ ...PROD, source: first })).toContain('already has the right event types');
    await disconnectEventBridge(await stripeClient(GOOD_KEY), { ...PROD, source: first }, output);
    expect(fake.destinations.size).toBe(0);
  });
  test('creates a new one if its event source was deleted in AWS', async () => {
    await connect();
    const [made] = [...fake.destinations.values()] as [Record<string, object>];
    fake.destinations.set('ed_test_1', {
      ...made,
      amazon_eventbridge: { ...made.amazon_eventbridge, aws_event_source_status: 'deleted' },
    });
    expect(await connect()).toContain(second);
  });
});

describe('connect compares the destination’s API version with that of the account’s newest event', () => {
  const [older, ours] = ['2024-06-20', '2026-10-28.endive'] as const;
  const newestEventIn = (api_version: string) => {
    fake.objects.events = [{ id: 'evt_1', object: 'event', created: 1_700_000_000, api_version }];
  };
  const destinationIn = async (snapshot_api_version: string | undefined) => {
    await connect();
    fake.destinations.set('ed_test_1', { ...fake.destinations.get('ed_test_1'), snapshot_api_version });
  };
  test('and warns if they differ, in a dry run as well', async () => {
    newestEventIn(older);
    const warning = `Warning: Stripe delivers events to this destination in API version ${ours}, but the account’s newest event is in version ${older}.`;
    expect(await connect(PROD, true)).toContain(warning);
    expect(await connect()).toContain(warning);
    expect(await connect()).toContain(warning);
  });
  test('and says that a new destination needs a deployment', async () => {
    await destinationIn(older);
    newestEventIn(ours);
    expect(await connect()).toMatch(/`disconnect --event-bridge` and `connect --event-bridge`, deploy with the new/);
  });
  test('and is silent if they are equal, or if the destination’s events are thin', async () => {
    newestEventIn(ours);
    expect(await connect()).not.toContain('Warning');
    await destinationIn(undefined);
    newestEventIn(older);
    expect(await connect()).not.toContain('Warning');
  });
});

test('connect refuses a key of the other mode and leaves nothing in Stripe', async () => {
  const live = { ...PROD, settings: { ...DEFAULT_SETTINGS, livemode: 'live' as const } };
  await expect(connect(live)).rejects.toThrow(/API key belongs to Stripe’s test mode.*wants live events/);
  expect(fake.destinations.size).toBe(0);
});

test('account and region come from the stack’s queue unless they are given', () => {
  const queue = 'https://sqs.eu-west-1.amazonaws.com/123456789012/events';
  expect(busOf(queue, undefined, undefined)).toEqual(PROD.bus);
  expect(busOf(queue, '210987654321', 'us-east-1')).toEqual({ accountId: '210987654321', region: 'us-east-1' });
  expect(() => busOf('http://127.0.0.1:9324/events', undefined, undefined)).toThrow(OperatorError);
  expect(() => busOf('', '123456789012', 'Ireland')).toThrow('--aws-region, such as eu-west-1');
});
