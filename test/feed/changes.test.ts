// Which event a write of a row is.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { CUSTOMER_CHANGES, FEED_SOURCE, TRANSACTION_CHANGES } from '../../contract/change-feed.js';
import { changeOf, type StoredRow } from '../../functions/feed/changes.js';

const SETTINGS = { stack: 'prod/Sync', personalData: false };
const schema = JSON.parse(readFileSync(join(__dirname, '..', '..', 'contract', 'change-feed.schema.json'), 'utf8'));
const isValid = new Ajv({ strictTypes: false }).compile(schema);

const transaction = (fields: StoredRow = {}): StoredRow => ({
  transaction_id: 'ch_1',
  status: 'recorded',
  source: 'charge',
  amount: 2000,
  amount_refunded: 0,
  amount_net: 2000,
  livemode: true,
  event_id: 'evt_1',
  event_type: 'charge.succeeded',
  version: '001750000000#0#evt_1',
  _revision: 3,
  ...fields,
});
const deleted = (fields: StoredRow = {}) =>
  transaction({ status: 'deleted', amount_net: 0, deleted_reason: 'refunded', ...fields });
const customer = (fields: StoredRow = {}): StoredRow => ({
  customer_key: 'acme',
  version: 'v1',
  _revision: 1,
  ...fields,
});

const CASES: [name: string, before: StoredRow | undefined, after: StoredRow, type: string, changed?: string[]][] = [
  ['a new row', undefined, transaction(), 'transaction.recorded'],
  ['a new row that is deleted', undefined, deleted(), 'transaction.deleted'],
  ['a lower amount', transaction(), transaction({ amount_net: 5 }), 'transaction.adjusted', ['amount_net']],
  ['only a newer event', transaction(), transaction({ event_id: 'evt_2' }), 'transaction.adjusted', ['event_id']],
  ['a first customer', transaction(), transaction({ customer_key: 'a' }), 'transaction.attributed', ['customer_key']],
  [
    'another customer',
    transaction({ customer_key: 'a' }),
    transaction({ customer_key: 'b' }),
    'transaction.attributed',
  ],
  ['no customer any more', transaction({ customer_key: 'a' }), transaction(), 'transaction.attributed'],
  [
    'another customer of a deleted row',
    deleted({ deleted_customer_key: 'a' }),
    deleted({ deleted_customer_key: 'b' }),
    'transaction.attributed',
    ['deleted_customer_key'],
  ],
  [
    'a customer and an amount together',
    transaction(),
    transaction({ customer_key: 'a', amount_net: 5 }),
    'transaction.attributed',
    ['amount_net', 'customer_key'],
  ],
  ['a deletion', transaction(), deleted(), 'transaction.deleted', ['amount_net', 'deleted_reason', 'status']],
  [
    'a deletion with another customer',
    transaction({ customer_key: 'a' }),
    deleted({ deleted_customer_key: 'b' }),
    'transaction.deleted',
  ],
  ['a failed refund', deleted(), transaction(), 'transaction.restored'],
  ['another reason', deleted(), deleted({ deleted_reason: 'disputed' }), 'transaction.adjusted', ['deleted_reason']],
  [
    'a new customer',
    undefined,
    customer({ partner_key: 'ada' }),
    'customer.created',
    ['customer_key', 'partner_key', 'version'],
  ],
  ['a newer snapshot', customer(), customer({ version: 'v2' }), 'customer.updated', ['version']],
  ['a partner', customer(), customer({ partner_key: 'ada' }), 'customer.referred', ['partner_key']],
  [
    'an earlier claim for another partner, and a newer snapshot',
    customer({ partner_key: 'ada' }),
    customer({ partner_key: 'bob', version: 'v2' }),
    'customer.referred',
    ['partner_key', 'version'],
  ],
];

