// The places that know something of an event, charge, invoice, Stripe customer or customer key: tables, dead letters, logs, Stripe.

import { existsSync, readFileSync } from 'node:fs';
import type { Stripe } from 'stripe';
import { attributedInWords, type LogLine, parseLogLine } from '../contract/log-line.js';
import { INGEST_OUTCOMES, outcomeInWords } from '../contract/outcomes.js';
import type { Entity, Evidence } from '../functions/domain/change.js';
import { readDependents, readEvidence, readLink } from '../functions/store/look-up.js';
import { withRateLimitRetry } from '../functions/stripe/client.js';
import type { Transaction } from '../reader/reader.js';
import { type DeadLetter, deadLetterQueuesOf, readDeadLetters, release } from './dead-letters.js';
import { readerOf, type Target } from './target.js';

/** One thing that is known. */
export interface Trace {
  /** When it happened, in ISO 8601; absent for a state as it is now. */
  readonly at?: string;
  readonly where: 'table' | 'links' | 'dead letters' | 'log' | 'Stripe';
  readonly what: string;
  readonly details?: object;
}

/** What happened first, oldest first; the state as it is now at the end. */
export function inOrder(traces: readonly Trace[]): Trace[] {
  const time = ({ at }: Trace) => (at === undefined ? Number.POSITIVE_INFINITY : Date.parse(at));
  return traces.toSorted((a, b) => (time(a) === time(b) ? 0 : time(a) - time(b)));
}

/** The Stripe customer of a `customer_key`: the logs and the dead letters name a customer's events by it. */
export async function stripeCustomerOf(target: Target, id: string): Promise<string[]> {
  const { stripe_customer_id } = (await readerOf(target).customer(id)) ?? {};
  return stripe_customer_id === undefined ? [] : [stripe_customer_id];
}

export async function traceTables(target: Target, id: string): Promise<Trace[]> {
  const reader = readerOf(target);
  const traces: Trace[] = [];
  const transaction = await reader.transaction(id);
  if (transaction) {
    const by = `by ${transaction.event_type} ${transaction.event_id}`;
    traces.push({
      where: 'table',
      what: `transaction ${id}: ${stateOf(transaction)}, ${by}`,
      details: transaction,
    });
  }
  const customer = await reader.customer(id);
  if (customer) {
    const version = customer.version ?? 'none, because only a payment has named it so far';
    traces.push({
      where: 'table',
      what: `customer ${id}: referred by ${customer.partner_key ?? 'no partner'}, version ${version}`,
      details: customer,
    });
  }
  return traces;
}

function stateOf(transaction: Transaction): string {
  if (transaction.status === 'deleted') return `deleted (${transaction.deleted_reason})`;
  const { customer_key, customer_key_source } = transaction;
  if (customer_key === undefined) return 'recorded, its customer is not known yet';
  return `recorded for ${customer_key}, by ${customer_key_source === 'own' ? 'its own metadata' : 'its Stripe customer'}`;
}

/** What the table `links` holds about a Stripe customer, a charge or an invoice. */
export async function traceLinks({ dynamodb, tables }: Target, id: string): Promise<Trace[]> {
  if (tables.links === '') return [];
  const context = { client: dynamodb, tables };
  if (id.startsWith('cus_')) {
    const link = await readLink(context, id);
    let count = 0;
    for await (const ids of readDependents(context, id)) count += ids.length;
    return [
      {
        where: 'links',
        what: link
          ? `Stripe customer ${id} is linked to ${link.customer_key}, by version ${link.version}`
          : `Stripe customer ${id} is not linked to any customer_key`,
      },
      { where: 'links', what: `${count} transactions take their customer_key from it` },
    ];
  }
  const traces: Trace[] = [];
  for (const type of ['charge', 'payment_intent', 'invoice'] as const) {
    for (const each of evidenceInWords(await readEvidence(context, { type, id })))
      traces.push({ where: 'links', what: `${type.replace('_', ' ')} ${id}: ${each}` });
  }
  return traces;
}

