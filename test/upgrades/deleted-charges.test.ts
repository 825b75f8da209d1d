// Deleted rows of pre-release builds held less than deleted rows do now. The next event about such a row repairs it.

import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import { charge, customer, event } from '../support/builders/events.js';
import { deliver } from '../support/builders/history.js';
import { startEngine } from '../support/emulators/engine.js';
import { expectedRows } from '../support/model/model.js';

describe('a deleted charge of pre-release builds', () => {
  /** All that such a row held; nothing in `links` said that it depends on its Stripe customer. */
  const KEPT =
    `transaction_id source status deleted_reason amount currency created livemode event_id event_type version`.split(
      ' ',
    );
  const refunded = event('charge.refunded', charge({ amount_refunded: 2000, refunded: true }));
  const created = event('customer.created', customer('acme'), 1);

  test.each([undefined, '2020-08-27'])(
    'moves with its customer once an event has repaired it, with api_version %s',
    async (version) => {
      const again = version === undefined ? refunded : { ...refunded, api_version: version };
      const engine = await startEngine();
      try {
        await deliver(engine, DEFAULT_SETTINGS, [[again]]);
        const [row] = (await engine.rows()).transactions;
        await engine.clear();
        const Item = Object.fromEntries(Object.entries(row!).filter(([name]) => KEPT.includes(name)));
        await engine.client.send(new PutCommand({ TableName: engine.tables.transactions, Item }));
        await deliver(engine, DEFAULT_SETTINGS, [[again], [created]]);
        const rows = await engine.rows();
        expect(rows).toEqual(expectedRows([again, created], DEFAULT_SETTINGS));
        expect(rows.transactions).toEqual([expect.objectContaining({ deleted_customer_key: 'acme' })]);
      } finally {
        await engine.stop();
      }
    },
  );
});
