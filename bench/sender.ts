// What sends events to the local stack, as Stripe does.

import { Agent, request } from 'node:http';
import type { StackFile } from '../contract/stack-file.js';
import type { Event } from '../test/support/builders/history.js';
import { sign } from '../test/support/builders/sign.js';

/** Requests in flight at the same time. */
export const AT_ONCE = 32;

export interface SignedEvent {
  readonly id: string;
  readonly body: string;
  readonly signature: string;
}

/** Before anything is timed: what the sender does takes the cores from the stack. */
export function signAll({ signingSecrets }: StackFile, events: readonly Event[]): SignedEvent[] {
  return events.map((event) => {
    const body = JSON.stringify(event);
    return { id: event.id, body, signature: sign(body, signingSecrets[0]!) };
  });
}

const keepAlive = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

/** Posts an event as Stripe does. @returns when it was accepted, in milliseconds */
export function post({ webhookUrl }: StackFile, { body, signature }: SignedEvent): Promise<number> {
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'stripe-signature': signature,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(webhookUrl, { method: 'POST', agent: keepAlive, headers }, (response) => {
      response.resume();
      response.once('end', () =>
        response.statusCode === 200
          ? resolve(Date.now())
          : reject(new Error(`the webhook answered ${response.statusCode}`)),
      );
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
