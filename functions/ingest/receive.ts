// How the webhook answers a request, and what it queues. It answers 200 only after the queue has accepted the event.

import { timingSafeEqual } from 'node:crypto';
import { NodeCryptoProvider } from 'stripe/esm/crypto/NodeCryptoProvider.js';
import { StripeSignatureVerificationError } from 'stripe/esm/Error.js';
import { createWebhooks } from 'stripe/esm/Webhooks.js';
import type { IngestOutcome, Refusal } from '../../contract/outcomes.js';
import type { Settings } from '../../contract/settings.js';
import { isWantedMode, isWantedType } from '../domain/decide.js';
import { isObject } from '../domain/event.js';
import { toMessage } from '../queue/message.js';
import { readThinEvent, snapshotType } from '../queue/thin-event.js';
import { SecretUnavailableError, type SigningSecrets } from './signing-secrets.js';

/** What to do about each error, for the person who reads it in Stripe's dashboard. Never contains any part of the request. */
const ERRORS: Readonly<Record<Refusal, { readonly status: 400 | 503; readonly message: string }>> = {
  signature_missing: {
    status: 400,
    message: 'There is no Stripe-Signature header. Send events from a Stripe webhook endpoint or the Stripe CLI.',
  },
  signature_invalid: {
    status: 400,
    message:
      'The Stripe-Signature header does not match the body and a valid signing secret, or its timestamp is more than 300 seconds off. Check that the endpoint’s signing secret (whsec_…) is stored, and that no proxy changes the body.',
  },
  payload_invalid: {
    status: 400,
    message: 'The body is signed but is not a Stripe event: JSON with id, type and data.object is expected.',
  },
  thin_event_unsupported: {
    status: 400,
    message:
      'This is a thin (v2) event, which does not contain the object. In Stripe, set the event destination’s payload style to snapshot; or deploy with thinEvents and store an API key (docs/deploy.md).',
  },
  queue_unavailable: { status: 503, message: 'The event could not be queued. Stripe will retry it.' },
  secret_unavailable: {
    status: 503,
    message: 'The stored secrets could not be read, or no signing secret is stored yet. Stripe will retry the event.',
  },
};

export interface WebhookRequest {
  /** The body's bytes, exactly as they were received. */
  readonly body: Buffer;
  readonly signature: string | undefined;
}

export interface Received {
  readonly status: number;
  readonly body: string;
  /** For logs and metrics: `queued`, why the event is not applied, or the error's code. */
  readonly outcome: IngestOutcome;
  readonly event?: { readonly id: string; readonly type: string; readonly objectId?: string };
  /** The error behind a 503 response. */
  readonly cause?: unknown;
}

