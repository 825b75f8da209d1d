// The store against a real engine: dynalite, or the one that TEST_DYNAMODB_ENDPOINT names.

import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.js';
import type { CustomerChange, LinkChange } from '../../functions/domain/change.js';
import { ERASE_EVENT_TYPE } from '../../functions/domain/customer.js';
import { writeCustomer } from '../../functions/store/customers.js';
import {
  dependentKeys,
  dependentsOf,
  evidenceKey,
  linkKey,
  transactionKey,
  transactionsOfDependent,
} from '../../functions/store/keys.js';
import { sweepDependents, writeLink } from '../../functions/store/links.js';
import { readLink } from '../../functions/store/look-up.js';
import { type Item, readItem, replaceItem, type StoreContext, writeKeys } from '../../functions/store/requests.js';
import { charge, customer, dispute, event, invoice, invoicePayment, NOON, refund } from '../support/builders/events.js';
import { deliver, type Event } from '../support/builders/history.js';
import { type Engine, startEngine } from '../support/emulators/engine.js';
import { intercepted } from '../support/fakes/intercepted.js';
import { rule } from '../support/rule.js';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.stop());
beforeEach(() => engine.clear());

const DELETE: Settings = DEFAULT_SETTINGS;
const NET: Settings = { ...DELETE, partialRefund: 'net' };
const INVOICE: Settings = { ...NET, transactionSource: 'invoice' };

/** One event after the other. */
const apply = (events: readonly Event[], settings = DELETE, context: StoreContext = engine) =>
  deliver(
    context,
    settings,
    events.map((each) => [each]),
  );
const stored = (id = 'ch_1') => readItem(engine, transactionKey(engine.tables, id));
const transactions = async () => (await engine.rows()).transactions;
const evidenceItem = () => readItem(engine, evidenceKey(engine.tables, { type: 'charge', id: 'ch_1' }));

const beta = event('customer.updated', customer('beta'), 50);
const succeeded = event('charge.succeeded', charge());
const refundCreated = event('refund.created', refund({ amount: 500, created: NOON + 10 }), 10);
const lost = event('charge.dispute.closed', dispute({ amount: 700 }), 20);

/** Does something once, just before the first conditional write of a transaction. */
const concurrently = (what: () => Promise<unknown>) => {
  let isDone = false;
  return intercepted(engine, async (name, input, send) => {
    if (!isDone && name === 'PutCommand' && input.TableName === engine.tables.transactions) {
      isDone = true;
      await what();
    }
    return send();
  });
};

