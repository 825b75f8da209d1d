// The standard mix (test/support/builders/workload.ts) as invocations.

import type { Event } from '../test/support/builders/history.js';
import { sign } from '../test/support/builders/sign.js';
import { workload } from '../test/support/builders/workload.js';
import { SECRET } from './emulators.js';
import { inBatches } from './measure.js';

/** A whole history of the standard mix, of about this many events: its end has other events than its beginning. */
export function standardMix(seed: number, events: number): Event[] {
  const mix = workload({ seed, customers: Math.max(1, Math.round(events / EVENTS_OF_A_CUSTOMER)) });
  return JSON.parse(
    JSON.stringify(mix).replaceAll(/"((?:evt|ch|pi|re|dp|in|cus)_\w+)"/g, (_, id) => `"${asLong(id)}"`),
  );
}

/** IDs cost bytes in rows and logs: these are as long as those that Stripe makes now, `evt_1PqRsTuVwXyZaBcDeFgHiJkL` or `cus_QxYzAbCdEfGhIj`. */
function asLong(id: string): string {
  const [prefix] = id.split('_');
  return id.padEnd(prefix!.length + 1 + (prefix === 'cus' ? 14 : 24), 'x');
}

/** As if the last of them had just happened: otherwise what is logged about their age would be longer than it is in production. */
export function stampedNow(events: readonly Event[]): Event[] {
  const shift = Math.floor(Date.now() / 1000) - Math.max(...events.map(({ created }) => created));
  return events.map((event) => ({ ...event, created: event.created + shift }));
}

const EVENTS_OF_A_CUSTOMER = 8.6;

/** How many bytes the largest event of the standard mix has. */
export function largestEvent(): number {
  return Math.max(...standardMix(1, 1000).map((event) => Buffer.byteLength(JSON.stringify(event))));
}

/** The event that SQS gives a worker. */
export function sqsEvents(events: readonly Event[], batchSize: number) {
  return inBatches(
    events.map((event, i) => ({
      messageId: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
      receiptHandle: 'receipt',
      body: JSON.stringify(event),
      attributes: {},
      messageAttributes: {},
      eventSource: 'aws:sqs',
    })),
    batchSize,
  ).map((Records) => ({ Records }));
}

/** The request that API Gateway gives ingest, signed now. */
export function gatewayEvent(event: Event) {
  const body = JSON.stringify(event);
  return {
    version: '2.0',
    routeKey: 'POST /stripe/webhook',
    rawPath: '/stripe/webhook',
    headers: { 'content-type': 'application/json', 'stripe-signature': sign(body, SECRET) },
    requestContext: {},
    body,
    isBase64Encoded: false,
  };
}
