// Batches: what becomes of each event, and that the events of one batch cost each other nothing.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.js';
import { ERASE_EVENT_TYPE } from '../../functions/domain/customer.js';
import { chunks, type StoreContext } from '../../functions/store/requests.js';
import { amountsRecorded, processBatch } from '../../functions/worker/process-batch.js';
import { charge, customer, dispute, event, invoice, invoicePayment, NOON, refund } from '../support/builders/events.js';
import { deliver, type Event } from '../support/builders/history.js';
import { workload } from '../support/builders/workload.js';
import { type Engine, startEngine } from '../support/emulators/engine.js';
import { memoryEngine } from '../support/emulators/memory-engine.js';
import { intercepted } from '../support/fakes/intercepted.js';
import { expectedRows } from '../support/model/model.js';
import { rule } from '../support/rule.js';

const SETTINGS: Settings = DEFAULT_SETTINGS;
const NET: Settings = { ...SETTINGS, partialRefund: 'net' };
const INVOICE: Settings = { ...SETTINGS, transactionSource: 'invoice' };
const message = (body: unknown, i: number) => ({
  messageId: String(i),
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const outcomes = async (context: StoreContext, bodies: readonly unknown[], settings = SETTINGS) =>
  (await processBatch(context, settings, bodies.map(message))).map(({ outcome, reason }) =>
    reason ? `${outcome}: ${reason}` : outcome,
  );
const down = (name = 'InternalServerError') => Object.assign(new Error('down'), { name });

describe('the outcomes of a batch', () => {
  test('each message has its own', async () => {
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
        event('refund.created', refund({ charge: null })),
        'MARK not JSON',
        { MARK: true },
        event('charge.succeeded', charge({ amount: 'MARK' })),
        event(ERASE_EVENT_TYPE, { id: 'gone' }),
      ]),
    ).toEqual([
      'customer_updated',
      'recorded',
      'waiting',
      'deleted',
      'ignored: no_customer_key',
      'ignored: not_yet_paid',
      'ignored: no_charge',
      'not_understood: SyntaxError',
      "not_understood: the event's data.object is not an object",
      "not_understood: the event's amount is not an integer amount in minor units",
      'customer_updated',
    ]);
    expect(await outcomes(engine, [created])).toEqual(['stale']);
    const linked = event('customer.created', customer('beta', { id: 'cus_b' }));
    expect(await processBatch(engine, SETTINGS, [message(linked, 0)])).toMatchObject([
      { outcome: 'customer_updated', attributed: 1 },
    ]);
  });
  test('an event of another mode, or of a type that the settings do not want, is ignored', async () => {
    const live = { ...event('charge.succeeded', charge()), livemode: true };
    expect(await outcomes(memoryEngine(), [live], { ...SETTINGS, livemode: 'test' })).toEqual([
      'ignored: livemode_mismatch',
    ]);
    expect(await outcomes(memoryEngine(), [event('invoice.paid', invoice())])).toEqual(['ignored: unsupported_type']);
  });
  test('an older snapshot of a charge is stale, alone and in one batch with the newer', async () => {
    const engine = memoryEngine();
    const [older, newer] = [event('charge.succeeded', charge()), event('charge.updated', charge(), 9)];
    expect(await outcomes(engine, [older, newer])).toEqual(['stale', 'waiting']);
    expect(await outcomes(engine, [older])).toEqual(['stale']);
    expect(await outcomes(engine, [newer])).toEqual(['stale']);
  });
});

describe('the outcomes of refunds and disputes', () => {
  test('a refund or a dispute of a charge that has not arrived yet waits', async () => {
    const engine = memoryEngine();
    const [created, lost] = [event('refund.created', refund()), event('charge.dispute.closed', dispute())];
    expect(await outcomes(engine, [created, lost])).toEqual(['waiting', 'waiting']);
    expect(await outcomes(engine, [event('charge.succeeded', charge(), -1)])).toEqual(['deleted']);
  });
  test('one that changes a row is recorded or deleted, and one that changes none is unchanged', async () => {
    const engine = memoryEngine();
    await outcomes(engine, [event('customer.created', customer('acme')), event('charge.succeeded', charge())]);
    const created = event('refund.created', refund({ amount: 500, created: NOON + 1 }), 1);
    expect(await outcomes(engine, [created], NET)).toEqual(['recorded']);
    expect(await outcomes(engine, [created], NET)).toEqual(['stale']);
    const shown = event('charge.refunded', charge({ amount_refunded: 500 }), 2);
    expect(await outcomes(engine, [shown], NET)).toEqual(['recorded']);
    // The charge shows this refund already.
    const updated = event('refund.updated', refund({ amount: 500, created: NOON + 1 }), 3);
    expect(await outcomes(engine, [updated], NET)).toEqual(['unchanged']);
    const inquiry = event('charge.dispute.created', dispute({ status: 'warning_needs_response' }), 4);
    expect(await outcomes(engine, [inquiry], NET)).toEqual(['unchanged']);
    expect(await outcomes(engine, [event('charge.dispute.closed', dispute(), 5)], NET)).toEqual(['deleted']);
    const won = event('charge.dispute.closed', dispute({ status: 'won' }), 6);
    expect(await outcomes(engine, [won], NET)).toEqual(['recorded']);
  });
});

