// Rows of charges: each is computed from its snapshot, its evidence and its Stripe customer's link, and written until it agrees
// with a strongly consistent read of them that came after it.
//
// Why this is enough: evidence and links only ever move forward, and a row remembers how far each had come (`_evidence`, `_link`).
// A worker that replaces a row has read at least what that row was computed from, so a row that is computed from the last state is never
// replaced by one that is not. A request that arrives late fails, because the row's revision has moved on.

import { isDeepStrictEqual } from 'node:util';
import type { Settings } from '../../contract/settings.js';
import type { ChargeChange, ChargeSnapshot, Evidence } from '../domain/change.js';
import { chargeRow, snapshotOf } from '../domain/charge-row.js';
import { isNewer } from '../domain/event.js';
import { joinRefundsShown, joinSnapshots } from '../domain/join.js';
import type { MergedChange } from '../domain/merge.js';
import { linkedCustomer, type StoredRow } from '../domain/row.js';
import { evidenceKey, linkKey, transactionKey } from './keys.js';
import { linkOf } from './links.js';
import type { Report } from './report.js';
import { type Item, type ItemKey, Items, inParallel, readItems, replaceItem, type StoreContext } from './requests.js';

/** One charge that is brought up to date. */
interface Target {
  readonly merged: MergedChange<ChargeChange>;
  /** The row as it was last read or written; unknown after a write that failed its condition. */
  row: StoredRow | undefined | 'unknown';
  /** The row before this worker wrote it. */
  before: StoredRow | undefined;
  written: boolean;
}

/**
 * Recomputes the row of each charge, and writes it until it agrees with its inputs.
 *
 * @param known what was read at first and written since; it may be out of date
 */
export async function recomputeChargeRows(
  context: StoreContext,
  settings: Settings,
  merged: readonly MergedChange<ChargeChange>[],
  known: Items,
  report: Report,
): Promise<void> {
  const targets = merged.filter(report.isWhole).map((each) => startTarget(context, each, known));
  const write = (target: Target, inputs: Items) =>
    report.attempt(target.merged, () => writeRow(context, settings, target, inputs));
  await inParallel(
    targets.filter((target) => isFresh(context, target, known)),
    (target) => write(target, known),
  );
  for (let pending = targets; ; ) {
    pending = pending.filter(({ merged }) => report.isWhole(merged));
    if (pending.length === 0) break;
    const inputs = await readInputs(context, pending, report);
    const unsettled = pending.filter(
      (target) => report.isWhole(target.merged) && !agrees(context, settings, target, inputs),
    );
    await inParallel(unsettled, (target) => write(target, inputs));
    pending = unsettled;
  }
  for (const target of targets.filter(({ merged }) => report.isWhole(merged))) conclude(target, report);
}

function startTarget(context: StoreContext, merged: MergedChange<ChargeChange>, known: Items): Target {
  const row = known.get(transactionKey(context.tables, merged.change.charge_id)) as StoredRow | undefined;
  // That there is no row is certain only after a strongly consistent read; a snapshot finds out when it is put.
  const isCertain = row !== undefined || merged.change.snapshot !== undefined;
  return { merged, row: isCertain ? row : 'unknown', before: row, written: false };
}

/** Whether the first read is at least as new as what the row was computed from, so that the row may be replaced by it. */
function isFresh({ tables }: StoreContext, target: Target, known: Items): boolean {
  const { row, merged } = target;
  if (row === 'unknown') return false;
  if (row === undefined) return true;
  const evidence = known.get(evidenceKey(tables, chargeEntity(merged.change)));
  if (((evidence?._revision as number | undefined) ?? 0) < ((row._evidence as number | undefined) ?? 0)) return false;
  const customer = linkedCustomer(snapshotFor(target)!);
  if (customer === undefined || customer !== row.stripe_customer_id) return true;
  return (linkOf(known.get(linkKey(tables, customer)))?.moves ?? 0) >= (row._link ?? 0);
}

function snapshotFor({ row, merged }: Target): ChargeSnapshot | undefined {
  const { snapshot } = merged.change;
  if (!row || row === 'unknown') return snapshot;
  const known = snapshotOf(row);
  // A deleted row of a pre-release build lacks attributes, which the same event brings back.
  if (row._revision === undefined && snapshot?.version === known.version) return snapshot;
  return joinSnapshots(known, snapshot);
}

