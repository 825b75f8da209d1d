// The store against a real engine: dynalite, or the one that TEST_DYNAMODB_ENDPOINT names.

import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import type { DeletedTransaction, RecordedTransaction } from '../../functions/domain/change.js';
import { readLink, sweepFollowers, writeLink } from '../../functions/store/customer-links.js';
import { writeCustomer } from '../../functions/store/customers.js';
import { attribute, putDeleted, putRecorded, replaceTransaction } from '../../functions/store/transactions.js';
import { type Engine, startEngine } from '../support/engine.js';
import { charge, customer, event, NOON } from '../support/events.js';
import { deliver } from '../support/history.js';
import { rule } from '../support/rule.js';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.stop());
beforeEach(() => engine.clear());

const recorded = (version: string, fields: Partial<RecordedTransaction> = {}): RecordedTransaction => ({
  transaction_id: 'ch_1',
  status: 'recorded',
  source: 'charge',
  amount: 2000,
  amount_refunded: 0,
  amount_net: 2000,
  created: NOON,
  livemode: false,
  event_id: `evt_${version}`,
  event_type: 'charge.updated',
  version,
  ...fields,
});
const deleted = (version: string): DeletedTransaction => ({
  transaction_id: 'ch_1',
  status: 'deleted',
  source: 'charge',
  amount: 2000,
  livemode: false,
  event_id: `evt_${version}`,
  event_type: 'charge.refunded',
  version,
  deleted_reason: 'refunded',
  expires_at: NOON,
});
const only = async () => (await engine.rows()).transactions[0];

describe('rows of charges', () => {
  test('the newest snapshot stands, whatever comes after it', async () => {
    expect(await putRecorded(engine, recorded('2'))).toBe(true);
    expect(await putRecorded(engine, recorded('1'))).toBe(false);
    expect(await putRecorded(engine, recorded('2'))).toBe(false);
    expect(await putRecorded(engine, recorded('3'))).toBe(true);
    expect(await only()).toEqual(recorded('3'));
  });
  test(rule('deletion is final: no event, older or newer, brings the transaction back'), async () => {
    await putRecorded(engine, recorded('2'));
    expect(await putDeleted(engine, deleted('1'))).toBe(true);
    expect(await putRecorded(engine, recorded('9'))).toBe(false);
    expect(await only()).toEqual(deleted('1'));
  });
  test(rule('all taken from the newest deleting event'), async () => {
    await putDeleted(engine, deleted('2'));
    expect(await putDeleted(engine, deleted('1'))).toBe(false);
    expect(await putDeleted(engine, deleted('3'))).toBe(true);
    expect(await only()).toEqual(deleted('3'));
  });
  test(
    rule(
      'only a recorded row of that Stripe customer whose key is not its own, and only if its key is still the one that was read',
    ),
    async () => {
      const row = recorded('1', { stripe_customer_id: 'cus_a' });
      await putRecorded(engine, row);
      expect(await attribute(engine, { ...row }, 'acme')).toBe(true);
      expect(await only()).toEqual({ ...row, customer_key: 'acme', customer_key_source: 'linked' });
      // It was read before it had a key.
      expect(await attribute(engine, { ...row }, 'late')).toBe(false);
      const own = recorded('2', { stripe_customer_id: 'cus_a', customer_key: 'own', customer_key_source: 'own' });
      await putRecorded(engine, own);
      expect(await attribute(engine, { ...row, customer_key: 'acme', customer_key_source: 'linked' }, 'beta')).toBe(
        false,
      );
      expect(await only()).toEqual(own);
    },
  );
  test('a row that meanwhile took the same key as its own, or went to another Stripe customer, is not touched', async () => {
    const linked = recorded('1', { stripe_customer_id: 'cus_a', customer_key: 'acme', customer_key_source: 'linked' });
    for (const now of [
      recorded('2', { stripe_customer_id: 'cus_a', customer_key: 'acme', customer_key_source: 'own' }),
      recorded('3', { stripe_customer_id: 'cus_b', customer_key: 'acme', customer_key_source: 'linked' }),
    ]) {
      await putRecorded(engine, now);
      expect(await attribute(engine, { ...linked }, 'beta')).toBe(false);
      expect(await only()).toEqual(now);
    }
    await putDeleted(engine, deleted('4'));
    expect(await attribute(engine, { ...recorded('1', { stripe_customer_id: 'cus_a' }) }, 'beta')).toBe(false);
    expect(await only()).toEqual(deleted('4'));
  });
  test('a computed row takes only the place of the one that was read', async () => {
    expect(await replaceTransaction(engine, recorded('1'), undefined)).toBe(true);
    expect(await replaceTransaction(engine, recorded('2'), undefined)).toBe(false);
    expect(await replaceTransaction(engine, recorded('2', { amount_refunded: 5 }), { ...recorded('1') })).toBe(true);
    expect(await replaceTransaction(engine, recorded('3'), { ...recorded('2') })).toBe(false);
    expect(await replaceTransaction(engine, recorded('3'), { ...recorded('2', { amount_refunded: 5 }) })).toBe(true);
    expect(await replaceTransaction(engine, recorded('6'), { ...recorded('2') })).toBe(false);
    expect(await replaceTransaction(engine, deleted('4'), { ...recorded('3') })).toBe(true);
    expect(await replaceTransaction(engine, recorded('5'), { ...recorded('4') })).toBe(false);
    expect(await only()).toEqual(deleted('4'));
  });
});