export interface Dependencies {
  readonly settings: Settings;
  readonly secrets: SigningSecrets;
  /** Resolves once the queue has accepted the message. */
  readonly enqueue: (message: string) => Promise<void>;
  /** Whether a key is stored with which the worker can fetch what a thin event names. Absent: thin events are refused. */
  readonly hasApiKey?: () => Promise<boolean>;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** Answers one request. Never throws, and never repeats any part of the request. */
export async function receive(request: WebhookRequest, dependencies: Dependencies): Promise<Received> {
  const { secrets, now = Date.now } = dependencies;
  if (!request.signature) return refused('signature_missing');

  let event: unknown;
  try {
    const found = verify(request, await secrets.current(), now) ?? verify(request, await secrets.renewed(), now);
    if (!found) return refused('signature_invalid');
    event = found.event;
  } catch (error) {
    if (error instanceof SecretUnavailableError) return refused('secret_unavailable', error);
    throw error;
  }

  if (isThinEvent(event)) return receiveThin(request, event, dependencies);
  if (!isSnapshotEvent(event)) return refused('payload_invalid');
  const { id, type, livemode } = event;
  const objectId = event.data.object.id;
  const about = { id, type, livemode, ...(typeof objectId === 'string' ? { objectId } : {}) };
  return queueWanted(request, event, about, dependencies);
}

/** The message is the thin event itself. Only with one of these is the API key read, and only to know that there is one. */
async function receiveThin(request: WebhookRequest, event: object, dependencies: Dependencies): Promise<Received> {
  const thin = readThinEvent(event);
  try {
    if (!thin || !(await dependencies.hasApiKey?.())) return refused('thin_event_unsupported');
  } catch (error) {
    return refused('secret_unavailable', error);
  }
  const { id, snapshotId = id, livemode, objectId } = thin;
  const about = { id: snapshotId, type: snapshotType(thin) ?? thin.type, livemode, ...(objectId ? { objectId } : {}) };
  return queueWanted(request, event, about, dependencies);
}

async function queueWanted(
  request: WebhookRequest,
  event: object,
  { livemode, ...about }: NonNullable<Received['event']> & { readonly livemode?: unknown },
  { settings, enqueue }: Dependencies,
): Promise<Received> {
  const answer = { event: about };
  if (!isWantedMode({ livemode }, settings.livemode)) return { ...accepted('livemode_mismatch'), ...answer };
  if (!isWantedType(about.type, settings)) return { ...accepted('unsupported_type'), ...answer };
  try {
    await enqueue(toMessage(request.body.toString('utf8'), event));
  } catch (error) {
    return { ...refused('queue_unavailable', error), ...answer };
  }
  return { ...accepted('queued'), ...answer };
}

// `import Stripe from 'stripe'` would load the whole API client and add some 40 ms to every cold start. This is the module behind
// `stripe.webhooks`, with the two functions that it needs from its platform.
const webhooks = createWebhooks({
  createDefaultCryptoProvider: () => new NodeCryptoProvider(),
  secureCompare: (a: string, b: string) => {
    const [left, right] = [Buffer.from(a), Buffer.from(b)];
    return left.length === right.length && timingSafeEqual(left, right);
  },
} as never);

/** The same as in Stripe's own libraries, in seconds. */
const TOLERANCE_SECONDS = 300;

/**
 * @returns the event, if one of the secrets signed it (its value is undefined if the body is not JSON), or undefined
 */
function verify(
  { body, signature }: WebhookRequest,
  secrets: readonly string[],
  now: () => number,
): { event: unknown } | undefined {
  if (isFromTheFuture(signature!, now)) return undefined;
  for (const secret of secrets) {
    try {
      return { event: webhooks.constructEvent(body, signature!, secret, TOLERANCE_SECONDS, undefined, now()) };
    } catch (error) {
      if (error instanceof StripeSignatureVerificationError) continue;
      // The signature is valid, but Stripe's library refuses the body: a thin event, or not JSON.
      return { event: parseJson(body) };
    }
  }
  return undefined;
}

/** Stripe's library only refuses timestamps that are too old. One that is too far ahead is outside the tolerance as well. */
function isFromTheFuture(signature: string, now: () => number): boolean {
  const timestamp = Number.parseInt(/(?:^|,)t=(\d+)/.exec(signature)?.[1] ?? '', 10);
  return timestamp - now() / 1000 > TOLERANCE_SECONDS;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function isThinEvent(event: unknown): event is object {
  if (!isObject(event)) return false;
  return event.object === 'v2.core.event' || (event.data === undefined && isObject(event.related_object));
}

interface SnapshotEvent {
  readonly id: string;
  readonly type: string;
  readonly livemode?: unknown;
  readonly data: { readonly object: Readonly<Record<string, unknown>> };
}

function isSnapshotEvent(event: unknown): event is SnapshotEvent {
  return (
    isObject(event) &&
    isFilledString(event.id) &&
    isFilledString(event.type) &&
    isObject(event.data) &&
    isObject(event.data.object)
  );
}

function isFilledString(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function accepted(outcome: Exclude<IngestOutcome, Refusal>): Received {
  return { status: 200, body: '{"received":true}', outcome };
}

function refused(code: Refusal, cause?: unknown): Received {
  const { status, message } = ERRORS[code];
  return { status, body: JSON.stringify({ error: { code, message } }), outcome: code, ...(cause ? { cause } : {}) };
}