describe('customers', () => {
  const STAMP = { livemode: false, stripe_customer_id: 'cus_a' };
  const write = (change: Partial<CustomerChange>, known?: Item) =>
    writeCustomer(engine, { kind: 'customer', customer_key: 'acme', ...change }, known);
  const rows = async () => (await engine.rows()).customers;

  test(rule('come from the newest customer event with K; null or empty values are absent attributes'), async () => {
    expect(await write({ snapshot: { ...STAMP, version: '1', name: 'Ann', email: 'a@example.com' } })).toBe(true);
    expect(await write({ snapshot: { ...STAMP, version: '3', stripe_customer_id: 'cus_b' } })).toBe(true);
    expect(await write({ snapshot: { ...STAMP, version: '2', name: 'Bob' } })).toBe(false);
    expect(await write({ snapshot: { ...STAMP, version: '3', stripe_customer_id: 'cus_b' } })).toBe(false);
    expect(await rows()).toEqual([{ customer_key: 'acme', ...STAMP, stripe_customer_id: 'cus_b', version: '3' }]);
  });
  test(rule('`partner_key` of K comes from the *earliest* event … The referrer does not change later.'), async () => {
    const claim = (partner_key: string, version: string) => ({ partner: { partner_key, version } });
    const snapshot = { ...STAMP, version: '3', name: 'Ann' };
    expect(await write(claim('p2', '2'))).toBe(true);
    expect(await write({ ...claim('p3', '3'), snapshot })).toBe(true);
    expect(await write(claim('p1', '1'))).toBe(true);
    expect(await write(claim('p4', '4'))).toBe(false);
    expect(await write({})).toBe(false);
    expect(await rows()).toEqual([{ customer_key: 'acme', ...snapshot, partner_key: 'p1', partner_version: '1' }]);
  });
  test(rule('exists from then on and is never removed.'), async () => {
    expect(await write({})).toBe(true);
    expect(await rows()).toEqual([{ customer_key: 'acme' }]);
    expect(await write({})).toBe(false);
  });
  test(rule('Then the one with the greater `api_version` counts, compared as strings'), async () => {
    const rendered = (api_version: string | undefined, name: string) => ({
      snapshot: { ...STAMP, version: '1', name, ...(api_version ? { api_version } : {}) },
      partner: { version: '1', partner_key: name, ...(api_version ? { api_version } : {}) },
    });
    for (const order of [
      [undefined, '2020', '2025'],
      ['2025', '2020', undefined],
    ]) {
      await engine.clear();
      for (const api_version of order) await write(rendered(api_version, `of ${api_version}`));
      expect(await rows()).toMatchObject([{ name: 'of 2025', partner_key: 'of 2025' }]);
    }
  });
  test(rule('no event restores them, whether it is older or newer'), async () => {
    const named = { ...STAMP, version: '2', name: 'Ann', email: 'a@example.com' };
    const partner = { version: '2', partner_key: 'p1' };
    const expected = [{ customer_key: 'acme', ...STAMP, partner_key: 'p1', partner_version: '2' }];
    await write({ snapshot: named, partner });
    expect(await write({ erased: true })).toBe(true);
    expect(await write({ erased: true })).toBe(false);
    expect(await rows()).toEqual([{ ...expected[0], version: '2' }]);
    for (const version of ['1', '3']) await write({ snapshot: { ...named, version } });
    expect(await rows()).toEqual([{ ...expected[0], version: '3' }]);
    // The erasure may come first.
    await engine.clear();
    await write({ erased: true });
    expect(await rows()).toEqual([{ customer_key: 'acme' }]);
    await write({ snapshot: named, partner });
    expect(await rows()).toEqual([{ ...expected[0], version: '2' }]);
  });
  test('an erasure that comes through the queue keeps the key, the partner and the transactions', async () => {
    const metadata = { customer_key: 'acme', partner_key: 'p1' };
    const erase = { ...event(ERASE_EVENT_TYPE, { id: 'acme' }, 2) };
    const [, , erased] = await apply([
      event('customer.created', customer('acme', { metadata })),
      event('charge.succeeded', charge(), 1),
      erase,
    ]);
    expect(erased?.outcome).toBe('customer_updated');
    const [row] = await rows();
    expect(row).toMatchObject({ customer_key: 'acme', partner_key: 'p1', stripe_customer_id: 'cus_a' });
    expect([row!.name, row!.email]).toEqual([undefined, undefined]);
    expect(await transactions()).toMatchObject([{ customer_key: 'acme' }]);
  });
  test('a stale first read does no harm', async () => {
    await write({ snapshot: { ...STAMP, version: '5', name: 'Ann' } });
    const outdated = { customer_key: 'acme', version: '1', name: 'Old', _revision: 0 };
    expect(await write({ snapshot: { ...STAMP, version: '4', name: 'Bob' } }, outdated)).toBe(false);
    expect(await write({ snapshot: { ...STAMP, version: '6', name: 'Cid' } }, outdated)).toBe(true);
    expect(await rows()).toMatchObject([{ name: 'Cid', version: '6' }]);
  });
});

