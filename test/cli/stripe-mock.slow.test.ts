// Every request that the tools send to Stripe, against Stripe's own mock of its API, which checks them by its specification.
// Runs where STRIPE_MOCK_URL names one (https://github.com/stripe/stripe-mock).

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { backfill } from '../../cli/snapshots.js';
import type { Target } from '../../cli/target.js';
import { connect, disconnect } from '../../cli/webhook-endpoint.js';
import { parseSettings } from '../../contract/settings.js';
import { reconcile } from '../../functions/reconcile/reconcile.js';
import { stripeClient } from '../../functions/stripe/client.js';

const MOCK = process.env.STRIPE_MOCK_URL;
if (!MOCK) process.stdout.write('stripe-mock: skipped, STRIPE_MOCK_URL is not set\n');

(MOCK ? describe : describe.skip)('stripe-mock takes', () => {
  beforeAll(() => {
    process.env.STRIPE_API_BASE = MOCK;
  });
  afterAll(() => {
    delete process.env.STRIPE_API_BASE;
  });
  const client = () => stripeClient('sk_test_123');
  const output = { item() {}, say() {}, data() {}, progress() {} };

  test.each(['charge', 'invoice'])(
    'Stripe’s mock accepts the requests of reconcile and backfill in %s mode',
    async (transactionSource) => {
      const settings = parseSettings({ transactionSource });
      const send = async () => {};
      const seen = await reconcile({ stripe: await client(), settings, cursor: { since: 1 }, maxPages: 1, send });
      expect(seen.seen).toBeGreaterThan(0);
      const state = { kinds: ['customers', 'charges', 'invoices'] as const, since: 1, sent: 0 };
      expect((await backfill({ stripe: await client(), settings, state, send, onPage: () => {} })).kinds).toEqual([]);
    },
  );
  test('Stripe’s mock accepts the requests of connect and disconnect', async () => {
    const stored: string[][] = [];
    const target = {
      settings: parseSettings({}),
      webhookUrl: 'https://example.com/stripe/webhook',
      signingSecrets: { read: async () => [], write: async (secrets: string[]) => void stored.push(secrets) },
    } as unknown as Target;
    // The mock's only endpoint has another URL. It may be older than the API version that we pin, and knows no secret to tell.
    await connect(await client(), target, { dryRun: false, url: target.webhookUrl }, output).catch((error) =>
      expect(error.message).toMatch(
        /returned no signing secret|'api_version' validation failed: value is not in enumeration/,
      ),
    );
    const stripe = await client();
    const [existing] = (await stripe.webhookEndpoints.list()).data;
    await connect(stripe, target, { dryRun: false, url: existing!.url }, output);
    await disconnect(stripe, { url: existing!.url }, output);
  });
});
