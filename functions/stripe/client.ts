// A client of Stripe's API, for what is not on the way of an event.

import type { Stripe } from 'stripe';

/** The version that the rules are tested with; Stripe answers in its shapes whatever the account's own is. */
export const STRIPE_API_VERSION = '2026-10-28.endive';

/**
 * `STRIPE_API_BASE` sends the requests elsewhere, such as to a mock of Stripe's API.
 *
 * @param apiKey a secret or a restricted key
 */
export async function stripeClient(apiKey: string): Promise<Stripe> {
  const { default: StripeConstructor } = await import('stripe');
  const base = process.env.STRIPE_API_BASE ? new URL(process.env.STRIPE_API_BASE) : undefined;
  return new StripeConstructor(apiKey, {
    apiVersion: STRIPE_API_VERSION as never,
    // Of connections that break and of Stripe's own faults; rate limits are waited out below.
    maxNetworkRetries: 5,
    timeout: 20_000,
    telemetry: false,
    appInfo: { name: 'stripe-partner-sync' },
    ...(base
      ? { host: base.hostname, port: base.port, protocol: base.protocol.replace(':', '') as 'http' | 'https' }
      : {}),
  });
}

/** How often a rate limit is waited out, and the longest wait that it may ask for, in seconds. */
const RATE_LIMIT_TRIES = 8;
const LONGEST_WAIT = 60;

/**
 * Sends a request again when Stripe says that there were too many, after as long as it says.
 *
 * @param deadline milliseconds since 1970: a wait that would go beyond it is not begun
 */
export async function withRateLimitRetry<T>(
  request: () => Promise<T>,
  deadline = Number.POSITIVE_INFINITY,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      const { statusCode, headers } = error as { statusCode?: number; headers?: Record<string, string> };
      if (statusCode !== 429 || attempt === RATE_LIMIT_TRIES) throw error;
      const asked = Number(headers?.['retry-after']);
      const seconds = Math.min(LONGEST_WAIT, Number.isFinite(asked) ? asked : 2 ** attempt / 4);
      if (Date.now() + seconds * 1000 > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    }
  }
}