describe('links', () => {
  const change = (customer_key: string, version: string, rest: Partial<LinkChange> = {}): LinkChange => ({
    kind: 'link',
    stripe_customer_id: 'cus_a',
    customer_key,
    version,
    oldest: { version },
    ...rest,
  });
  const write = async (made: LinkChange, outdated?: Item) => {
    const known = outdated ?? (await readItem(engine, linkKey(engine.tables, 'cus_a')));
    const { item, written, mustSweep } = await writeLink(engine, made, known);
    return { key: item.customer_key, moves: item.moves, written, mustSweep };
  };

  test(rule('The Stripe customer is linked to the `customer_key` of its newest event that has one.'), async () => {
    expect(await write(change('acme', '2'))).toEqual({ key: 'acme', moves: 1, written: true, mustSweep: true });
    expect(await readLink(engine, 'cus_a')).toMatchObject({ customer_key: 'acme', version: '2', moves: 1 });
    // Older, and perhaps a redelivery of an event whose sweep died.
    expect(await write(change('old', '1'))).toEqual({ key: 'acme', moves: 1, written: false, mustSweep: true });
    expect(await write(change('acme', '2'))).toEqual({ key: 'acme', moves: 1, written: false, mustSweep: true });
    // Newer, the same key: nothing has to move.
    expect(await write(change('acme', '3'))).toEqual({ key: 'acme', moves: 1, written: true, mustSweep: false });
    expect(await write(change('beta', '4'))).toEqual({ key: 'beta', moves: 2, written: true, mustSweep: true });
    expect(await write(change('acme', '5'))).toEqual({ key: 'acme', moves: 3, written: true, mustSweep: true });
  });
  test('a newer event that was merged with a redelivered one sweeps for it', async () => {
    await write(change('acme', '2'));
    const merged = change('acme', '3', { oldest: { version: '2' } });
    expect(await write(merged)).toEqual({ key: 'acme', moves: 1, written: true, mustSweep: true });
    const fresh = change('acme', '5', { oldest: { version: '4' } });
    expect(await write(fresh)).toEqual({ key: 'acme', moves: 1, written: true, mustSweep: false });
  });
  test('the known items may be out of date', async () => {
    await write(change('acme', '2'));
    const outdated = { customer_key: 'older', version: '0', moves: 1, _revision: 9 };
    expect(await write(change('old', '1'), outdated)).toMatchObject({ key: 'acme', written: false, mustSweep: true });
    expect(await write(change('beta', '3'), outdated)).toMatchObject({ key: 'beta', moves: 2, written: true });
  });
  test('of two renderings of one event the greater API version counts', async () => {
    await write(change('new', '1', { api_version: '2025' }));
    expect(await write(change('old', '1', { api_version: '2024' }))).toMatchObject({ key: 'new', written: false });
    expect(await write(change('newer', '1', { api_version: '2026' }))).toMatchObject({ key: 'newer', moves: 2 });
  });
  test('a link of a pre-release build has no count of moves: it has moved once', async () => {
    const { table, key } = linkKey(engine.tables, 'cus_a');
    const old = { ...key, customer_key: 'acme', version: '1' };
    await engine.client.send(new PutCommand({ TableName: table, Item: old }));
    expect(await readLink(engine, 'cus_a')).toMatchObject({ customer_key: 'acme', moves: 1 });
    expect(await write(change('beta', '2'), old)).toEqual({ key: 'beta', moves: 2, written: true, mustSweep: true });
  });
  test(rule('Removing the key from the metadata does not unlink it; a different key moves the link.'), async () => {
    await apply([
      event('customer.created', customer('acme')),
      event('customer.updated', customer(), 1),
      event('charge.succeeded', charge(), 2),
    ]);
    expect(await transactions()).toMatchObject([{ customer_key: 'acme' }]);
    await apply([event('customer.updated', customer('beta'), 3)]);
    expect(await transactions()).toMatchObject([{ customer_key: 'beta' }]);
  });
});

