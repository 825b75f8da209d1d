// Fetches the snapshot event that a thin event names, with `fetch`, because Stripe's library would triple the worker's bundle.

import { isObject } from '../domain/event.js';
import type { ApiKey } from './api-key.js';
import { STRIPE_API_VERSION, withRateLimitRetry } from './client.js';

/** Why a snapshot event could not be fetched. It contains nothing from the event or from Stripe's response. */
export type SnapshotProblem =
  | 'no_api_key'
  | 'api_key_refused'
  | 'event_not_found_at_stripe'
  | 'stripe_rate_limit'
  | 'stripe_unavailable'
  | 'no_snapshot_event';

export class SnapshotEventError extends Error {
  override readonly name = 'SnapshotEventError';
  constructor(
    readonly problem: SnapshotProblem,
    /** For `withRateLimitRetry`. */
    readonly statusCode?: number,
    readonly headers?: Readonly<Record<string, string>>,
  ) {
    super(problem);
  }
}

export interface Notification {
  readonly id: string;
  readonly snapshotId?: string;
  readonly context?: string;
}

export interface Limits {
  /** Ends the request in progress. */
  readonly signal: AbortSignal;
  /** No rate limit is waited out beyond this, in milliseconds since 1970. */
  readonly deadline: number;
}

/**
 * The event as it was when it happened, never the related object, which may have changed since.
 *
 * @throws {SnapshotEventError}
 */
export async function fetchSnapshotEvent(
  apiKey: ApiKey,
  { id, snapshotId, context }: Notification,
  limits: Limits,
): Promise<object> {
  const get = (path: string) => withCurrentKey(apiKey, (key) => request(path, key, context, limits));
  const wanted = snapshotId ?? (await get(`/v2/core/events/${encodeURIComponent(id)}`)).snapshot_event;
  if (typeof wanted !== 'string' || wanted === '') throw new SnapshotEventError('no_snapshot_event');
  const event = await get(`/v1/events/${encodeURIComponent(wanted)}`);
  if (event.id !== wanted) throw new SnapshotEventError('stripe_unavailable');
  return event;
}

/** A key that was just rolled is read again once. */
async function withCurrentKey<T>(apiKey: ApiKey, send: (key: string) => Promise<T>): Promise<T> {
  const key = await apiKey();
  if (key === undefined) throw new SnapshotEventError('no_api_key');
  try {
    return await send(key);
  } catch (error) {
    if (!(error instanceof SnapshotEventError) || error.problem !== 'api_key_refused') throw error;
    const newer = await apiKey(key);
    if (newer === undefined || newer === key) throw error;
    return send(newer);
  }
}

async function request(
  path: string,
  key: string,
  context: string | undefined,
  { signal, deadline }: Limits,
): Promise<Readonly<Record<string, unknown>>> {
  const base = process.env.STRIPE_API_BASE || 'https://api.stripe.com';
  const headers = {
    authorization: `Bearer ${key}`,
    'stripe-version': STRIPE_API_VERSION,
    ...(context ? { 'stripe-context': context } : {}),
  };
  return withRateLimitRetry(async () => {
    const response = await fetch(new URL(path, base), { headers, signal }).catch(() => undefined);
    const body = await response?.text().catch(() => undefined);
    if (!response || body === undefined) throw new SnapshotEventError('stripe_unavailable');
    if (response.status !== 200)
      throw new SnapshotEventError(
        problemOf(response.status),
        response.status,
        Object.fromEntries(response.headers.entries()),
      );
    return parse(body);
  }, deadline);
}

function problemOf(status: number): SnapshotProblem {
  if (status === 401 || status === 403) return 'api_key_refused';
  if (status === 404) return 'event_not_found_at_stripe';
  if (status === 429) return 'stripe_rate_limit';
  return 'stripe_unavailable';
}

function parse(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    if (isObject(value)) return value;
  } catch {
    // Something between here and Stripe answered.
  }
  throw new SnapshotEventError('stripe_unavailable');
}