test('in invoice mode each message has its outcome, too', async () => {
  const engine = memoryEngine();
  const record = { ...invoicePayment('in_1', 'pi_1'), payment: { type: 'payment_record' } };
  expect(
    await outcomes(
      engine,
      [
        event('invoice.paid', invoice({ paid_out_of_band: true })),
        event('invoice.paid', invoice({ amount_paid: 0 })),
        event('invoice_payment.paid', record),
        event('charge.succeeded', charge()),
        event('charge.refunded', charge({ amount_refunded: 1 }), 1),
      ],
      INVOICE,
    ),
  ).toEqual([
    'ignored: paid_out_of_band',
    'ignored: nothing_paid',
    'ignored: no_payment_named',
    'ignored: unsupported_type',
    'waiting',
  ]);
  expect(engine.rows().transactions).toEqual([]);
  const paid = event('invoice.paid', invoice({ metadata: { customer_key: 'acme' } }));
  expect(await outcomes(engine, [paid], INVOICE)).toEqual(['deleted']);
  const fails = event('refund.failed', refund({ amount: 1, created: NOON }), 5);
  expect(await outcomes(engine, [fails], INVOICE)).toEqual(['recorded']);
  expect(await outcomes(engine, [fails], INVOICE)).toEqual(['stale']);
});

test('amounts are counted when a transaction is first recorded', async () => {
  const counted = async (context: StoreContext, events: readonly Event[], settings = SETTINGS) =>
    Object.fromEntries(amountsRecorded(await processBatch(context, settings, events.map(message))));
  const engine = memoryEngine();
  const [first, second] = [
    event('charge.succeeded', charge({ id: 'ch_1' })),
    event('charge.succeeded', charge({ id: 'ch_2', currency: 'eur' })),
  ];
  const failed = event('charge.failed', charge({ id: 'ch_3', status: 'failed' }));
  const unnamed = event('charge.succeeded', charge({ id: 'ch_4', currency: undefined }));
  expect(await counted(engine, [first, second, failed, unnamed])).toEqual({ usd: 2000, eur: 2000, unknown: 2000 });
  expect(await counted(engine, [first, event('charge.updated', charge(), 1)])).toEqual({});
  const paid = event('invoice.payment_succeeded', invoice());
  expect(await counted(memoryEngine(), [paid], INVOICE)).toEqual({ usd: 5000 });
});