describe('a link that moves takes its transactions with it', () => {
  test(
    rule("When a link moves, that Stripe customer's transactions move with it, deleted ones included."),
    async () => {
      await apply([
        event('charge.succeeded', charge({ id: 'ch_1' })),
        event('charge.succeeded', charge({ id: 'ch_2', metadata: { customer_key: 'own' } })),
        event('charge.succeeded', charge({ id: 'ch_3', customer: 'cus_b' })),
        event('charge.refunded', charge({ id: 'ch_4', amount_refunded: 2000 })),
        event('customer.created', customer('acme')),
      ]);
      const keys = async () =>
        (await transactions()).map((row) => [row.customer_key, row.deleted_customer_key, row.customer_key_source]);
      expect(await keys()).toEqual([
        ['acme', undefined, 'linked'],
        ['own', undefined, 'own'],
        [undefined, undefined, undefined],
        [undefined, 'acme', 'linked'],
      ]);
      expect(await apply([beta])).toMatchObject([{ attributed: 2 }]);
      expect(await keys()).toEqual([
        ['beta', undefined, 'linked'],
        ['own', undefined, 'own'],
        [undefined, undefined, undefined],
        [undefined, 'beta', 'linked'],
      ]);
    },
  );
  test('a row that already has the key of the link is not written again', async () => {
    await apply([event('charge.succeeded', charge()), event('customer.created', customer('acme'))]);
    const before = await stored();
    expect(await sweepDependents(engine, 'cus_a')).toBe(0);
    expect(await stored()).toEqual(before);
  });
  test('a link that moved away and back is taken over, so that the row never equals an older one', async () => {
    await apply([event('customer.created', customer('acme')), event('charge.succeeded', charge(), 1)]);
    const before = (await stored())!;
    await apply([beta, event('customer.updated', customer('acme'), 60)]);
    const after = (await stored())!;
    expect([before.customer_key, after.customer_key]).toEqual(['acme', 'acme']);
    expect([before._link, after._link]).toEqual([1, 3]);
  });
  test('a link that moved away and back before anybody swept is taken over all the same', async () => {
    await apply([event('customer.created', customer('acme')), event('charge.succeeded', charge(), 1)]);
    const at = linkKey(engine.tables, 'cus_a');
    const link = (await readItem(engine, at))!;
    await replaceItem(engine, at, link, { ...link, version: `${link.version}+`, moves: 3 });
    expect(await sweepDependents(engine, 'cus_a')).toBe(0);
    expect(await stored()).toMatchObject({ customer_key: 'acme', _link: 3 });
  });
  test('a charge that moved to another Stripe customer no longer depends on the first', async () => {
    await apply([
      event('charge.succeeded', charge()),
      event('charge.updated', charge({ customer: 'cus_b' }), 1),
      event('customer.created', customer('acme'), 2),
    ]);
    expect((await transactions())[0]).not.toHaveProperty('customer_key');
    await apply([event('customer.created', customer('beta', { id: 'cus_b' }), 3)]);
    expect(await transactions()).toMatchObject([{ customer_key: 'beta' }]);
  });
});

describe('the dependents of a Stripe customer', () => {
  test('dependents are packed into as few items as the limit of 1,024 bytes allows', async () => {
    const ids = ['ch_#"\\', 'ch_é', ...Array.from({ length: 60 }, (_, i) => `ch_${String(i).padStart(40, '0')}`)];
    const keys = dependentKeys(engine.tables, 'cus_a', ids);
    const sortKeys = keys.map(({ key }) => key.sk!);
    expect(sortKeys.flatMap(transactionsOfDependent)).toEqual(ids);
    expect(Math.max(...sortKeys.map((sk) => Buffer.byteLength(sk)))).toBeLessThanOrEqual(1024);
    expect(sortKeys).toHaveLength(3);
    expect(sortKeys.every((sk) => sk.startsWith(dependentsOf('cus_a').prefix))).toBe(true);
    const long = ['x'.repeat(255), '\u{1F4B3}'.repeat(127), '\n'.repeat(255)];
    const longKeys = dependentKeys(engine.tables, 'cus_a', long).map(({ key }) => key.sk!);
    expect(longKeys.flatMap(transactionsOfDependent)).toEqual(long);
    expect(Math.max(...longKeys.map((sk) => Buffer.byteLength(sk)))).toBeLessThanOrEqual(1024);
    expect(dependentKeys(engine.tables, 'cus_a', [])).toEqual([]);
  });
  test('a dependent without a row, or without a link, is not changed', async () => {
    await writeKeys(engine, dependentKeys(engine.tables, 'cus_a', ['ch_9']));
    expect(await sweepDependents(engine, 'cus_a')).toBe(0);
    await apply([event('charge.succeeded', charge()), event('customer.created', customer('acme'), 1)]);
    expect(await stored('ch_9')).toBeUndefined();
    expect(await stored()).toMatchObject({ customer_key: 'acme' });
  });
});

