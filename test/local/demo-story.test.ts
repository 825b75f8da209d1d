// The demo's story under every combination of settings: after each chapter, each step's rows are those of the contract's model.

import { expect, test } from '@jest/globals';
import {
  AMOUNT_BASES,
  DISPUTES,
  LIVEMODES,
  PARTIAL_REFUNDS,
  parseSettings,
  type Settings,
  TRANSACTION_SOURCES,
} from '../../contract/settings.js';
import { eventMaker } from '../../local/demo/events.js';
import { countedInTheEnd, story } from '../../local/demo/story.js';
import { expectedRows } from '../support/model/model.js';

type Event = Parameters<typeof expectedRows>[0][number];

const combinations: Settings[] = TRANSACTION_SOURCES.flatMap((transactionSource) =>
  PARTIAL_REFUNDS.flatMap((partialRefund) =>
    LIVEMODES.flatMap((livemode) =>
      DISPUTES.flatMap((disputes) =>
        AMOUNT_BASES.filter((amountBasis) => transactionSource === 'invoice' || amountBasis === 'paid').map(
          (amountBasis) => parseSettings({ transactionSource, partialRefund, livemode, disputes, amountBasis }),
        ),
      ),
    ),
  ),
);

test.each(combinations.map((settings) => [Object.values(settings).join(', '), settings] as const))(
  '%s',
  (_, settings) => {
    const stripe = eventMaker(settings, 'test');
    const received: Event[] = [];
    const rowsNow = () => {
      const { customers, transactions } = expectedRows(received, settings);
      return new Map(
        [...customers, ...transactions].map((row) => [String(row.transaction_id ?? row.customer_key), row]),
      );
    };
    for (const chapter of story(settings, stripe)) {
      for (const { events, forged } of chapter) if (!forged) received.push(...(events as unknown as Event[]));
      for (const { words, rows } of chapter) {
        for (const [key, fields] of Object.entries(rows)) {
          const row = rowsNow().get(key);
          const shown = row && fields && Object.fromEntries(Object.keys(fields).map((name) => [name, row[name]]));
          expect({ words, key, row: fields === null ? (row ?? null) : shown }).toEqual({ words, key, row: fields });
        }
      }
    }
    const counted = [...rowsNow().values()].filter(({ status }) => status === 'recorded');
    expect(Object.fromEntries(counted.map((row) => [row.customer_key, row.amount_net]))).toEqual(
      countedInTheEnd(settings),
    );
  },
);
