// What the simulator must report as wrong, whatever the schedule: rows that differ in one place, and a run without a right end.

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Settings } from '../../contract/settings.js';
import { processBatch } from '../../functions/worker/process-batch.js';
import { memoryEngine } from '../support/emulators/memory-engine.js';
import type { Rows } from '../support/model/rows.js';
import { withoutClock } from './pauses.js';
import { type Case, isRight, type PartsOf, record, replay } from './simulate.js';
import { landLate, resolveRequest } from './steps.js';
import { type Copy, createWorld, type Request, type Worker, type World } from './world.js';

type Results = Awaited<ReturnType<World['processBatch']>>;

/** A case that ends with right rows, among them a customer and a transaction. */
let one: Case;

beforeAll(async () => {
  Error.stackTraceLimit = 0;
  for (let seed = 1; seed < 100; seed++) {
    const engine = memoryEngine();
    one = { seed, profile: 'concurrency', source: 'charge' };
    expect(await withoutClock(() => isRight(one, undefined, () => ({ engine })))).toBe(true);
    const { customers, transactions } = engine.rows();
    if (customers.length > 0 && transactions.length > 0) return;
  }
  throw new Error('no history has both');
});

describe('rows that differ in one place are wrong', () => {
  const CHANGES: Readonly<Record<string, (rows: Rows) => Partial<Rows>>> = {
    'a customer has another key': ({ customers }) => ({ customers: withFirst(customers, { customer_key: 'other' }) }),
    'a customer has an attribute too many': ({ customers }) => ({ customers: withFirst(customers, { other: 1 }) }),
    'a customer is missing': ({ customers }) => ({ customers: customers.slice(0, -1) }),
    'a transaction has another amount': ({ transactions }) => ({
      transactions: withFirst(transactions, { amount_net: 1 }),
    }),
    'a transaction lacks an attribute': ({ transactions }) => ({
      transactions: transactions.map(({ amount: _, ...row }) => row),
    }),
    'a transaction is missing': ({ transactions }) => ({ transactions: transactions.slice(0, -1) }),
    'a transaction is there twice': ({ transactions }) => ({ transactions: [transactions[0]!, ...transactions] }),
  };
  for (const [what, change] of Object.entries(CHANGES)) {
    test(what, async () => {
      const found = await reported(() => {
        const engine = memoryEngine();
        const rows = () => ({ ...engine.rows(), ...change(engine.rows()) });
        return { engine: { ...engine, rows } };
      });
      expect(found).not.toContain(undefined);
      for (const each of found) expect(each).toMatchObject({ broken: undefined });
    });
  }
});

describe('right rows do not excuse a run without a right end', () => {
  const BROKEN: Readonly<Record<string, { says: RegExp; partsOf: PartsOf }>> = {
    'the worker throws once, after its work': {
      says: /^processBatch throws: Error: once$/,
      partsOf: () => {
        let throws = true;
        return afterWork((results) => {
          if (!throws) return results;
          throws = false;
          throw new Error('once');
        });
      },
    },
    'an event is not understood': {
      says: /^evt_.* is not understood: no id$/,
      partsOf: () =>
        afterWork((results) => results.map((each) => ({ ...each, outcome: 'not_understood', reason: 'no id' }))),
    },
    'the worker reports every message as failed, for ever': {
      says: /^not at rest after \d+ steps$/,
      partsOf: alwaysFailed,
    },
  };
  for (const [what, { says, partsOf }] of Object.entries(BROKEN)) {
    test(what, async () => {
      for (const each of await reported(partsOf)) expect(each?.broken).toMatch(says);
    });
  }
});

describe('only a failed condition is an answer of the tables', () => {
  const refused = new ConditionalCheckFailedException({ message: 'refused', $metadata: {} });
  const put = { name: 'PutCommand', input: { TableName: 'links', Item: { pk: 'p', sk: 's' } } };

  test('for a request', async () => {
    const answers: unknown[] = [];
    const collect = (answer: unknown) => void answers.push(answer);
    const take = (error: Error) => {
      const world = worldWhoseTablesThrow(error);
      const worker: Worker = { number: 1, messages: [], requests: [], pauses: [], state: 'alive' };
      const request: Request = { ...put, worker, attempts: 1, resolve: collect, reject: collect };
      resolveRequest(world, request, 'landed');
    };
    take(refused);
    expect(answers).toEqual([refused]);
    expect(() => take(new Error('no such table'))).toThrow('no such table');
  });

  test('for a request that lands late', () => {
    const copy: Copy = { ...put, worker: 1, state: 'dead', what: 'put links p/s' };
    const world = worldWhoseTablesThrow(refused);
    landLate(world, copy);
    expect(world.counts).toMatchObject({ late: 1, afterDeath: 1 });
    expect(() => landLate(worldWhoseTablesThrow(new Error('no such table')), copy)).toThrow('no such table');
  });
});

/** What the random run's record and its replay say; `isRight` must say the same without a record. */
async function reported(partsOf: PartsOf) {
  return await withoutClock(async () => {
    expect(await isRight(one, undefined, partsOf)).toBe(false);
    const found = await record(one, partsOf);
    if (!found) throw new Error('the record of the run says that its end is right');
    return [found, await replay(found, found.messages, [], partsOf)];
  });
}

/** Does the real work, and then reports something else. */
function afterWork(change: (results: Results) => Results): ReturnType<PartsOf> {
  return { processBatch: async (...args) => change(await processBatch(...args)) };
}

/** Does the real work on each message once, and reports it as failed whenever it is delivered. */
function alwaysFailed(): ReturnType<PartsOf> {
  const done = new Set<string>();
  return {
    processBatch: async (context, settings, messages) => {
      const left = messages.filter(({ messageId }) => !done.has(messageId));
      if (left.length > 0) await processBatch(context, settings, left);
      for (const { messageId } of left) done.add(messageId);
      return messages.map(({ messageId }) => ({ messageId, outcome: 'failed', attributed: 0 }));
    },
  };
}

function withFirst([first, ...others]: Rows['customers'], attributes: object): Rows['customers'] {
  return [{ ...first, ...attributes }, ...others];
}

function worldWhoseTablesThrow(error: Error): World {
  const settings: Settings = {
    transactionSource: 'charge',
    partialRefund: 'net',
    livemode: 'both',
    disputes: 'lost',
    amountBasis: 'paid',
  };
  const answer = () => {
    throw error;
  };
  return createWorld({ settings, messages: [], engine: { ...memoryEngine(), answer } });
}