describe('a sweep and another writer at the same time', () => {
  test('a row that changed in the meantime is read and written again', async () => {
    await apply([event('charge.succeeded', charge())]);
    await writeLink(
      engine,
      { kind: 'link', stripe_customer_id: 'cus_a', customer_key: 'acme', version: '1', oldest: { version: '1' } },
      undefined,
    );
    const context = concurrently(async () => {
      const row = await stored();
      await replaceItem(engine, transactionKey(engine.tables, 'ch_1'), row, { ...row, product_key: 'gold' });
    });
    expect(await sweepDependents(context, 'cus_a')).toBe(1);
    expect(await stored()).toMatchObject({ customer_key: 'acme', product_key: 'gold' });
  });
  test('a link that moved in the meantime is read again, too', async () => {
    await apply([event('charge.succeeded', charge())]);
    const moved = concurrently(() => apply([beta]));
    await apply([event('customer.created', customer('acme'))], DELETE, moved);
    expect(await stored()).toMatchObject({ customer_key: 'beta', _link: 2 });
  });
  test('a row that got its own key in the meantime keeps it', async () => {
    await apply([event('charge.succeeded', charge())]);
    const own = event('charge.updated', charge({ metadata: { customer_key: 'own' } }), 9);
    const taken = concurrently(() => apply([own]));
    await apply([event('customer.created', customer('acme'))], DELETE, taken);
    expect(await stored()).toMatchObject({ customer_key: 'own', customer_key_source: 'own' });
  });
  test('a charge whose link moved after the write is written again', async () => {
    await apply([event('customer.created', customer('acme'))]);
    const moved = concurrently(() => apply([beta]));
    await apply([event('charge.succeeded', charge(), 1)], DELETE, moved);
    expect(await stored()).toMatchObject({ customer_key: 'beta', _link: 2, _revision: 2 });
  });
});

describe('refunds and disputes of a charge', () => {
  test('a refund that arrives before its charge waits, and counts once the charge arrives', async () => {
    expect(await apply([refundCreated], NET)).toMatchObject([{ outcome: 'waiting' }]);
    expect(await transactions()).toEqual([]);
    expect(await evidenceItem()).toMatchObject({ pk: 'charge#ch_1', refunds: [{ id: 're_1', amount: 500 }] });
    expect(await apply([succeeded], NET)).toMatchObject([{ outcome: 'waiting' }]);
    expect(await transactions()).toMatchObject([{ amount_refunded: 500, amount_net: 1500 }]);
  });
  test('refunds and disputes change an existing row, one after the other', async () => {
    await apply([succeeded, lost, refundCreated], NET);
    expect(await transactions()).toMatchObject([{ amount_refunded: 500, amount_disputed: 700, amount_net: 800 }]);
    await apply([event('charge.dispute.closed', dispute({ amount: 700, status: 'won' }), 30)], NET);
    const [row] = await transactions();
    expect(row).toMatchObject({ amount_refunded: 500, amount_net: 1500, event_type: 'refund.created' });
    expect(row).not.toHaveProperty('amount_disputed');
  });
  test('a charge without refund or dispute events has no item of evidence', async () => {
    await apply([succeeded, event('charge.refunded', charge({ amount_refunded: 500 }), 1)], NET);
    expect(await evidenceItem()).toBeUndefined();
  });
  test(rule('Failure is final'), async () => {
    await apply([
      succeeded,
      event('charge.failed', charge({ status: 'failed' }), 1),
      event('charge.updated', charge(), 9),
      refundCreated,
    ]);
    expect(await transactions()).toMatchObject([
      { status: 'deleted', deleted_reason: 'failed', event_type: 'charge.failed', amount_refunded: 0 },
    ]);
  });
});

describe('the revisions of a charge’s row', () => {
  test('each write of a row increments its revision, and an event that changes nothing writes nothing', async () => {
    await apply([succeeded]);
    expect(await stored()).toMatchObject({ _revision: 1 });
    await apply([event('charge.updated', charge(), 5)]);
    const row = await stored();
    expect(row).toMatchObject({ _revision: 2 });
    await apply([succeeded, event('charge.captured', charge(), 4)]);
    expect(await stored()).toEqual(row);
    await apply([refundCreated, refundCreated]);
    expect(await stored()).toMatchObject({ _revision: 3, _evidence: 1, status: 'deleted' });
    expect(await evidenceItem()).toMatchObject({ _revision: 1 });
  });
  test('a row remembers the revision of its evidence, even if the evidence did not change it', async () => {
    await apply([succeeded, event('charge.dispute.created', dispute({ status: 'needs_response' }), 5)]);
    expect(await stored()).toMatchObject({ _evidence: 1, status: 'recorded', event_type: 'charge.succeeded' });
  });
});

