// State that earlier versions have written is read and gone on with by this one.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { charge, customer, event } from '../support/events.js';
import type { Event } from '../support/history.js';
import { startStack } from '../support/local-stack.js';
import { expectedRows } from '../support/model.js';

const versions = readdirSync(__dirname).filter((name) => /^\d+\.\d+\.\d+$/.test(name));

test.each(versions)(
  'the state folder of %s',
  async (version) => {
    const kept = join(__dirname, version);
    const before: Event[] = JSON.parse(readFileSync(join(kept, 'events.json'), 'utf8'));
    const settings = { transactionSource: 'charge', partialRefund: 'delete' } as const;
    const folder = mkdtempSync(join(tmpdir(), 'upgrade-'));
    cpSync(join(kept, 'state'), join(folder, '.local'), { recursive: true });
    const stack = await startStack({ folder });
    try {
      const rows = await stack.rows();
      expect(rows).toEqual(expectedRows(before, settings));
      // A link that the earlier version wrote moves, and what it marked moves along; a charge that stands is refunded; all comes again.
      const linked = rows.transactions.filter((row) => row.customer_key_source === 'linked');
      expect(linked.length).toBeGreaterThan(1);
      const { stripe_customer_id: moving } = linked[0]!;
      const refunded = linked.find((row) => row.stripe_customer_id !== moving)!;
      const later = 50_000_000;
      const after = [
        event('customer.updated', customer('moved', { id: moving }), later, 'evt_moved'),
        event(
          'charge.refunded',
          charge({
            id: refunded.transaction_id,
            amount: refunded.amount,
            amount_captured: refunded.amount,
            amount_refunded: refunded.amount,
            refunded: true,
            currency: refunded.currency,
          }),
          later,
          'evt_refunded',
        ),
        event('charge.succeeded', charge({ id: 'ch_new', customer: moving }), later, 'evt_new'),
        ...before.slice(0, 10),
      ];
      for (const each of after) expect((await stack.post(each)).status).toBe(200);
      await stack.settled();
      const now = await stack.rows();
      expect(now).toEqual(expectedRows([...before, ...after], settings));
      expect(now.transactions.find((row) => row.transaction_id === linked[0]!.transaction_id)!.customer_key).toBe(
        'moved',
      );
    } finally {
      await stack.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);

test('there is one of each released version', () => {
  const changelog = readFileSync(join(__dirname, '..', '..', 'CHANGELOG.md'), 'utf8');
  const released = [...changelog.matchAll(/^## \[?(\d+\.\d+\.\d+)/gm)].map(([, version]) => version);
  for (const version of released) expect(versions).toContain(version);
  expect(versions.length).toBeGreaterThan(0);
});