test.each(CASES.map(([name, before, after, type, changed = []]) => ({ name, before, after, type, changed })))(
  '$name',
  ({ before, after, type, changed }) => {
    const { type: found, detail } = changeOf({ before, after }, SETTINGS)!;
    expect(found).toBe(type);
    if (changed.length > 0) expect(detail.changed).toEqual(changed);
    const event = { source: FEED_SOURCE, 'detail-type': found, detail };
    expect([isValid(event), isValid.errors]).toEqual([true, null]);
  },
);

describe('no event', () => {
  test.each([
    ['the same row', transaction(), transaction()],
    ['internal attributes alone', transaction({ _evidence: 1 }), transaction({ _evidence: 2, _revision: 4 })],
    ['a name alone', customer({ name: 'Ada' }), customer({ name: 'Eve', _revision: 2 })],
    ['an erased name and email', customer({ name: 'Ada', email: 'a@b.c' }), customer({ _erased: true, _revision: 2 })],
  ])('%s', (_, before, after) => {
    expect(changeOf({ before, after }, SETTINGS)).toBeUndefined();
  });
});

describe('the detail', () => {
  test('has the key, the revision, the stack, and both rows without internal attributes', () => {
    const { detail } = changeOf({ before: transaction(), after: deleted({ _revision: 7 }) }, SETTINGS)!;
    const { _revision: _, ...before } = transaction();
    const { _revision: __, ...after } = deleted();
    expect(detail).toEqual({
      id: 'ch_1',
      sequence: 7,
      stack: 'prod/Sync',
      before,
      after,
      changed: ['amount_net', 'deleted_reason', 'status'],
    });
  });
  test('has sequence 0 for a row of a pre-release build', () => {
    const { _revision: _, ...row } = transaction();
    expect(changeOf({ before: undefined, after: row }, SETTINGS)!.detail.sequence).toBe(0);
  });
  const person = { before: customer({ name: 'Ada', email: 'a@b.c' }), after: customer({ name: 'Eve', version: 'v2' }) };
  test('contains no name and no email address by default', () => {
    const { detail } = changeOf(person, SETTINGS)!;
    expect(JSON.stringify(detail)).not.toMatch(/Ada|Eve|a@b\.c|name"|email/);
    expect(detail.changed).toEqual(['version']);
  });
  test('contains names and email addresses with personalData', () => {
    const { detail } = changeOf(person, { ...SETTINGS, personalData: true })!;
    expect(detail).toMatchObject({ before: { name: 'Ada', email: 'a@b.c' }, after: { name: 'Eve' } });
    expect(detail.changed).toEqual(['email', 'name', 'version']);
  });
});

describe('the schema', () => {
  test('defines each detail type', () => {
    const names = [...TRANSACTION_CHANGES, ...CUSTOMER_CHANGES];
    expect(schema.oneOf.map(({ $ref }: { $ref: string }) => $ref)).toEqual(
      names.map((name) => `#/definitions/${name}`),
    );
    for (const name of names) expect(schema.definitions[name].properties['detail-type'].const).toBe(name);
  });
  const { detail } = changeOf({ before: transaction(), after: deleted() }, SETTINGS)!;
  test.each([
    ['another source', { source: 'aws.s3', 'detail-type': 'transaction.deleted', detail }],
    ['an unknown type', { source: FEED_SOURCE, 'detail-type': 'transaction.lost', detail }],
    ['a type that the rows contradict', { source: FEED_SOURCE, 'detail-type': 'transaction.restored', detail }],
    ['a customer’s type', { source: FEED_SOURCE, 'detail-type': 'customer.updated', detail }],
    [
      'no sequence',
      { source: FEED_SOURCE, 'detail-type': 'transaction.deleted', detail: { ...detail, sequence: undefined } },
    ],
    [
      'an internal attribute',
      { source: FEED_SOURCE, 'detail-type': 'transaction.deleted', detail: { ...detail, after: deleted() } },
    ],
  ])('refuses %s', (_, event) => {
    expect(isValid(JSON.parse(JSON.stringify(event)))).toBe(false);
  });
});
