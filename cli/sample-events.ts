// Small events as Stripe writes them, and how they are sent: for `verify`, the demo and the console's testing suite.

import { createHmac } from 'node:crypto';

export interface SampleEvent {
  readonly id: string;
  readonly object: 'event';
  readonly type: string;
  /** Unix seconds. */
  readonly created: number;
  readonly livemode: boolean;
  readonly data: { readonly object: Readonly<Record<string, unknown>> };
}

type Fields = Readonly<Record<string, unknown>>;

export function sampleEvent(
  id: string,
  type: string,
  created: number,
  object: Fields & { readonly livemode: boolean },
): SampleEvent {
  return { id, object: 'event', type, created, livemode: object.livemode, data: { object } };
}

interface Sample {
  readonly id: string;
  readonly livemode: boolean;
}

export function sampleCustomer({ id, livemode }: Sample, fields: Fields) {
  return { id, object: 'customer', email: null, livemode, metadata: {}, name: null, ...fields };
}

/** A captured charge without refunds or disputes. */
export function sampleCharge({ id, livemode }: Sample, fields: Fields & { readonly amount: number }) {
  return {
    id,
    object: 'charge',
    amount_captured: fields.amount,
    amount_refunded: 0,
    captured: true,
    currency: 'usd',
    customer: null,
    invoice: null,
    livemode,
    metadata: {},
    paid: true,
    refunded: false,
    status: 'succeeded',
    ...fields,
  };
}

export function sampleInvoice({ id, livemode }: Sample, fields: Fields & { readonly amount_paid: number }) {
  return { id, object: 'invoice', currency: 'usd', customer: null, livemode, metadata: {}, ...fields };
}

export interface Answer {
  /** Of the HTTP answer; 0 where there is none. */
  readonly status: number;
  readonly body: string;
}

/** Posts a body as Stripe does. @param at milliseconds, for the signature's timestamp */
export async function postSigned(url: string, body: string, secret: string, at = Date.now()): Promise<Answer> {
  const timestamp = Math.floor(at / 1000);
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  const headers = { 'content-type': 'application/json', 'stripe-signature': `t=${timestamp},v1=${signature}` };
  const signal = AbortSignal.timeout(30_000);
  try {
    const response = await fetch(url, { method: 'POST', body, headers, signal });
    return { status: response.status, body: await response.text() };
  } catch {
    return { status: 0, body: '' };
  }
}