describe('requests', () => {
  const writesOf = () => {
    const writes: string[] = [];
    const engine = memoryEngine({ before: (name) => void (/Get|Query/.test(name) || writes.push(name)) });
    const take = () => writes.splice(0).sort();
    return { engine, take };
  };
  const requestsFor = async (
    engine: ReturnType<typeof memoryEngine>,
    events: readonly Event[],
    settings = SETTINGS,
  ) => {
    const before = engine.requests;
    await deliver(engine, settings, [events]);
    return engine.requests - before;
  };
  test('without failures nothing is written twice: a linked charge takes four requests', async () => {
    const { engine, take } = writesOf();
    await deliver(engine, SETTINGS, [[event('customer.created', customer('acme'))]]);
    expect(take()).toEqual(['PutCommand', 'PutCommand']);
    expect(await requestsFor(engine, [event('charge.succeeded', charge())])).toBe(4);
    expect(take()).toEqual(['BatchWriteCommand', 'PutCommand']);
    expect(await requestsFor(engine, [event('charge.updated', charge(), 1)])).toBe(3);
    expect(take()).toEqual(['PutCommand']);
    // The item of evidence, and the row, for which the link has to be read before and after.
    expect(await requestsFor(engine, [event('refund.created', refund({ created: NOON + 2 }), 2)])).toBe(5);
    expect(take()).toEqual(['PutCommand', 'PutCommand']);
  });
  test('a duplicate writes nothing', async () => {
    const { engine, take } = writesOf();
    const history = [
      event('customer.created', customer('acme', { metadata: { customer_key: 'acme', partner_key: 'p' } })),
      event('charge.succeeded', charge()),
      event('refund.created', refund({ amount: 5, created: NOON + 1 }), 1),
    ];
    await deliver(engine, SETTINGS, [history]);
    const state = engine.state();
    take();
    for (const each of history) expect(await outcomes(engine, [each])).toEqual(['stale']);
    expect(take()).toEqual([]);
    expect(engine.state()).toBe(state);
  });
  test('events about one object in one batch are merged into what decides the row', async () => {
    const many = Array.from({ length: 40 }, (_, i) => event('charge.updated', charge(), i));
    expect(await requestsFor(memoryEngine(), many)).toBe(4);
  });
  test('a typical batch of 100 events takes at most 0.85 requests per event', async () => {
    const engine = memoryEngine();
    const history = workload({ seed: 3, customers: 200 });
    for (let i = 0; i + 100 <= history.length; i += 100) await deliver(engine, SETTINGS, [history.slice(i, i + 100)]);
    const events = Math.floor(history.length / 100) * 100;
    expect(engine.requests / events).toBeLessThanOrEqual(0.85);
    expect(engine.rows()).toEqual(expectedRows(history.slice(0, events), SETTINGS));
  });
});

const threeCharges = ['ch_1', 'ch_2', 'ch_3'].map((id) => event('charge.succeeded', charge({ id })));
const failingAt = (isHit: (name: string, text: string) => boolean, error = down()) =>
  memoryEngine({
    before: (name, input) => {
      if (isHit(name, JSON.stringify(input))) throw error;
    },
  });

describe('a request that fails', () => {
  test('one message that fails does not fail its batch', async () => {
    const engine = failingAt((name, text) => name === 'PutCommand' && text.includes('"ch_2"'));
    expect(await outcomes(engine, threeCharges)).toEqual(['waiting', 'failed: InternalServerError', 'waiting']);
    expect(engine.rows().transactions.map((row) => row.transaction_id)).toEqual(['ch_1', 'ch_3']);
  });
  test('several failures in one batch: each event has its own reason', async () => {
    const engine = memoryEngine({
      before: (name, input) => {
        if (name !== 'PutCommand') return;
        const [, id] = /"transaction_id":"(ch_\d)"/.exec(JSON.stringify(input)) ?? [];
        if (id === 'ch_1') throw down('ThrottlingException');
        if (id === 'ch_3') throw down('InternalServerError');
      },
    });
    expect(await outcomes(engine, threeCharges)).toEqual([
      'failed: ThrottlingException',
      'waiting',
      'failed: InternalServerError',
    ]);
  });
  test('a second read that fails is reported, because the first may have been out of date', async () => {
    const engine = failingAt((name, text) => name === 'BatchGetCommand' && text.includes('"ConsistentRead":true'));
    expect(await outcomes(engine, threeCharges)).toEqual(Array(3).fill('failed: InternalServerError'));
  });
  test('if the tables cannot be read, every message that needs them is retried, and no other', async () => {
    const engine = failingAt(() => true, down('ProvisionedThroughputExceededException'));
    expect(
      await outcomes(engine, [event('charge.succeeded', charge()), event('customer.updated', customer())]),
    ).toEqual(['failed: ProvisionedThroughputExceededException', 'ignored: no_customer_key']);
  });
  test('a charge whose dependent could not be written gets no row, and is retried', async () => {
    const engine = failingAt((name) => name === 'BatchWriteCommand');
    expect(await outcomes(engine, [event('charge.succeeded', charge())])).toEqual(['failed: InternalServerError']);
    expect(engine.rows().transactions).toEqual([]);
  });
});

