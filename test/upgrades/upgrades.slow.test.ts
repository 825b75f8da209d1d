// Rows that earlier versions wrote are read, and repaired by the next event about each row.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.js';
import type { Item, TableNames } from '../../functions/store/requests.js';
import { charge, customer, event, NOON, refund } from '../support/builders/events.js';
import { deliver, type Event } from '../support/builders/history.js';
import { type Engine, startEngine } from '../support/emulators/engine.js';
import { expectedRows } from '../support/model/model.js';
import { rule } from '../support/rule.js';
import { startStack } from '../support/stack/local-stack.js';

const versions = readdirSync(__dirname).filter((name) => /^\d+\.\d+\.\d+$/.test(name));
const LATER = 50_000_000;

/** Rows that are not deleted have had the same public attributes ever since. */
const recorded = (rows: readonly Item[]) => rows.filter((row) => row.status === 'recorded');
const expiring = (rows: readonly Item[]) => rows.filter((row) => 'expires_at' in row);

describe.each(versions)('the state folder of %s', (version) => {
  const kept = join(__dirname, version);
  const before: Event[] = JSON.parse(readFileSync(join(kept, 'events.json'), 'utf8'));
  const settings = DEFAULT_SETTINGS;

  test(`${rule('Rows that pre-release builds wrote are read as they are.')} ${rule('the next event about such a row repairs it and removes `expires_at`')}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'upgrade-'));
    cpSync(join(kept, 'state'), join(folder, '.local'), { recursive: true });
    const stack = await startStack({ folder, args: ['--batch-window', '0'] });
    const post = async (events: readonly Event[]) => {
      const responses = await Promise.all(events.map((each) => stack.post(each)));
      for (const { status } of responses) expect(status).toBe(200);
      await stack.settled();
      return stack.rows();
    };
    try {
      const old = await stack.rows();
      const known = expectedRows(before, settings);
      expect(old.customers).toEqual(known.customers);
      expect(recorded(old.transactions)).toEqual(recorded(known.transactions));
      expect(old.transactions.map((row) => row.transaction_id)).toEqual(
        known.transactions.map((row) => row.transaction_id),
      );
      expect(expiring(old.transactions).length).toBeGreaterThan(3);

      // A link that the earlier version wrote moves, and the rows that it marked move with it; a recorded charge is refunded.
      const linked = recorded(old.transactions).filter((row) => row.customer_key_source === 'linked');
      const { stripe_customer_id: moving, transaction_id: moved } = linked[0]!;
      const refunded = linked.find((row) => row.stripe_customer_id !== moving)!;
      const shown = { amount: refunded.amount, amount_captured: refunded.amount, currency: refunded.currency };
      const after = [
        event('customer.updated', customer('moved', { id: moving }), LATER, 'evt_moved'),
        event(
          'charge.refunded',
          charge({ ...shown, id: refunded.transaction_id, amount_refunded: refunded.amount, refunded: true }),
          LATER,
          'evt_refunded',
        ),
        event('charge.succeeded', charge({ id: 'ch_new', customer: moving }), LATER, 'evt_new'),
      ];
      const upgraded = await post(after);
      const expected = expectedRows([...before, ...after], settings);
      expect(upgraded.customers).toEqual(expected.customers);
      expect(recorded(upgraded.transactions)).toEqual(recorded(expected.transactions));
      const row = (id: unknown) => upgraded.transactions.find((each) => each.transaction_id === id);
      expect(row(moved)).toMatchObject({ customer_key: 'moved' });
      expect(row(refunded.transaction_id)).toEqual(
        expected.transactions.find((each) => each.transaction_id === refunded.transaction_id),
      );

      // Every event comes once more: then every row is as if this version had written it.
      const repaired = await post(before);
      expect(repaired).toEqual(expected);
      expect(expiring(repaired.transactions)).toEqual([]);
    } finally {
      await stack.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 120_000);
});

describe('invoices of pre-release builds', () => {
  const SETTINGS: Settings = { ...DEFAULT_SETTINGS, transactionSource: 'invoice', partialRefund: 'net' };
  /** The worked examples of `invoice` mode, each with separate IDs, and the items that pre-release builds made of them. */
  const { events, items }: { events: Event[]; items: Record<keyof TableNames, Item[]> } = JSON.parse(
    readFileSync(join(__dirname, '0.1.0', 'invoice-mode.json'), 'utf8'),
  );
  const KNOWN_TO_0_1_0 = [
    'customer.created',
    'customer.updated',
    'charge.refunded',
    'charge.failed',
    'invoice.payment_succeeded',
    'invoice_payment.paid',
  ];
  const applied = events.filter(({ type }) => KNOWN_TO_0_1_0.includes(type));
  const charges = applied.flatMap(({ type, data }) => (type === 'charge.refunded' ? [data.object] : []));

  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
  });
  afterAll(() => engine.stop());
  beforeEach(async () => {
    await engine.clear();
    for (const [table, all] of Object.entries(items)) {
      const TableName = engine.tables[table as keyof TableNames];
      await Promise.all(all.map((Item) => engine.client.send(new PutCommand({ TableName, Item }))));
    }
  });
  const send = (history: readonly Event[]) =>
    deliver(
      engine,
      SETTINGS,
      history.map((each) => [each]),
    );

  test('their evidence is read: a refund changes the row of its invoice, and no other row', async () => {
    const refunds = charges.map(({ id, payment_intent }) =>
      event(
        'refund.created',
        refund({ id: `re_${id}`, charge: id, payment_intent, amount: 100, created: NOON + LATER }),
        LATER,
      ),
    );
    expect(refunds.length).toBeGreaterThan(4);
    for (const [i, next] of refunds.entries()) {
      const old = (await engine.rows()).transactions;
      await send([next]);
      const changed = (await engine.rows()).transactions.filter((row, at) => !isDeepStrictEqual(row, old[at]));
      const expected = expectedRows([...applied, ...refunds.slice(0, i + 1)], SETTINGS).transactions;
      expect(changed).toHaveLength(1);
      expect(changed[0]).toEqual(expected.find((row) => row.transaction_id === changed[0]!.transaction_id));
    }
  }, 120_000);
  test('a redelivery of all events repairs every row, and applies the events that pre-release builds did not know', async () => {
    expect(expiring((await engine.rows()).transactions).length).toBeGreaterThan(1);
    await send(events);
    const rows = await engine.rows();
    expect(rows).toEqual(expectedRows(events, SETTINGS));
    expect(expiring(rows.transactions)).toEqual([]);
  }, 120_000);
});

test('there is a state folder of each released version', () => {
  const changelog = readFileSync(join(__dirname, '..', '..', 'CHANGELOG.md'), 'utf8');
  const released = [...changelog.matchAll(/^## \[?(\d+\.\d+\.\d+)/gm)].map(([, version]) => version);
  for (const version of released) expect(versions).toContain(version);
  expect(versions.length).toBeGreaterThan(0);
});
