// What the worker prints: lines of JSON, and nothing beside them.

import { expect, test } from '@jest/globals';
import { customer, event } from '../support/events.js';
import { runFunction } from '../support/run-function.js';

test('a full batch prints one line of JSON for each event, its metrics, and no warning', async () => {
  const events = Array.from({ length: 100 }, (_, i) =>
    event('customer.updated', customer(undefined, { id: `cus_${i}` })),
  );
  const { result, lines } = await runFunction(
    'worker',
    { CUSTOMERS_TABLE: 'customers', TRANSACTIONS_TABLE: 'transactions', LINKS_TABLE: 'links' },
    { Records: events.map((each) => ({ messageId: each.id, body: JSON.stringify(each) })) },
  );
  expect(result).toEqual({ batchItemFailures: [] });
  const parsed = lines.map((line) => JSON.parse(line));
  expect(parsed.filter(({ outcome }) => outcome === 'ignored')).toHaveLength(100);
  const counted = parsed.flatMap(({ EventsIgnored }) => EventsIgnored ?? []);
  expect(counted).toHaveLength(100);
}, 30_000);
