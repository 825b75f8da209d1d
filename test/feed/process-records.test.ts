// A batch of stream records is sent in order, within EventBridge's limits, and what was not accepted is delivered again.

import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, test } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import { processRecords } from '../../functions/feed/process-records.js';
import { type BusEvent, createEventBus } from '../../local/event-bus.js';
import { busClient } from '../support/fakes/bus-client.js';

const row = (id: string, fields: object = {}) => ({ transaction_id: id, status: 'recorded', _revision: 1, ...fields });
const record = (sequence: number, before: object | undefined, after: object | undefined): DynamoDBRecord => ({
  eventID: String(sequence),
  dynamodb: {
    SequenceNumber: String(sequence),
    ApproximateCreationDateTime: 1_750_000_000,
    ...(before ? { OldImage: marshall(before) as never } : {}),
    ...(after ? { NewImage: marshall(after) as never } : {}),
  },
});
const created = (count: number, fields: object = {}) =>
  Array.from({ length: count }, (_, i) => record(i, undefined, row(`ch_${i}`, fields)));

/** @param refuse names the error for a row's id */
function start(refuse: (id: string) => string | undefined = () => undefined) {
  const bus = createEventBus(({ Detail }) => refuse(JSON.parse(Detail!).id));
  const sizes: number[] = [];
  const eventBridge = busClient(bus, (entries) => void sizes.push(entries.length));
  const context = { eventBridge, bus: 'bus', stack: 'test', personalData: false };
  return { bus, sizes, context, ids: () => bus.recent().map((event: BusEvent) => event.detail.id) };
}

test('sends ten at a time, in order', async () => {
  const { sizes, context, ids } = start();
  const processed = await processRecords(context, created(23));
  expect(sizes).toEqual([10, 10, 3]);
  expect(ids()).toEqual(Array.from({ length: 23 }, (_, i) => `ch_${i}`));
  expect(new Set(processed.map(({ outcome }) => outcome))).toEqual(new Set(['sent']));
});

test('sends no more bytes in one request than EventBridge accepts', async () => {
  const { sizes, context } = start();
  // Two of them fit into a request, three do not.
  const processed = await processRecords(context, created(5, { product_key: 'é'.repeat(50_000) }));
  expect(sizes).toEqual([2, 2, 1]);
  expect(processed.every(({ outcome }) => outcome === 'sent')).toBe(true);
});

test('an event has the time of the write', async () => {
  const { bus, context } = start();
  await processRecords(context, created(1));
  expect(bus.recent()[0]).toMatchObject({ source: 'stripe-partner-sync', time: '2025-06-15T15:06:40.000Z' });
});

test('a write of internal attributes only is not sent', async () => {
  const { sizes, context } = start();
  const processed = await processRecords(context, [record(1, row('ch_1'), row('ch_1', { _revision: 2 }))]);
  expect([sizes, processed]).toEqual([[], [{ sequenceNumber: '1', id: 'ch_1', outcome: 'invisible' }]]);
});

test('a row that was removed by hand causes no event, and the log names it', async () => {
  const { context } = start();
  expect(await processRecords(context, [record(1, row('ch_1'), undefined)])).toEqual([
    { sequenceNumber: '1', id: 'ch_1', outcome: 'invisible', reason: 'row_removed' },
  ]);
});

describe('failures', () => {
  const outcomes = async (records: DynamoDBRecord[], refuse: (id: string) => string | undefined) => {
    const { sizes, context } = start(refuse);
    const processed = await processRecords(context, records);
    return { sizes, outcomes: processed.map(({ outcome, reason }) => [outcome, reason]) };
  };
  test('a refused entry fails together with all records after it, and no later request is sent', async () => {
    const result = await outcomes(created(25), (id) => (id === 'ch_12' ? 'ThrottlingException' : undefined));
    expect(result.sizes).toEqual([10, 10]);
    expect(result.outcomes).toEqual([
      ...Array(12).fill(['sent', undefined]),
      ['failed', 'ThrottlingException'],
      ...Array(12).fill(['failed', 'after_a_failure']),
    ]);
  });
  test('an invisible write before the failure is done, and one after it waits', async () => {
    const invisible = (sequence: number) => record(sequence, row('ch_x'), row('ch_x', { _revision: 2 }));
    const result = await outcomes(
      [invisible(1), record(2, undefined, row('ch_2')), invisible(3)],
      () => 'InternalFailure',
    );
    expect(result.outcomes).toEqual([
      ['invisible', undefined],
      ['failed', 'InternalFailure'],
      ['failed', 'after_a_failure'],
    ]);
  });
  test('a request that fails as a whole fails from its first record on', async () => {
    const { context } = start();
    let requests = 0;
    const eventBridge = {
      send: async (command: never) => {
        if (++requests === 2) throw Object.assign(new Error('secret'), { name: 'ServiceUnavailable' });
        return context.eventBridge.send(command);
      },
    } as typeof context.eventBridge;
    const processed = await processRecords({ ...context, eventBridge }, created(15));
    expect(processed.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ...Array(10).fill(['sent', undefined]),
      ['failed', 'ServiceUnavailable'],
      ...Array(4).fill(['failed', 'after_a_failure']),
    ]);
  });
  test('a record that cannot be read fails alone; what comes before it is sent', async () => {
    const broken = record(2, undefined, row('ch_2'));
    broken.dynamodb!.NewImage = { amount: { X: 'what' } } as never;
    const result = await outcomes(
      [record(1, undefined, row('ch_1')), broken, record(3, undefined, row('ch_3'))],
      () => undefined,
    );
    expect(result.outcomes).toEqual([
      ['sent', undefined],
      ['failed', 'Error'],
      ['failed', 'after_a_failure'],
    ]);
    expect(result.sizes).toEqual([1]);
  });
});