describe('out-of-date reads of a charge', () => {
  test('evidence that arrived after the row was computed is found by the second read', async () => {
    const context = concurrently(() => apply([refundCreated], NET));
    await apply([succeeded], NET, context);
    expect(await transactions()).toMatchObject([{ amount_refunded: 500 }]);
  });
  test('stale first reads do no harm', async () => {
    const history = [
      event('customer.created', customer('acme')),
      succeeded,
      event('customer.updated', customer('beta'), 5),
      refundCreated,
      event('charge.updated', charge({ amount_refunded: 500 }), 15),
      lost,
    ];
    await apply(history, NET);
    const expected = await engine.rows();
    for (const age of [1, 2, Number.POSITIVE_INFINITY]) {
      await engine.clear();
      /** What each read that need not be consistent has answered, and gives again to one that comes later. */
      const answers = new Map<string, unknown[]>();
      const outdated = intercepted(engine, async (name, input, send) => {
        const text = JSON.stringify(input);
        if (name !== 'BatchGetCommand' || !text.includes('"ConsistentRead":false')) return send();
        const all = [...(answers.get(text) ?? []), await send()];
        answers.set(text, all);
        return all.at(-1 - age) ?? { Responses: {} };
      });
      await apply([...history, ...history], NET, outdated);
      expect(await engine.rows()).toEqual(expected);
    }
  });
  test.each([
    ['evidence', [succeeded, refundCreated, lost]],
    ['link', [event('customer.created', customer('acme')), succeeded, event('customer.updated', customer('beta'), 5)]],
  ])('a row is not replaced by an older state of its %s, which a stale first read returned', async (part, history) => {
    await apply(history.slice(0, -1), NET);
    const at =
      part === 'link' ? linkKey(engine.tables, 'cus_a') : evidenceKey(engine.tables, { type: 'charge', id: 'ch_1' });
    const older = await readItem(engine, at);
    await apply(history.slice(-1), NET);
    const expected = await engine.rows();
    // The worker reads the newest row together with the older item, and dies before it reads again.
    const dying = intercepted(engine, async (name, input, send) => {
      if (name !== 'BatchGetCommand') return send();
      if (!JSON.stringify(input).includes('"ConsistentRead":false')) throw new Error('the worker is dead');
      const output = (await send()) as { Responses: Record<string, Item[]> };
      return { ...output, Responses: { ...output.Responses, [engine.tables.links]: [older] } };
    });
    await apply([succeeded], NET, dying);
    expect(older).toBeDefined();
    expect(await engine.rows()).toEqual(expected);
  });
});