function evidenceInWords({ refunds, disputes, refunded, failed, paid, claims, related }: Evidence): string[] {
  const names = (entities: readonly Entity[]) => entities.map((entity) => entity.id).join(', ');
  return [
    ...(paid ? [`paid, by event ${paid.event_id}`] : []),
    ...(claims ?? []).map((claim) => `paid by ${names(claim.payments)}, by version ${claim.version}`),
    ...(refunded ? [`shows a refund of ${refunded.shown}, by event ${refunded.event_id}`] : []),
    ...(failed ? [`failed, by event ${failed.event_id}`] : []),
    ...(refunds ?? []).map(
      ({ id, amount, undone, event_id }) =>
        `refund ${id} of ${amount} ${undone ? 'failed or was canceled' : 'was made'}, by event ${event_id}`,
    ),
    ...(disputes ?? []).map(
      ({ id, amount, status, event_id }) => `dispute ${id} of ${amount} is ${status}, by event ${event_id}`,
    ),
    ...(related ? [`related to ${names(related)}`] : []),
  ];
}

export async function traceDeadLetters(target: Target, id: string): Promise<Trace[]> {
  const found = await Promise.all(deadLetterQueuesOf(target).map((queue) => lettersIn(queue)));
  return found
    .flat()
    .filter(({ eventId, objectId }) => eventId === id || objectId === id)
    .map(({ eventId, eventType, reason, message }) => {
      const sent = Number(message.Attributes?.SentTimestamp);
      return {
        ...(sent > 0 ? { at: new Date(sent).toISOString() } : {}),
        where: 'dead letters' as const,
        what: `${eventType} ${eventId}: ${reason}`,
      };
    });
}

async function lettersIn(queue: Target): Promise<DeadLetter[]> {
  if (queue.deadLetterQueueUrl === '') return [];
  const letters = await readDeadLetters(queue);
  await release(queue, letters);
  return letters;
}

export async function traceLogs(target: Target, id: string): Promise<Trace[]> {
  const { log } = target;
  const read = (ids: readonly string[]) =>
    'file' in log ? Promise.resolve(localLines(log.file, ids)) : insightsLines(log.groups, ids);
  const found = await read([id]);
  // Ingest names only the event: the worker's lines say which events were about an object.
  const events = [...new Set(found.flatMap(({ event_id }) => event_id ?? []))].filter((event) => event !== id);
  const lines = events.length === 0 ? found : await read([id, ...events.slice(-MAX_EVENTS)]);
  const types = new Map(lines.flatMap(({ event_id, event_type }) => (event_type ? [[event_id, event_type]] : [])));
  const applied = new Set<string>();
  return lines
    .map((line) => ({ event_type: types.get(line.event_id), ...line }))
    .sort((a, b) => ((a.timestamp ?? '') < (b.timestamp ?? '') ? -1 : 1))
    .map((line) => ({
      ...(line.timestamp ? { at: line.timestamp } : {}),
      where: 'log',
      what: `${line.service ?? 'function'}: ${line.event_type ?? ''} ${line.event_id ?? ''} ${inWords(line, applied)}`,
      details: line,
    }));
}

/** @param applied the events that earlier lines have applied: a line that finds nothing new about one of them is a duplicate */
function inWords({ outcome = '', reason, event_id = '', service, attributed }: LogLine, applied: Set<string>): string {
  const words =
    outcome === 'stale' && applied.has(event_id) ? 'duplicate: it had already been applied' : outcomeInWords(outcome);
  if (service === 'worker' && outcome !== 'failed' && outcome !== 'not_understood') applied.add(event_id);
  const more = attributedInWords(attributed);
  return `${words}${reason ? ` (${reason})` : ''}${more}`;
}

/** Whose lines are read: a query of Insights has at most 10,000 characters. */
const MAX_EVENTS = 150;

