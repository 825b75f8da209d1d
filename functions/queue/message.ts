// The queue message that an event becomes: the event as Stripe sent it, or, where that is too large, what the rules read of it.

import { isObject } from '../domain/event.js';

/** SQS takes 1 MiB; a quarter of it keeps a batch of messages within what Lambda may be invoked with. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

/** Longer than any value that Stripe allows; only a value that no rule could use is dropped. */
const MAX_VALUE_LENGTH = 5_000;
/** Stripe lists at most 100 objects in one page. */
const MAX_PAYMENTS = 100;

/**
 * @param body the event as it was received and verified
 * @param event the same, parsed
 */
export function toMessage(body: string, event: object): string {
  if (Buffer.byteLength(body) <= MAX_MESSAGE_BYTES) return withoutUnsendable(body);
  return withoutUnsendable(JSON.stringify(keep(event, EVENT)));
}

/** SQS refuses two characters that JSON allows; written as escapes they mean the same. */
function withoutUnsendable(json: string): string {
  return json.replace(/[\uFFFE\uFFFF]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
}

const REFERENCE = ['id', 'object'] as const;
const KEYS = ['customer_key', 'partner_key', 'product_key', 'gspk'] as const;

/** What the rules read, as a shape: `true` keeps a plain value, an object is the shape of a nested one. */
interface Shape {
  readonly [field: string]: true | Shape;
}

const metadata: Shape = Object.fromEntries(KEYS.map((key) => [key, true as const]));
const reference: Shape = Object.fromEntries(REFERENCE.map((key) => [key, true as const]));
const payment: Shape = { type: true, charge: reference, payment_intent: reference };
const subscriptionDetails: Shape = { metadata };

const EVENT: Shape = {
  id: true,
  object: true,
  type: true,
  created: true,
  livemode: true,
  api_version: true,
  data: {
    object: {
      id: true,
      object: true,
      status: true,
      paid: true,
      refunded: true,
      captured: true,
      amount: true,
      amount_captured: true,
      amount_refunded: true,
      amount_paid: true,
      amount_due: true,
      total: true,
      total_excluding_tax: true,
      tax: true,
      total_tax_amounts: { amount: true },
      paid_out_of_band: true,
      currency: true,
      created: true,
      date: true,
      livemode: true,
      name: true,
      email: true,
      customer: reference,
      charge: reference,
      payment_intent: reference,
      invoice: reference,
      metadata,
      payment,
      payments: { data: { payment } },
      parent: { subscription_details: subscriptionDetails },
      subscription_details: subscriptionDetails,
    },
  },
};

function keep(value: unknown, shape: true | Shape): unknown {
  if (typeof value === 'string') return value.length <= MAX_VALUE_LENGTH ? value : undefined;
  if (Array.isArray(value)) return value.slice(0, MAX_PAYMENTS).map((each) => keep(each, shape));
  if (!isObject(value)) return value;
  if (shape === true) return undefined;
  return Object.fromEntries(
    Object.keys(shape)
      .filter((field) => Object.hasOwn(value, field))
      .map((field) => [field, keep(value[field], shape[field]!)]),
  );
}
