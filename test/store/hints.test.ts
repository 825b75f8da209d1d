// The first read of a batch: which items it asks for, and that a wrong guess about them changes nothing.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.js';
import { decide } from '../../functions/domain/decide.js';
import { parseEvent } from '../../functions/domain/event.js';
import { mergeChanges } from '../../functions/domain/merge.js';
import { readHints } from '../../functions/store/hints.js';
import { charge, customer, event, NOON, refund } from '../support/builders/events.js';
import { deliver, type Event } from '../support/builders/history.js';
import { type Engine, startEngine } from '../support/emulators/engine.js';
import { intercepted } from '../support/fakes/intercepted.js';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.stop());
beforeEach(() => engine.clear());

const NET: Settings = { ...DEFAULT_SETTINGS, partialRefund: 'net' };
const succeeded = event('charge.succeeded', charge());
const updated = event('charge.updated', charge({ description: 'updated' }), 1);
const refunded = event('refund.created', refund({ amount: 500, created: NOON + 10 }), 10);
const linked = event('customer.created', customer('acme'));

const ROW = 'ch_1';
const EVIDENCE = 'charge#ch_1 evidence';
const LINK = 'customer#cus_a link';

/** What the first read of a batch asks for, in words; each of its requests must say that it may be out of date. */
async function asked(events: readonly Event[]): Promise<string[]> {
  const keys: string[] = [];
  const watched = intercepted(engine, (_, { RequestItems }, send) => {
    type Asked = Record<string, { Keys: Record<string, string>[]; ConsistentRead: boolean }>;
    for (const { Keys, ConsistentRead } of Object.values(RequestItems as Asked)) {
      expect(ConsistentRead).toBe(false);
      keys.push(...Keys.map((key) => Object.values(key).join(' ')));
    }
    return send();
  });
  await readHints(watched, mergeChanges(events.map((each) => decide(parseEvent(each), NET))));
  return keys.sort();
}

describe('the first read asks for', () => {
  test.each<[string, readonly Event[], readonly string[]]>([
    ['the row of a charge that may have been updated before it succeeded', [succeeded], [ROW, LINK]],
    ['the row of a charge that was updated', [updated], [ROW, LINK]],
    ['no row of a charge that succeeded and was updated', [succeeded, updated], [LINK]],
    ['the evidence that a refund adds to', [refunded], [ROW, EVIDENCE]],
    ['no row of a charge that succeeded and was refunded', [refunded, succeeded], [EVIDENCE, LINK]],
    ['a customer, and its link', [linked], [LINK, 'acme']],
  ])('%s', async (_, events, keys) => {
    expect(await asked(events)).toEqual([...keys].sort());
  });
});

describe('what the first read leaves out', () => {
  const inBatches = (...batches: (readonly Event[])[]) => deliver(engine, NET, batches);

  test('is found if it was there: a refund that arrived before its charge', async () => {
    await inBatches([linked], [refunded], [succeeded, updated]);
    expect((await engine.rows()).transactions).toMatchObject([
      { amount_net: 1500, amount_refunded: 500, customer_key: 'acme', captured: true },
    ]);
  });
  test('is not overwritten: a charge whose events are all delivered again', async () => {
    await inBatches([linked], [succeeded, updated], [refunded]);
    const rows = await engine.rows();
    expect(rows.transactions).toMatchObject([{ amount_refunded: 500 }]);
    await inBatches([succeeded, updated], [updated], [succeeded]);
    expect(await engine.rows()).toEqual(rows);
  });
  test('is kept up to date: a charge that is updated after its refund', async () => {
    const later = event('charge.updated', charge({ amount_refunded: 500, metadata: { product_key: 'gold' } }), 20);
    await inBatches([linked], [succeeded], [refunded], [later]);
    expect((await engine.rows()).transactions).toMatchObject([
      { amount_net: 1500, amount_refunded: 500, product_key: 'gold', event_type: 'charge.updated' },
    ]);
  });
});