function localLines(file: string | null, ids: readonly string[]): LogLine[] {
  if (file === null || !existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => ids.some((id) => line.includes(JSON.stringify(id))))
    .map(parseLogLine)
    .filter((line) => line !== undefined)
    .filter(({ event_id = '', object_id = '' }) => ids.includes(event_id) || ids.includes(object_id));
}

const DAY = 24 * 3600;

/** Asks CloudWatch Logs Insights for the last 30 days. */
async function insightsLines(groups: readonly string[], ids: readonly string[]): Promise<LogLine[]> {
  if (groups.length === 0) return [];
  const { CloudWatchLogsClient, GetQueryResultsCommand, StartQueryCommand } = await import(
    '@aws-sdk/client-cloudwatch-logs'
  );
  const client = new CloudWatchLogsClient({});
  try {
    const now = Math.floor(Date.now() / 1000);
    const quoted = JSON.stringify(ids);
    const { queryId } = await client.send(
      new StartQueryCommand({
        logGroupNames: [...groups],
        startTime: now - 30 * DAY,
        endTime: now,
        queryString: `fields @timestamp, event_type, event_id, outcome, reason, attributed | filter event_id in ${quoted} or object_id in ${quoted} | sort @timestamp asc | limit 1000`,
      }),
    );
    for (;;) {
      const { status, results = [] } = await client.send(new GetQueryResultsCommand({ queryId }));
      if (status === 'Complete') return results.map(logLineOf);
      if (status === 'Failed' || status === 'Cancelled' || status === 'Timeout')
        throw new Error(`CloudWatch Logs Insights: the query ended as ${status}`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  } finally {
    client.destroy();
  }
}

/** Insights writes `2026-11-24 19:00:00.000` in UTC. */
function logLineOf(fields: readonly { readonly field?: string; readonly value?: string }[]): LogLine {
  const line: Record<string, string | undefined> = Object.fromEntries(
    fields.map(({ field = '', value }) => [field.replace('@', ''), value]),
  );
  const { timestamp, attributed, ...rest } = line;
  // No outcome is one of both functions.
  const service = (INGEST_OUTCOMES as readonly string[]).includes(rest.outcome ?? '') ? 'ingest' : 'worker';
  return {
    service,
    ...rest,
    ...(timestamp ? { timestamp: `${timestamp.replace(' ', 'T')}Z` } : {}),
    ...(attributed ? { attributed: Number(attributed) } : {}),
  };
}

/** The object as Stripe has it now; an event at the time it was created. */
export async function traceStripe(stripe: Stripe, id: string): Promise<Trace[]> {
  const retrieve = RETRIEVALS.find(([prefix]) => id.startsWith(prefix))?.[1];
  if (!retrieve) return [];
  try {
    return [{ where: 'Stripe', ...(await withRateLimitRetry(() => retrieve(stripe, id))) }];
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
    return [{ where: 'Stripe', what: `Stripe does not know ${id}` }];
  }
}

type Retrieval = (stripe: Stripe, id: string) => Promise<Pick<Trace, 'at' | 'what'>>;

const RETRIEVALS: readonly (readonly [prefix: string, Retrieval])[] = [
  [
    'evt_',
    async (stripe, id) => {
      const { type, created, pending_webhooks } = await stripe.events.retrieve(id);
      const what = `${type} was created; ${pending_webhooks} deliveries are pending`;
      return { at: new Date(created * 1000).toISOString(), what };
    },
  ],
  [
    'ch_',
    async (stripe, id) => {
      const { status, refunded, customer } = await stripe.charges.retrieve(id);
      return { what: `charge ${status}${refunded ? ', refunded' : ''}, Stripe customer ${customer ?? 'none'}` };
    },
  ],
  ['in_', async (stripe, id) => ({ what: `invoice ${(await stripe.invoices.retrieve(id)).status}` })],
  [
    'cus_',
    async (stripe, id) => {
      const customer = await stripe.customers.retrieve(id);
      if (customer.deleted) return { what: 'customer, deleted' };
      return { what: `customer, customer_key ${customer.metadata.customer_key ?? 'none'}` };
    },
  ],
];