describe('events that failed', () => {
  test('all events that were merged into a failed change are retried, and no others', async () => {
    let isDown = true;
    const engine = failingAt((name, text) => isDown && name === 'PutCommand' && text.includes('"refunds"'));
    const history = [
      event('charge.succeeded', charge()),
      event('refund.created', refund({ created: NOON + 1 }), 1),
      event('charge.succeeded', charge({ id: 'ch_2' })),
      event('customer.created', customer('acme')),
    ];
    expect(await outcomes(engine, history)).toEqual([
      'failed: InternalServerError',
      'failed: InternalServerError',
      'recorded',
      'customer_updated',
    ]);
    isDown = false;
    await deliver(engine, SETTINGS, [history.slice(0, 2)]);
    expect(engine.rows()).toEqual(expectedRows(history, SETTINGS));
  });
  test('an event fails if any part of it failed; its other parts are still applied', async () => {
    let isDown = true;
    const engine = failingAt((name, text) => isDown && name === 'PutCommand' && text.includes('"customers"'));
    const own = event('charge.succeeded', charge({ metadata: { customer_key: 'own', partner_key: 'p' } }));
    expect(await outcomes(engine, [own, threeCharges[1]])).toEqual(['failed: InternalServerError', 'waiting']);
    expect(engine.rows().transactions).toHaveLength(2);
    isDown = false;
    await deliver(engine, SETTINGS, [[own]]);
    expect(engine.rows()).toEqual(expectedRows([own, threeCharges[1]!], SETTINGS));
  });
  test('a failed sweep is repeated by a newer event that is merged with the redelivery', async () => {
    let isDown = true;
    const engine = failingAt((name) => isDown && name === 'QueryCommand', down('ThrottlingException'));
    const created = event('customer.created', customer('acme'));
    await deliver(engine, SETTINGS, [[event('charge.succeeded', charge())]]);
    expect(await outcomes(engine, [created])).toEqual(['failed: ThrottlingException']);
    isDown = false;
    await outcomes(engine, [created, event('customer.updated', customer('acme'), 5)]);
    expect(engine.rows().transactions).toMatchObject([{ customer_key: 'acme' }]);
  });
  test('in invoice mode, an invoice whose row could not be written fails every event about it', async () => {
    let isDown = true;
    const engine = failingAt(
      (name, text) => isDown && name === 'PutCommand' && text.includes('"transaction_id":"in_1"'),
    );
    const history = [
      event('invoice.paid', invoice()),
      event('charge.refunded', charge({ amount_refunded: 5 }), 1),
      event('invoice.paid', invoice({ id: 'in_2', charge: 'ch_2', payment_intent: 'pi_2' })),
    ];
    const failed = 'failed: InternalServerError';
    expect(await outcomes(engine, history, INVOICE)).toEqual([failed, failed, 'waiting']);
    isDown = false;
    await deliver(engine, INVOICE, [history.slice(0, 2)]);
    expect(engine.rows()).toEqual(expectedRows(history, INVOICE));
  });
});

test('items that DynamoDB leaves unprocessed are requested again, until the time limit', async () => {
  const engine = memoryEngine();
  let refuses = (count: number) => count % 2 === 1;
  let count = 0;
  const throttled = intercepted(engine, (name, input, send) => {
    if (!/^Batch/.test(name) || !refuses(++count)) return send();
    return name === 'BatchGetCommand'
      ? { Responses: {}, UnprocessedKeys: input.RequestItems }
      : { UnprocessedItems: input.RequestItems };
  });
  const history = [
    event('charge.succeeded', charge()),
    event('customer.created', customer('acme')),
    event('charge.succeeded', charge({ id: 'ch_2' })),
  ];
  await deliver(
    throttled,
    SETTINGS,
    history.map((each) => [each]),
  );
  expect(engine.rows()).toEqual(expectedRows(history, SETTINGS));
  refuses = () => true;
  const over = { ...throttled, signal: AbortSignal.timeout(150) };
  expect(await outcomes(over, [event('charge.succeeded', charge())])).toEqual(['failed: TimeoutError']);
});

describe('a Stripe customer with many charges', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
  });
  afterAll(() => engine.stop());
  beforeEach(() => engine.clear());

  test(rule(
    'A customer with ten thousand charges has ten thousand small items, not one item that grows.',
  ), async () => {
    const count = Number(process.env.WAITING_CHARGES ?? 100);
    const charges = Array.from({ length: count }, (_, i) => event('charge.succeeded', charge({ id: `ch_${i}` }), i));
    await deliver(engine, SETTINGS, chunks(charges, 100));
    for (const [at, key] of ['acme', 'beta'].entries()) {
      const [linked] = await deliver(engine, SETTINGS, [[event('customer.updated', customer(key), at)]]);
      // Compares the whole outcome, so that a failure prints its reason.
      expect(linked).toEqual(expect.objectContaining({ outcome: 'customer_updated', attributed: count }));
      const { transactions } = await engine.rows();
      expect(transactions.map((row) => row.customer_key)).toEqual(charges.map(() => key));
    }
  }, 600_000);
});
