// What the webhook answers to a request, and what it puts into the queue. "200 is given only after the queue has accepted."

import { timingSafeEqual } from 'node:crypto';
import { NodeCryptoProvider } from 'stripe/esm/crypto/NodeCryptoProvider.js';
import { StripeSignatureVerificationError } from 'stripe/esm/Error.js';
import { createWebhooks } from 'stripe/esm/Webhooks.js';
import type { IngestOutcome, Refusal } from '../../contract/outcomes.js';
import type { Settings } from '../../contract/settings.js';
import { isWantedMode, isWantedType } from '../domain/decide.js';
import { isObject } from '../domain/event.js';
import { toMessage } from '../queue/message.js';
import { SecretUnavailableError, type SigningSecrets } from './signing-secrets.js';

/** What to do about each error, for whoever reads it in Stripe's dashboard. It never holds anything of the request. */
const ERRORS: Readonly<Record<Refusal, { readonly status: 400 | 503; readonly message: string }>> = {
  signature_missing: {
    status: 400,
    message: 'There is no Stripe-Signature header. Send events from a Stripe webhook endpoint or the Stripe CLI.',
  },
  signature_invalid: {
    status: 400,
    message:
      'The Stripe-Signature header does not fit the body and a valid signing secret, or is older than 300 seconds. Check that the endpoint’s signing secret (whsec_…) is stored, and that nothing on the way changes the body.',
  },
  payload_invalid: {
    status: 400,
    message: 'The body is signed but is no Stripe event: JSON with id, type and data.object is expected.',
  },
  thin_event_unsupported: {
    status: 400,
    message:
      'This is a thin (v2) event, which carries no object. In Stripe, set the event destination’s payload style to snapshot.',
  },
  queue_unavailable: { status: 503, message: 'The event could not be queued. Stripe will send it again.' },
  secret_unavailable: {
    status: 503,
    message: 'The signing secrets could not be read, or none is stored yet. Stripe will send the event again.',
  },
};

export interface WebhookRequest {
  /** The body's bytes, exactly as they came. */
  readonly body: Buffer;
  readonly signature: string | undefined;
}

export interface Received {
  readonly status: number;
  readonly body: string;
  /** For logs and metrics: `queued`, why it was not wanted, or the error's code. */
  readonly outcome: IngestOutcome;
  readonly event?: { readonly id: string; readonly type: string; readonly objectId?: string };
  /** What went wrong behind an answer of 503. */
  readonly cause?: unknown;
}

export interface Dependencies {
  readonly settings: Settings;
  readonly secrets: SigningSecrets;
  /** Resolves once the queue has accepted the message. */
  readonly enqueue: (message: string) => Promise<void>;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** Answers one request. Never throws, and never repeats anything of the request. */
export async function receive(request: WebhookRequest, dependencies: Dependencies): Promise<Received> {
  const { settings, secrets, enqueue, now = Date.now } = dependencies;
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

  if (isThinEvent(event)) return refused('thin_event_unsupported');
  if (!isSnapshotEvent(event)) return refused('payload_invalid');
  const { id, type } = event;
  const objectId = event.data.object.id;
  const about = { event: { id, type, ...(typeof objectId === 'string' ? { objectId } : {}) } };
  if (!isWantedMode(event, settings.livemode)) return { ...accepted('livemode_mismatch'), ...about };
  if (!isWantedType(type, settings)) return { ...accepted('unsupported_type'), ...about };
  try {
    await enqueue(toMessage(request.body.toString('utf8'), event));
  } catch (error) {
    return { ...refused('queue_unavailable', error), ...about };
  }
  return { ...accepted('queued'), ...about };
}

// `import Stripe from 'stripe'` would load the whole API client, some 40 ms of every cold start; this is the module behind
// `stripe.webhooks`, with the two functions that it asks of its platform.
const webhooks = createWebhooks({
  createDefaultCryptoProvider: () => new NodeCryptoProvider(),
  secureCompare: (a: string, b: string) => {
    const [left, right] = [Buffer.from(a), Buffer.from(b)];
    return left.length === right.length && timingSafeEqual(left, right);
  },
} as never);

/** As in Stripe's own libraries, in seconds. */
const TOLERANCE_SECONDS = 300;

/**
 * @returns the event that one of the secrets has signed (undefined where it is no JSON), or undefined where none has
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
      // Signed, and then refused for what it says: thin events and what is no JSON.
      return { event: parseJson(body) };
    }
  }
  return undefined;
}

/** Stripe's library refuses what is too old; a time too far ahead is just as much outside the tolerance. */
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

function isThinEvent(event: unknown): boolean {
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
