// `trace`, `report` and `erase` against a local stack.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eraseEvent } from '../../cli/erase-event.js';
import { readReport, reportLines } from '../../cli/report-lines.js';
import { readerOf, type Target, targetOfStackFile } from '../../cli/target.js';
import { inOrder, traceDeadLetters, traceLinks, traceLogs, traceTables } from '../../cli/trace-sources.js';
import { sendEvents } from '../../functions/queue/send-events.js';
import { charge, customer, event } from '../support/builders/events.js';
import { type LocalStackUnderTest, startStack, until } from '../support/stack/local-stack.js';

const folder = mkdtempSync(join(tmpdir(), 'trace-'));
let stack: LocalStackUnderTest;
let target: Target;
beforeAll(async () => {
  stack = await startStack({ folder });
  target = targetOfStackFile(stack.file);
}, 180_000);
afterAll(async () => {
  target.close();
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
}, 180_000);

test('trace prints in time order, marks duplicates, and describes refunds in words', async () => {
  const paid = event('charge.succeeded', charge({ id: 'ch_t', customer: null }), 0, 'evt_paid');
  const refund = {
    id: 're_t',
    object: 'refund',
    amount: 500,
    charge: 'ch_t',
    status: 'failed',
    created: 1_750_000_000,
  };
  await stack.post(paid);
  await stack.settled();
  await stack.post(paid);
  await stack.settled();
  await stack.post(event('refund.failed', refund as never, 9, 'evt_refund'));
  await stack.settled();
  const ofEvent = inOrder(await traceLogs(target, 'evt_paid'));
  expect(ofEvent.map(({ what }) => what)).toEqual([
    'ingest: charge.succeeded evt_paid queued',
    'worker: charge.succeeded evt_paid stored, its customer or invoice is not known yet',
    'ingest: charge.succeeded evt_paid queued',
    'worker: charge.succeeded evt_paid duplicate: it had already been applied',
  ]);
  // Of a charge, ingest's lines too, which name only the event.
  const ofCharge = (await traceLogs(target, 'ch_t')).map(({ what }) => what);
  expect(ofCharge).toEqual(expect.arrayContaining(ofEvent.map(({ what }) => what)));
  const times = ofEvent.map(({ at }) => Date.parse(at!));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  const now = { where: 'table', what: 'now' } as const;
  expect(inOrder([now, ...ofEvent]).at(-1)).toBe(now);
  expect(await traceTables(target, 'ch_t')).toMatchObject([
    { what: 'transaction ch_t: recorded, its customer is not known yet, by charge.succeeded evt_paid' },
  ]);
  expect(await traceLinks(target, 'ch_t')).toMatchObject([
    { what: 'charge ch_t: refund re_t of 500 failed or was canceled, by event evt_refund' },
  ]);
}, 180_000);

test('trace finds what EventBridge could not queue, beside what the worker could not apply', async () => {
  const { sqs } = target;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'source-dead-letters' }));
  const both = { ...target, eventBridge: { source: 'aws.partner/stripe.com/ed_1', deadLetterQueueUrl: QueueUrl! } };
  const paid = event('charge.succeeded', charge({ id: 'ch_dead' }), 0, 'evt_not_queued');
  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html#eb-rule-dlq
  const MessageAttributes = { ERROR_CODE: { DataType: 'String', StringValue: 'NO_PERMISSIONS' } };
  const envelope = { version: '0', 'detail-type': paid.type, source: both.eventBridge.source, detail: paid };
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(envelope), MessageAttributes }));
  await stack.deadLetter(event('charge.refunded', charge({ id: 'ch_dead' }), 9, 'evt_not_applied'));
  const expected = [
    'charge.refunded evt_not_applied: could not be applied; sending it back may be enough',
    'charge.succeeded evt_not_queued: EventBridge could not queue it (NO_PERMISSIONS): send it back',
  ];
  // Twice: the messages stay where they are.
  for (let i = 0; i < 2; i++) {
    const found = await traceDeadLetters(both, 'ch_dead');
    expect(found.map(({ what }) => what).sort()).toEqual(expected);
    expect(found.every(({ where, at }) => where === 'dead letters' && at !== undefined)).toBe(true);
  }
  expect(await traceDeadLetters(both, 'evt_not_queued')).toHaveLength(1);
}, 60_000);

test('report keeps live and test money apart, and counts payments without a customer', async () => {
  const of = (id: string, livemode: boolean) => {
    const own = event('charge.succeeded', charge({ id, customer: null, livemode, metadata: { customer_key: 'acme' } }));
    return { ...own, livemode };
  };
  await stack.post(of('ch_live', true));
  await stack.post(of('ch_test', false));
  await stack.settled();
  expect(await reportLines(target, { by: ['customer'] })).toEqual([
    { customer: 'acme', currency: 'usd', livemode: false, count: 1, amount_net: 2000 },
    { customer: 'acme', currency: 'usd', livemode: true, count: 1, amount_net: 2000 },
  ]);
  expect(await reportLines(target, { by: ['currency'], livemode: true })).toMatchObject([{ livemode: true, count: 1 }]);
  expect((await readReport(target, { by: ['currency'] })).unattributed).toMatchObject([
    { currency: 'usd', livemode: false, count: 1, amount_net: 2000, example: 'ch_t' },
  ]);
}, 180_000);

test('erase removes a name for good, and keeps the key, the partner and the payments', async () => {
  const named = (at: number) =>
    event(
      'customer.updated',
      customer('gone', { id: 'cus_gone', name: 'Ada', metadata: { customer_key: 'gone', partner_key: 'p' } }),
      at,
    );
  await stack.post(named(0));
  await stack.post(event('charge.succeeded', charge({ id: 'ch_gone', customer: 'cus_gone' })));
  await stack.settled();
  expect(await readerOf(target).customer('gone')).toMatchObject({ name: 'Ada' });
  await sendEvents(target.sqs, target.queueUrl, [eraseEvent('gone')]);
  await until(async () => (await readerOf(target).customer('gone'))?.name === undefined, 30_000);
  await stack.post(named(1000));
  await stack.settled();
  const row = await readerOf(target).customer('gone');
  expect(row).toMatchObject({ customer_key: 'gone', partner_key: 'p', stripe_customer_id: 'cus_gone' });
  expect([row?.name, row?.email]).toEqual([undefined, undefined]);
  expect(await readerOf(target).transaction('ch_gone')).toMatchObject({ customer_key: 'gone' });
}, 180_000);
