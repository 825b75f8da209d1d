// docs/deploy.md, "Changing a setting": what a backfill sends brings every row to where the new setting would have put it.

import { describe, expect, test } from '@jest/globals';
import { snapshotEvents } from '../../cli/snapshots.js';
import { DEFAULT_SETTINGS, parseSettings, type Settings } from '../../contract/settings.js';
import { charge, customer, dispute, event, invoice, NOON } from '../support/builders/events.js';
import { deliverUntilDone, type Event } from '../support/builders/history.js';
import { memoryEngine } from '../support/emulators/memory-engine.js';
import { publicRows } from '../support/model/rows.js';

const ASKED_AT = NOON + 1000;
const partlyRefunded = charge({ amount_refunded: 500 });
const taxed = invoice({ total: 5000, total_excluding_tax: 4000 });

const CHANGES: [
  setting: keyof Settings,
  history: Event[],
  kind: 'charges' | 'invoices',
  object: object,
  Partial<Settings>[],
][] = [
  [
    'partialRefund',
    [
      event('customer.created', customer('acme')),
      event('charge.succeeded', charge()),
      event('charge.refunded', partlyRefunded, 9),
    ],
    'charges',
    partlyRefunded,
    [{ partialRefund: 'delete' }, { partialRefund: 'net' }],
  ],
  [
    'amountBasis',
    [event('customer.created', customer('acme')), event('invoice.payment_succeeded', taxed)],
    'invoices',
    taxed,
    [
      { transactionSource: 'invoice', amountBasis: 'paid' },
      { transactionSource: 'invoice', amountBasis: 'excluding_tax' },
    ],
  ],
  [
    'disputes',
    [
      event('customer.created', customer('acme')),
      event('charge.succeeded', charge()),
      event('charge.dispute.created', dispute({ status: 'needs_response' }), 9),
    ],
    'charges',
    charge(),
    [{ disputes: 'lost' }, { disputes: 'open' }],
  ],
];

async function rowsAfter(stages: { settings: Settings; events: Event[] }[]) {
  const engine = memoryEngine();
  for (const { settings, events } of stages)
    await deliverUntilDone(
      engine,
      settings,
      events.map((each) => [each]),
    );
  return publicRows(engine.rows());
}

describe.each(CHANGES)('%s', (setting, history, kind, object, [one, other]) => {
  test.each([
    [one!, other!],
    [other!, one!],
  ])('from %j to %j', async (from, to) => {
    const before = parseSettings({ ...DEFAULT_SETTINGS, ...from });
    const after = parseSettings({ ...DEFAULT_SETTINGS, ...to });
    const backfill = snapshotEvents(kind, object as never, ASKED_AT, after) as Event[];
    const changed = await rowsAfter([
      { settings: before, events: history },
      { settings: after, events: backfill },
    ]);
    const expected = await rowsAfter([{ settings: after, events: [...history, ...backfill] }]);
    const untouched = await rowsAfter([{ settings: before, events: [...history, ...backfill] }]);
    expect(changed).toEqual(expected);
    // The setting makes a difference to this history.
    expect({ setting, rows: changed }).not.toEqual({ setting, rows: untouched });
  });
});