/** What the row should be, or undefined if the charge has not been seen yet. */
function wantedRow({ tables }: StoreContext, settings: Settings, target: Target, inputs: Items): StoredRow | undefined {
  const snapshot = snapshotFor(target);
  if (!snapshot) return undefined;
  const { change } = target.merged;
  const row = target.row === 'unknown' ? undefined : target.row;
  const evidence = inputs.get(evidenceKey(tables, chargeEntity(change)));
  const customer = linkedCustomer(snapshot);
  return chargeRow(
    {
      charge_id: change.charge_id,
      snapshot,
      refunds_shown: joinRefundsShown(row?._refunds_shown, change.refunds_shown),
      evidence: evidence as Evidence | undefined,
      revision: evidence?._revision as number | undefined,
      link: customer === undefined ? undefined : linkOf(inputs.get(linkKey(tables, customer))),
    },
    settings,
  );
}

/** The inputs must have been read after the row. */
function agrees(context: StoreContext, settings: Settings, target: Target, inputs: Items): boolean {
  const wanted = wantedRow(context, settings, target, inputs);
  return target.row === undefined ? wanted === undefined : target.row !== 'unknown' && isSame(target.row, wanted);
}

async function writeRow(context: StoreContext, settings: Settings, target: Target, inputs: Items): Promise<void> {
  const wanted = wantedRow(context, settings, target, inputs);
  const read = target.row === 'unknown' ? undefined : target.row;
  if (!wanted || isSame(read, wanted)) return;
  const at = transactionKey(context.tables, target.merged.change.charge_id);
  const item = await replaceItem(context, at, read as Item | undefined, { ...wanted });
  target.row = item ? (item as unknown as StoredRow) : 'unknown';
  if (item) target.written = true;
}

export function isSame(row: StoredRow | undefined, wanted: StoredRow | undefined): boolean {
  if (!row || !wanted) return row === wanted;
  return isDeepStrictEqual({ ...row, _revision: undefined }, { ...wanted, _revision: undefined });
}

/** Reads the rows that are not known, and then what each row is computed from: the row first, so that nothing older replaces it. */
async function readInputs(context: StoreContext, targets: readonly Target[], report: Report): Promise<Items> {
  const { tables } = context;
  try {
    const unknown = targets.filter(({ row }) => row === 'unknown');
    if (unknown.length > 0) {
      const keyOf = ({ merged }: Target) => transactionKey(tables, merged.change.charge_id);
      const rows = await readItems(context, unknown.map(keyOf));
      for (const target of unknown) {
        target.row = rows.get(keyOf(target)) as StoredRow | undefined;
        if (!target.written) target.before = target.row;
      }
    }
    return await readItems(
      context,
      targets.flatMap((target): ItemKey[] => {
        const snapshot = snapshotFor(target);
        const customer = snapshot && linkedCustomer(snapshot);
        return [
          evidenceKey(tables, chargeEntity(target.merged.change)),
          ...(customer === undefined ? [] : [linkKey(tables, customer)]),
        ];
      }),
    );
  } catch (error) {
    for (const { merged } of targets) report.fail(merged, error);
    return new Items();
  }
}

function chargeEntity({ charge_id }: ChargeChange) {
  return { type: 'charge' as const, id: charge_id };
}

function conclude({ merged, row, before, written }: Target, report: Report) {
  if (row === undefined || row === 'unknown') return report.conclude(merged, 'waiting');
  if (!written) return;
  const isVisible = !before || JSON.stringify(visible(before)) !== JSON.stringify(visible(row));
  const snapshot = snapshotOf(row);
  report.concludeEach(merged, (decision) => {
    // A snapshot that a newer one replaces, in the table or in its batch, changed nothing.
    const own = decision.changes.find((change) => change.kind === 'charge');
    if (own?.snapshot && (isNewer(snapshot, own.snapshot) || isNewer(own.snapshot, snapshot)) && !own.evidence)
      return undefined;
    if (!isVisible) return 'unchanged';
    return row.status === 'deleted' ? 'deleted' : row.customer_key === undefined ? 'waiting' : 'recorded';
  });
}

function visible(row: StoredRow) {
  return Object.entries(row)
    .filter(([name]) => !name.startsWith('_'))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
