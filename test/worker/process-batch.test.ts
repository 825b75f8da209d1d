// Batches: what events of one batch cost each other, and that they cost each other nothing else.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.js';
import { processBatch } from '../../functions/worker/process-batch.js';
import { type Engine, startEngine } from '../support/engine.js';
import { charge, customer, event } from '../support/events.js';
import { deliver, type Event } from '../support/history.js';
import { memoryEngine } from '../support/memory-engine.js';
import { expectedRows } from '../support/model.js';
import { workload } from '../support/workload.js';

const SETTINGS: Settings = DEFAULT_SETTINGS;
const message = (body: unknown, i: number) => ({
  messageId: String(i),
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const outcomes = async (connection: Parameters<typeof processBatch>[0], bodies: unknown[]) =>
  (await processBatch(connection, SETTINGS, bodies.map(message))).map(({ outcome, reason }) =>
    reason ? `${outcome}: ${reason}` : outcome,
  );

test('each message is told what became of it', async () => {
  const engine = memoryEngine();
  const created = event('customer.created', customer('acme'));
  expect(
    await outcomes(engine, [
      created,
      event('charge.succeeded', charge()),
      event('charge.succeeded', charge({ id: 'ch_2', customer: 'cus_b' })),
      event('charge.failed', charge({ id: 'ch_3', status: 'failed' })),
      event('customer.updated', customer()),
      event('charge.updated', charge({ id: 'ch_4', status: 'pending' })),
      'MARK not JSON',
      { MARK: true },
      event('charge.succeeded', charge({ amount: 'MARK' })),
    ]),
  ).toEqual([
    'customer_updated',
    'recorded',
    'waiting',
    'deleted',
    'ignored: no_customer_key',
    'ignored: not_yet_paid',
    'not_understood: SyntaxError',
    "not_understood: the event's data.object is not an object",
    "not_understood: the event's amount is not an integer amount in minor units",
  ]);
  expect(await outcomes(engine, [created])).toEqual(['stale']);
  const linked = await processBatch(
    engine,
    SETTINGS,
    [event('customer.created', customer('beta', { id: 'cus_b' }))].map(message),
  );
  expect(linked).toMatchObject([{ outcome: 'customer_updated', attributed: 1 }]);
});

describe('requests', () => {
  const requestsFor = async (connection: ReturnType<typeof memoryEngine>, events: Event[]) => {
    const before = connection.requests;
    await deliver(connection, SETTINGS, [events]);
    return connection.requests - before;
  };
  test('nothing is written twice for one event when nothing failed: a linked charge takes four requests', async () => {
    const writes: string[] = [];
    const engine = memoryEngine({ before: (name) => void (/Get|Query/.test(name) || writes.push(name)) });
    await deliver(engine, SETTINGS, [[event('customer.created', customer('acme'))]]);
    expect(writes.sort()).toEqual(['PutCommand', 'UpdateCommand']);
    writes.length = 0;
    expect(await requestsFor(engine, [event('charge.succeeded', charge())])).toBe(4);
    expect(writes).toEqual(['BatchWriteCommand', 'PutCommand']);
    writes.length = 0;
    expect(await requestsFor(engine, [event('charge.updated', charge(), 1)])).toBe(3);
    expect(writes).toEqual(['PutCommand']);
  });
  test('events about one object in one batch collapse to what decides the row', async () => {
    const many = Array.from({ length: 40 }, (_, i) => event('charge.updated', charge(), i));
    expect(await requestsFor(memoryEngine(), many)).toBe(4);
  });
  test('a batch of 100 of a usual business takes fewer requests than it has events', async () => {
    const engine = memoryEngine();
    const history = workload({ seed: 3, customers: 200 });
    for (let i = 0; i + 100 <= history.length; i += 100) await deliver(engine, SETTINGS, [history.slice(i, i + 100)]);
    const events = Math.floor(history.length / 100) * 100;
    expect(engine.requests / events).toBeLessThan(1);
    expect(engine.rows()).toEqual(expectedRows(history.slice(0, events), SETTINGS));
  });
});

describe('faults', () => {
  test('one failing message never fails its batch', async () => {
    const engine = memoryEngine({
      before: (name, input) => {
        if (name === 'PutCommand' && JSON.stringify(input).includes('"ch_2"'))
          throw Object.assign(new Error('down'), { name: 'InternalServerError' });
      },
    });
    const events = ['ch_1', 'ch_2', 'ch_3'].map((id) => event('charge.succeeded', charge({ id })));
    expect(await outcomes(engine, events)).toEqual(['waiting', 'failed: InternalServerError', 'waiting']);
    expect(engine.rows().transactions.map((row) => row.transaction_id)).toEqual(['ch_1', 'ch_3']);
  });
  test('a row is written for its newest event, though an older one of the same batch failed at something else', async () => {
    let down = true;
    const engine = memoryEngine({
      before: (name, input) => {
        if (down && name === 'UpdateCommand' && JSON.stringify(input).includes('"customer_key":"first"},'))
          throw Object.assign(new Error('down'), { name: 'InternalServerError' });
      },
    });
    const history = [
      event('charge.succeeded', charge({ metadata: { customer_key: 'first' } })),
      event('charge.updated', charge({ metadata: { customer_key: 'second' } }), 1),
    ];
    expect(await outcomes(engine, history)).toEqual(['failed: InternalServerError', 'recorded']);
    down = false;
    await deliver(engine, SETTINGS, [[history[0]!]]);
    expect(engine.rows()).toEqual(expectedRows(history, SETTINGS));
  });
  test('when the tables cannot be read at all, every message that needed them is tried again, and no other', async () => {
    const engine = memoryEngine({
      before: () => {
        throw Object.assign(new Error('down'), { name: 'ProvisionedThroughputExceededException' });
      },
    });
    expect(
      await outcomes(engine, [event('charge.succeeded', charge()), event('customer.updated', customer())]),
    ).toEqual(['failed: ProvisionedThroughputExceededException', 'ignored: no_customer_key']);
  });
  test('unprocessed parts of a batch are asked for again, until the time is over', async () => {
    const engine = memoryEngine();
    let refuses = (count: number) => count % 2 === 1;
    let count = 0;
    const send = async (command: { constructor: { name: string }; input: { RequestItems: object } }) => {
      const { name } = command.constructor;
      if (/^Batch/.test(name) && refuses(++count)) {
        return name === 'BatchGetCommand'
          ? { Responses: {}, UnprocessedKeys: command.input.RequestItems }
          : { UnprocessedItems: command.input.RequestItems };
      }
      return engine.client.send(command as never);
    };
    const connection = { tables: engine.tables, client: { send } as never };
    const history = [
      event('charge.succeeded', charge()),
      event('customer.created', customer('acme')),
      event('charge.succeeded', charge({ id: 'ch_2' })),
    ];
    await deliver(
      connection,
      SETTINGS,
      history.map((each) => [each]),
    );
    expect(engine.rows()).toEqual(expectedRows(history, SETTINGS));
    refuses = () => true;
    const over = { ...connection, signal: AbortSignal.timeout(150) };
    expect(await outcomes(over, [event('charge.succeeded', charge())])).toEqual(['failed: TimeoutError']);
  });
  test('a charge whose mark could not be written is tried again', async () => {
    const engine = memoryEngine({
      before: (name) => {
        if (name === 'BatchWriteCommand') throw Object.assign(new Error('down'), { name: 'InternalServerError' });
      },
    });
    expect(await outcomes(engine, [event('charge.succeeded', charge())])).toEqual(['failed: InternalServerError']);
    expect(engine.rows().transactions).toEqual([]);
  });
});

describe('a Stripe customer with many charges', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
  });
  afterAll(() => engine.stop());
  beforeEach(() => engine.clear());

  test('all that wait are attributed when it is linked, and all move when the link moves', async () => {
    const count = Number(process.env.WAITING_CHARGES ?? 500);
    const charges = Array.from({ length: count }, (_, i) => event('charge.succeeded', charge({ id: `ch_${i}` }), i));
    for (let i = 0; i < count; i += 100) await deliver(engine, SETTINGS, [charges.slice(i, i + 100)]);
    const [linked] = await deliver(engine, SETTINGS, [[event('customer.created', customer('acme'))]]);
    expect(linked).toMatchObject({ outcome: 'customer_updated', attributed: count });
    const [moved] = await deliver(engine, SETTINGS, [[event('customer.updated', customer('beta'), 1)]]);
    expect(moved).toMatchObject({ attributed: count });
    expect(new Set((await engine.rows()).transactions.map((row) => row.customer_key))).toEqual(new Set(['beta']));
  }, 120_000);
});
