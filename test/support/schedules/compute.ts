// Rows computed from events alone: decided, joined and computed as the store does it, but without a table.

import type { Settings } from '../../../contract/settings.js';
import type { Transaction } from '../../../functions/domain/change.js';
import { chargeRow } from '../../../functions/domain/charge-row.js';
import { decide } from '../../../functions/domain/decide.js';
import { invoiceRow } from '../../../functions/domain/invoice-row.js';
import { entityText } from '../../../functions/domain/join.js';
import { mergeChanges } from '../../../functions/domain/merge.js';
import type { CustomerLink, StoredRow } from '../../../functions/domain/row.js';
import type { Event } from '../builders/history.js';

/** The row of the one charge that the events are about, with its internal attributes. */
export function storedChargeRow(
  events: readonly Event[],
  settings: Settings,
  link?: CustomerLink,
): StoredRow | undefined {
  const { charges } = mergeChanges(events.map((event) => decide(event, settings)));
  if (charges.length !== 1) throw new Error(`the events are about ${charges.length} charges`);
  const { charge_id, snapshot, refunds_shown, evidence } = charges[0]!.change;
  if (!snapshot) return undefined;
  return chargeRow({ charge_id, snapshot, refunds_shown, evidence, revision: evidence && 1, link }, settings);
}

export function chargeRowOf(
  events: readonly Event[],
  settings: Settings,
  link?: CustomerLink,
): Transaction | undefined {
  return withoutInternal(storedChargeRow(events, settings, link));
}

export function invoiceRowOf(
  events: readonly Event[],
  settings: Settings,
  link?: CustomerLink,
  invoiceId = 'in_1',
): Transaction | undefined {
  const { evidence } = mergeChanges(events.map((event) => decide(event, settings)));
  const view = new Map(evidence.map(({ change }) => [entityText(change.entity), change]));
  return withoutInternal(invoiceRow(invoiceId, view, link, settings));
}

function withoutInternal(row: StoredRow | undefined): Transaction | undefined {
  if (!row) return undefined;
  return Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith('_'))) as unknown as Transaction;
}
