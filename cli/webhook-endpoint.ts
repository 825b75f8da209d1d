// The webhook endpoint in Stripe, with exactly the event types that the stack's settings need.

import type { Stripe } from 'stripe';
import { subscribedTypes } from '../functions/domain/decide.js';
import { STRIPE_API_VERSION, withRateLimitRetry } from '../functions/stripe/client.js';
import { warnIfVersionsDiffer } from './api-versions.js';
import { OperatorError } from './errors.js';
import type { Output } from './output.js';
import type { Target } from './target.js';

/** One change to the endpoint. */
export type Difference = {
  readonly what: 'create endpoint' | 'add event' | 'remove event' | 'store secret';
  readonly value: string;
};

async function findEndpoint(stripe: Stripe, url: string) {
  const endpoints = await withRateLimitRetry(() => stripe.webhookEndpoints.list({ limit: 100 }));
  return endpoints.data.find((endpoint) => endpoint.url === url);
}

interface ConnectOptions {
  readonly dryRun: boolean;
  readonly url: string;
}

/** Idempotent: changes only what differs. Warns if `reconcile` would get events in another API version than the endpoint. */
export async function connect(stripe: Stripe, target: Target, options: ConnectOptions, output: Output): Promise<void> {
  if (options.url === '') throw new OperatorError('the webhook’s URL is not known: name it with --url', 2);
  const endpoint = await findEndpoint(stripe, options.url);
  await createOrUpdate(stripe, target, endpoint, options, output);
  await warnIfVersionsDiffer(stripe, 'endpoint', endpoint ? endpoint.api_version : STRIPE_API_VERSION, output);
}

async function createOrUpdate(
  stripe: Stripe,
  target: Target,
  endpoint: Stripe.WebhookEndpoint | undefined,
  { dryRun, url }: ConnectOptions,
  output: Output,
): Promise<void> {
  const wanted = subscribedTypes(target.settings);
  const enabled = endpoint?.enabled_events ?? [];
  const differences: Difference[] = [
    ...(endpoint ? [] : [{ what: 'create endpoint' as const, value: url }]),
    ...wanted.filter((type) => !enabled.includes(type)).map((value) => ({ what: 'add event' as const, value })),
    ...enabled.filter((type) => !wanted.includes(type)).map((value) => ({ what: 'remove event' as const, value })),
  ];
  if (differences.length === 0)
    return output.item(
      { what: 'nothing to do', value: url },
      `The endpoint for ${url} already has the right event types.`,
    );
  for (const difference of differences)
    output.item(difference, `${dryRun ? 'would ' : ''}${difference.what}  ${difference.value}`);
  if (dryRun) return;
  const enabled_events = wanted as Stripe.WebhookEndpointCreateParams.EnabledEvent[];
  if (endpoint) {
    await withRateLimitRetry(() => stripe.webhookEndpoints.update(endpoint.id, { enabled_events }));
    return;
  }
  // Stripe returns the secret only once, when the endpoint is created: add it to the valid ones before anything else.
  const known = await target.signingSecrets.read();
  const created = await withRateLimitRetry(() =>
    stripe.webhookEndpoints.create({
      url,
      enabled_events,
      api_version: STRIPE_API_VERSION as never,
      description: 'stripe-partner-sync',
    }),
  );
  if (!created.secret)
    throw new OperatorError(
      'Stripe returned no signing secret: copy it from the Stripe dashboard and store it, see docs/deploy.md',
    );
  try {
    await target.signingSecrets.write([created.secret, ...known]);
  } catch (error) {
    // Without the secret every event of the endpoint would be rejected.
    await stripe.webhookEndpoints.del(created.id);
    throw error;
  }
  output.item(
    { what: 'store secret', value: 'stored' },
    `stored its signing secret; ${known.length} older ones stay valid`,
  );
}

export async function disconnect(stripe: Stripe, { url }: { readonly url: string }, output: Output): Promise<void> {
  const endpoint = await findEndpoint(stripe, url);
  if (!endpoint) return output.item({ what: 'nothing to do', value: url }, `Stripe has no endpoint for ${url}.`);
  await withRateLimitRetry(() => stripe.webhookEndpoints.del(endpoint.id));
  output.item(
    { what: 'delete endpoint', value: url },
    `deleted the endpoint for ${url}; its signing secret stays stored until you remove it`,
  );
}
