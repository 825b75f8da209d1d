// `connect` compares the API version of the endpoint with that of the account's events, against a fake of Stripe's API.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createOutput } from '../../cli/output.js';
import type { Target } from '../../cli/target.js';
import { connect } from '../../cli/webhook-endpoint.js';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import { subscribedTypes } from '../../functions/domain/decide.js';
import { STRIPE_API_VERSION, stripeClient } from '../../functions/stripe/client.js';
import { type FakeStripe, GOOD_KEY, startFakeStripe } from '../support/fakes/fake-stripe.js';

const URL = 'https://example.com/stripe/webhook';
const OLD = '2024-06-20';
const NEWER_THAN_OURS = '2027-03-31.fig';

let fake: FakeStripe;
let stored: readonly string[];
beforeAll(async () => {
  fake = await startFakeStripe();
  process.env.STRIPE_API_BASE = fake.url;
});
beforeEach(() => {
  fake.endpoints.clear();
  fake.objects.events = [];
  fake.fault = () => undefined;
  fake.requests.length = 0;
  stored = [];
});
afterAll(() => {
  delete process.env.STRIPE_API_BASE;
  fake.stop();
});

const target = {
  settings: DEFAULT_SETTINGS,
  signingSecrets: {
    read: async () => stored,
    write: async (secrets: readonly string[]) => {
      stored = secrets;
    },
  },
} as unknown as Target;

/** What `connect` prints. */
async function run({ dryRun = false, json = false } = {}): Promise<string> {
  let printed = '';
  const stream = {
    write: (text: string) => {
      printed += text;
    },
  } as unknown as NodeJS.WritableStream;
  await connect(await stripeClient(GOOD_KEY), target, { dryRun, url: URL }, createOutput(json, stream));
  return printed;
}

/** One with the right event types, so that `connect` has nothing to do. */
function endpointIn(api_version: string | null, enabled_events: readonly string[] = subscribedTypes(DEFAULT_SETTINGS)) {
  fake.endpoints.set('we_1', { id: 'we_1', object: 'webhook_endpoint', url: URL, api_version, enabled_events });
}

function newestEventIn(api_version: string | null, account?: string) {
  const created = 1_700_000_000 + fake.objects.events.length;
  fake.objects.events.push({
    id: `evt_${created}`,
    object: 'event',
    created,
    api_version,
    ...(account && { account }),
  });
}

const warning = (endpoint: string, account: string) =>
  `Warning: Stripe delivers events to this endpoint in API version ${endpoint}, but the account’s newest event is in version ${account}.\n`;

describe('connect warns where the endpoint’s API version differs from that of the account’s events', () => {
  test('after it created the endpoint', async () => {
    newestEventIn(OLD);
    const printed = await run();
    expect(printed).toContain('stored its signing secret');
    expect(printed).toContain(warning(STRIPE_API_VERSION, OLD));
    expect(printed).toMatch(/Upgrade the account’s default API version in Stripe’s Workbench.*\n$/);
    expect(printed.match(/Warning/g)).toHaveLength(1);
    expect(stored).toHaveLength(1);
  });
  test('after it updated the endpoint', async () => {
    endpointIn(STRIPE_API_VERSION, ['plan.created']);
    newestEventIn(OLD);
    const printed = await run();
    expect(printed).toContain('remove event  plan.created');
    expect(printed).toContain(warning(STRIPE_API_VERSION, OLD));
    expect(fake.endpoints.get('we_1')).toMatchObject({ enabled_events: subscribedTypes(DEFAULT_SETTINGS) });
  });
  test('if there is nothing to do', async () => {
    endpointIn(STRIPE_API_VERSION);
    newestEventIn(OLD);
    const printed = await run();
    expect(printed).toContain('already has the right event types');
    expect(printed).toContain(warning(STRIPE_API_VERSION, OLD));
  });
  test('in a dry run, about the endpoint that there is and about the one that it would create', async () => {
    newestEventIn(OLD);
    expect(await run({ dryRun: true })).toContain(warning(STRIPE_API_VERSION, OLD));
    endpointIn('2025-03-31.basil', []);
    expect(await run({ dryRun: true })).toContain(warning('2025-03-31.basil', OLD));
    expect(fake.requests.filter((each) => !each.startsWith('GET '))).toEqual([]);
  });
  test('as one JSON object for a script', async () => {
    endpointIn(STRIPE_API_VERSION);
    newestEventIn(OLD);
    const lines = (await run({ json: true })).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { what: 'nothing to do', value: URL },
      { what: 'versions differ', endpoint: STRIPE_API_VERSION, account: OLD },
    ]);
  });
  test('and says that a new endpoint helps if the account has the version that it would get', async () => {
    endpointIn(OLD);
    newestEventIn(STRIPE_API_VERSION);
    expect(await run()).toContain(
      `To use ${STRIPE_API_VERSION} for both, run \`disconnect\`, \`connect\`, and then \`reconcile --all\``,
    );
  });
  test('and says that both must change if both are older than the version that a new endpoint would get', async () => {
    endpointIn(OLD);
    newestEventIn('2025-03-31.basil');
    expect(await run()).toMatch(
      /Upgrade the account’s default API version.* Then run `disconnect`, `connect`, and then/,
    );
  });
  test('and asks for a newer release if the account is ahead of this one', async () => {
    endpointIn(STRIPE_API_VERSION);
    newestEventIn(NEWER_THAN_OURS);
    expect(await run()).toContain(
      `This release is tested with version ${STRIPE_API_VERSION}: look for a newer release`,
    );
  });
  test('by the newest event that is the account’s own', async () => {
    endpointIn(STRIPE_API_VERSION);
    newestEventIn(STRIPE_API_VERSION);
    newestEventIn(OLD);
    newestEventIn(STRIPE_API_VERSION, 'acct_connected');
    expect(await run()).toContain(warning(STRIPE_API_VERSION, OLD));
  });
});

describe('connect does not warn', () => {
  test('if the versions are equal', async () => {
    newestEventIn(OLD);
    newestEventIn(STRIPE_API_VERSION);
    expect(await run()).not.toContain('Warning');
    expect(await run()).not.toContain('Warning');
    expect(fake.requests).toContain('GET /v1/events');
  });
  test('if the endpoint uses the account’s version', async () => {
    endpointIn(null);
    newestEventIn(OLD);
    expect(await run()).not.toContain('Warning');
    expect(fake.requests).not.toContain('GET /v1/events');
  });
  test.each<[string, () => void]>([
    ['no event yet', () => {}],
    ['only events of connected accounts', () => newestEventIn(OLD, 'acct_connected')],
    ['only events without a version', () => newestEventIn(null)],
  ])('if the account has %s', async (_, make) => {
    make();
    const printed = await run();
    expect(printed).toContain('create endpoint');
    expect(printed).not.toMatch(/Warning|Could not compare/);
    expect(fake.requests).toContain('GET /v1/events');
  });
});

test('a key that may not read events can still connect: it says which permission the comparison needs', async () => {
  newestEventIn(OLD);
  fake.fault = (request) =>
    request === 'GET /v1/events'
      ? {
          status: 403,
          error: { message: "Having the 'rak_event_read' permission would allow this", type: 'invalid_request_error' },
        }
      : undefined;
  const printed = await run();
  expect(stored).toHaveLength(1);
  expect(printed).toContain(
    'Could not compare the API versions of the endpoint and of the account’s events. The API key lacks a permission: rak_event_read.',
  );
  expect(printed).not.toContain('Warning');
});
