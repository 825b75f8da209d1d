// `trace ID`: what happened to an event, charge, invoice, Stripe customer or customer key: tables, dead letters, logs, Stripe.

import { existsSync, readFileSync } from 'node:fs';
import { parseLogLine } from '../contract/log-line.js';
import type { Entity, Evidence } from '../functions/domain/change.js';
import { readDependents, readEvidence, readLink } from '../functions/store/look-up.js';
import { readDeadLetters, release } from './dead-letters.js';
import type { Output } from './output.js';
import { readerOf } from './show.js';
import type { Target } from './target.js';

/** One thing that is known, in the order of the places that were asked. */
export interface Trace {
  readonly where: 'table' | 'links' | 'dead letters' | 'log' | 'Stripe';
  readonly what: string;
  readonly details?: object;
}

export async function trace(
  target: Target,
  id: string,
  output: Output,
  fromStripe?: (id: string) => Promise<Trace[]>,
): Promise<number> {
  let count = 0;
  const tell = (traces: readonly Trace[]) => {
    for (const each of traces) {
      count++;
      output.item(each, `${each.where.padEnd(12)}  ${each.what}`);
    }
  };
  tell(await inTables(target, id));
  tell(await inLinks(target, id));
  tell(await inDeadLetters(target, id));
  tell(await inLogs(target, id));
  if (fromStripe) tell(await fromStripe(id));
  if (count === 0)
    output.say(`Nothing is known of ${id}: it was never received, or its log lines are past their time.`);
  return count;
}

async function inTables(target: Target, id: string): Promise<Trace[]> {
  const reader = readerOf(target);
  const traces: Trace[] = [];
  const transaction = await reader.transaction(id);
  if (transaction) {
    const state =
      transaction.status === 'deleted'
        ? `deleted (${transaction.deleted_reason})`
        : `recorded, ${transaction.customer_key === undefined ? 'waiting for its customer' : `for ${transaction.customer_key} by its ${transaction.customer_key_source} key`}`;
    traces.push({
      where: 'table',
      what: `transaction ${id}: ${state}, decided by ${transaction.event_type} ${transaction.event_id}`,
      details: transaction,
    });
  }
  const customer = await reader.customer(id);
  if (customer) {
    traces.push({
      where: 'table',
      what: `customer ${id}: referred by ${customer.partner_key ?? 'nobody'}, version ${customer.version ?? 'none: only named by a charge or invoice'}`,
      details: customer,
    });
  }
  return traces;
}

/** What the machinery knows of a Stripe customer, a charge or an invoice. */
async function inLinks({ dynamodb, tables }: Target, id: string): Promise<Trace[]> {
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
          : `Stripe customer ${id} is not linked to any customer key`,
      },
      { where: 'links', what: `${count} transactions take their customer key from it` },
    ];
  }
  const traces: Trace[] = [];
  for (const type of ['charge', 'payment_intent', 'invoice'] as const) {
    const evidence = await readEvidence(context, { type, id });
    for (const each of evidence ? evidenceInWords(evidence) : [])
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

async function inDeadLetters(target: Target, id: string): Promise<Trace[]> {
  if (target.deadLetterQueueUrl === '') return [];
  const letters = await readDeadLetters(target);
  await release(target, letters);
  return letters
    .filter(({ eventId, objectId }) => eventId === id || objectId === id)
    .map(({ eventId, eventType, reason }) => ({ where: 'dead letters', what: `${eventType} ${eventId}: ${reason}` }));
}

async function inLogs(target: Target, id: string): Promise<Trace[]> {
  const lines = 'file' in target.log ? localLines(target.log.file, id) : await insightsLines(target.log.groups, id);
  return lines.map((line) => ({
    where: 'log',
    what: `${line.timestamp ?? ''} ${line.service ?? ''}: ${line.event_type ?? ''} ${line.event_id ?? ''} ${line.outcome ?? ''}${line.reason ? ` (${line.reason})` : ''}`.trim(),
    details: line,
  }));
}

type LocalOrInsights = Readonly<Record<string, string | undefined>>;

function localLines(file: string | null, id: string): LocalOrInsights[] {
  if (file === null || !existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.includes(JSON.stringify(id)))
    .map((line) => parseLogLine(line) as LocalOrInsights | undefined)
    .filter((line) => line !== undefined)
    .filter(({ event_id, object_id }) => event_id === id || object_id === id);
}

const DAY = 24 * 3600;

/** Asks CloudWatch Logs Insights for the last 30 days. */
async function insightsLines(groups: readonly string[], id: string): Promise<LocalOrInsights[]> {
  const { CloudWatchLogsClient, GetQueryResultsCommand, StartQueryCommand } = await import(
    '@aws-sdk/client-cloudwatch-logs'
  );
  const client = new CloudWatchLogsClient({});
  const now = Math.floor(Date.now() / 1000);
  const quoted = JSON.stringify(id);
  const { queryId } = await client.send(
    new StartQueryCommand({
      logGroupNames: [...groups],
      startTime: now - 30 * DAY,
      endTime: now,
      queryString: `fields @timestamp, service, event_type, event_id, outcome, reason | filter event_id = ${quoted} or object_id = ${quoted} | sort @timestamp asc | limit 1000`,
    }),
  );
  for (;;) {
    const { status, results = [] } = await client.send(new GetQueryResultsCommand({ queryId }));
    if (status === 'Complete') {
      client.destroy();
      return results.map((fields) =>
        Object.fromEntries(fields.map(({ field = '', value }) => [field.replace('@', ''), value])),
      );
    }
    if (status === 'Failed' || status === 'Cancelled' || status === 'Timeout')
      throw new Error(`Logs Insights: ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