describe('invoices', () => {
  const paid = (fields: object = {}, at = 0) => event('invoice.payment_succeeded', invoice({ ...fields }), at);
  const bare = (id: string, at = 0) => paid({ id, charge: null, payment_intent: null }, at);
  const link = (invoiceId: string, at: number) => event('invoice_payment.paid', invoicePayment(invoiceId, 'pi_1'), at);
  const refunded = event('charge.refunded', charge({ amount_refunded: 500 }), 5);
  const amounts = async () => (await transactions()).map((row) => [row.transaction_id, row.amount_refunded]);

  test(rule('Refunds and disputes that arrive earlier wait in `links` and are never dropped.'), async () => {
    const results = await apply([refunded, link('in_1', 1), bare('in_1')], INVOICE);
    expect(results.map(({ outcome }) => outcome)).toEqual(['waiting', 'waiting', 'waiting']);
    expect(await amounts()).toEqual([['in_1', 500]]);
  });
  test('an invoice finds what is related to it over several steps, and only that', async () => {
    await apply(
      [
        bare('in_1'),
        link('in_1', 1),
        refunded,
        event('charge.dispute.closed', dispute({ charge: 'ch_2', payment_intent: 'pi_1', amount: 300 }), 6),
        event('charge.refunded', charge({ id: 'ch_3', payment_intent: 'pi_3', amount_refunded: 900 }), 7),
      ],
      INVOICE,
    );
    expect(await transactions()).toMatchObject([{ amount_refunded: 500, amount_disputed: 300, amount_net: 4200 }]);
  });
  test(rule('The newest link wins.'), async () => {
    await apply([bare('in_1'), bare('in_2'), link('in_1', 1), refunded], INVOICE);
    expect(await amounts()).toEqual([
      ['in_1', 500],
      ['in_2', 0],
    ]);
    // The refund goes from one invoice to the other, and both rows follow.
    await apply([link('in_2', 2)], INVOICE);
    expect(await amounts()).toEqual([
      ['in_1', 0],
      ['in_2', 500],
    ]);
    await apply([link('in_1', 0), link('in_2', 1)], INVOICE);
    expect(await amounts()).toEqual([
      ['in_1', 0],
      ['in_2', 500],
    ]);
  });
  test('rows of invoices depend on their Stripe customer like those of charges', async () => {
    await apply([paid(), event('customer.created', customer('acme'), 1)], INVOICE);
    expect(await transactions()).toMatchObject([{ customer_key: 'acme', customer_key_source: 'linked' }]);
    await apply([refunded, event('customer.updated', customer('beta'), 9)], { ...INVOICE, partialRefund: 'delete' });
    expect(await transactions()).toMatchObject([{ status: 'deleted', deleted_customer_key: 'beta' }]);
  });
  test('a link that moves before the dependent is written gives the row its new key at once', async () => {
    await apply([event('customer.created', customer('acme'))], INVOICE);
    const keys: unknown[] = [];
    const context = intercepted(engine, async (name, input, send) => {
      if (name === 'BatchWriteCommand') await apply([event('customer.updated', customer('beta'), 1)], INVOICE);
      if (name === 'PutCommand' && input.TableName === engine.tables.transactions)
        keys.push((input.Item as Item).customer_key);
      return send();
    });
    await apply([event('invoice.payment_succeeded', invoice(), 2)], INVOICE, context);
    expect(keys).toEqual(['beta']);
  });
  test('the row is written again until it agrees with evidence that arrived in the meantime', async () => {
    const context = concurrently(() => apply([refunded, event('customer.created', customer('acme'), 1)], INVOICE));
    await apply([paid()], INVOICE, context);
    expect(await transactions()).toMatchObject([{ amount_refunded: 500, customer_key: 'acme' }]);
  });
  test('an event that changes nothing writes nothing', async () => {
    const recorded = paid();
    await apply([recorded, refunded], INVOICE);
    const row = await stored('in_1');
    expect(row).toMatchObject({ _revision: 2 });
    await apply([refunded, recorded, refunded], INVOICE);
    expect(await stored('in_1')).toEqual(row);
  });
});

describe('indexes', () => {
  const query = async (TableName: string, IndexName: string, key: string, value: string) => {
    const { Items = [] } = await engine.client.send(
      new QueryCommand({
        TableName,
        IndexName,
        KeyConditionExpression: '#key = :value',
        ExpressionAttributeNames: { '#key': key },
        ExpressionAttributeValues: { ':value': value },
      }),
    );
    return Items;
  };
  test(`${rule('The index therefore lists only recorded transactions.')} ${rule('Attributes that start with `_` are internal in every table: no index projects them')}`, async () => {
    await apply([
      event('customer.created', customer('acme', { metadata: { customer_key: 'acme', partner_key: 'p1' } })),
      ...[1, 2, 3].map((n) => event('charge.succeeded', charge({ id: `ch_${n}`, created: NOON - n }))),
      event('charge.refunded', charge({ id: 'ch_2', amount_refunded: 2000 }), 1),
    ]);
    const listed = await query(engine.tables.transactions, 'by_customer', 'customer_key', 'acme');
    expect(listed).toMatchObject([
      { transaction_id: 'ch_3', amount_net: 2000 },
      { transaction_id: 'ch_1', currency: 'usd' },
    ]);
    const partners = await query(engine.tables.customers, 'by_partner', 'partner_key', 'p1');
    expect(partners).toMatchObject([{ customer_key: 'acme', name: 'Ann' }]);
    const names = [...listed, ...partners].flatMap(Object.keys);
    expect(names.filter((name) => name.startsWith('_'))).toEqual([]);
  });
});