describe('customers', () => {
  const snapshot = (version: string, name?: string) => ({
    stripe_customer_id: 'cus_a',
    livemode: false,
    version,
    ...(name ? { name } : {}),
  });
  const write = (change: object) =>
    writeCustomer(engine, { kind: 'customer', customer_key: 'acme', ...change }, undefined);

  test(
    rule('come from the newest customer event carrying K, as they stand there; null or empty is absent'),
    async () => {
      await write({ snapshot: snapshot('1', 'Ann') });
      await write({ snapshot: snapshot('3') });
      await write({ snapshot: snapshot('2', 'Bob') });
      expect((await engine.rows()).customers).toEqual([{ customer_key: 'acme', ...snapshot('3') }]);
    },
  );
  test(rule('Who referred a customer does not change with later events.'), async () => {
    const claim = (partner_key: string, version: string) => ({ partner: { partner_key, version } });
    await write(claim('p2', '2'));
    await write({ ...claim('p3', '3'), snapshot: snapshot('3', 'Ann') });
    await write(claim('p1', '1'));
    await write(claim('p4', '4'));
    await write({});
    expect((await engine.rows()).customers).toEqual([
      { customer_key: 'acme', ...snapshot('3', 'Ann'), partner_key: 'p1', partner_version: '1' },
    ]);
  });
});

describe('links', () => {
  const link = (customer_key: string, version: string, known?: { customer_key: string; version: string }) =>
    writeLink(engine, { kind: 'link', stripe_customer_id: 'cus_a', customer_key, version }, known);

  test(rule('The Stripe customer is linked to the `customer_key` of its newest event that carried one.'), async () => {
    expect(await link('acme', '2')).toMatchObject({ sweep: true, stale: false });
    expect(await link('old', '1')).toEqual({
      link: { pk: 'customer#cus_a', sk: 'link', customer_key: 'acme', version: '2' },
      sweep: true,
      stale: true,
    });
    // Read before another worker moved it.
    expect(await link('old', '1', { customer_key: 'older', version: '0' })).toMatchObject({ stale: true });
    expect(await link('acme', '3', { customer_key: 'acme', version: '1' })).toMatchObject({
      sweep: false,
      stale: false,
    });
    expect(await readLink(engine, 'cus_a')).toMatchObject({ customer_key: 'acme', version: '3' });
  });
  test('a charge that went to another Stripe customer does not follow the one that it was marked under', async () => {
    const settings = DEFAULT_SETTINGS;
    await deliver(engine, settings, [
      [event('charge.succeeded', charge())],
      [event('charge.updated', charge({ customer: 'cus_b' }), 1)],
      [event('customer.created', customer('acme'), 2)],
    ]);
    expect((await only())?.customer_key).toBeUndefined();
  });
  test(rule("When a link moves, that Stripe customer's transactions move with it."), async () => {
    const settings = DEFAULT_SETTINGS;
    await deliver(engine, settings, [
      [event('charge.succeeded', charge({ id: 'ch_1' }))],
      [event('charge.succeeded', charge({ id: 'ch_2', metadata: { customer_key: 'own' } }))],
      [event('charge.succeeded', charge({ id: 'ch_3', customer: 'cus_b' }))],
      [event('customer.created', customer('acme'))],
    ]);
    expect(await sweepFollowers(engine, 'cus_a', { customer_key: 'acme', version: '1' })).toBe(0);
    await deliver(engine, settings, [[event('customer.updated', customer('beta'), 1)]]);
    expect((await engine.rows()).transactions.map((row) => row.customer_key)).toEqual(['beta', 'own', undefined]);
  });
});

test(
  rule('Deleted transactions carry no `customer_key`, so an index read lists what stands and nothing else.'),
  async () => {
    const settings = DEFAULT_SETTINGS;
    await deliver(engine, settings, [
      [event('customer.created', customer('acme', { metadata: { customer_key: 'acme', partner_key: 'p1' } }))],
      [1, 2, 3].map((n) => event('charge.succeeded', charge({ id: `ch_${n}`, created: NOON - n }))),
      [event('charge.refunded', charge({ id: 'ch_2', refunded: true }), 1)],
    ]);
    const query = async (TableName: string, IndexName: string, key: string, value: string) =>
      (
        await engine.client.send(
          new QueryCommand({
            TableName,
            IndexName,
            KeyConditionExpression: '#k = :v',
            ExpressionAttributeNames: { '#k': key },
            ExpressionAttributeValues: { ':v': value },
          }),
        )
      ).Items;
    const transactions = await query(engine.tables.transactions, 'by_customer', 'customer_key', 'acme');
    expect(transactions).toMatchObject([
      { transaction_id: 'ch_3', amount_net: 2000 },
      { transaction_id: 'ch_1', currency: 'usd' },
    ]);
    expect(await query(engine.tables.customers, 'by_partner', 'partner_key', 'p1')).toMatchObject([
      { customer_key: 'acme', name: 'Ann' },
    ]);
  },
);
