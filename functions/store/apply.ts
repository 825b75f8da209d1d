// A batch of decided events carried out: read together, write in parallel, then read again what the writes were based on.

import type { Settings } from '../../contract/settings.js';
import type { ChargeChange, Decision } from '../domain/change.js';
import { snapshotOf } from '../domain/charge-row.js';
import { joinSnapshots } from '../domain/join.js';
import type { MergedBatch, MergedChange } from '../domain/merge.js';
import { dependsOn, linkedCustomer, type StoredRow } from '../domain/row.js';
import { recomputeChargeRows } from './charges.js';
import { writeCustomer } from './customers.js';
import { writeEvidence } from './evidence.js';
import { readHints } from './hints.js';
import { recomputeInvoiceRows } from './invoices.js';
import { customerKey, dependentKeys, evidenceKey, linkKey, transactionKey } from './keys.js';
import { sweepDependents, writeLink } from './links.js';
import { type Applied, type Report, startReport } from './report.js';
import { type Items, inParallel, type StoreContext, writeKeys } from './requests.js';

export type { Applied } from './report.js';

/**
 * Applies a batch of events. One event's failure never fails another that does not share a row with it.
 *
 * @returns what became of each decision; never throws
 */
export async function apply(
  context: StoreContext,
  settings: Settings,
  batch: MergedBatch,
): Promise<ReadonlyMap<Decision, Applied>> {
  const report = startReport(batch);
  const all = [...batch.customers, ...batch.links, ...batch.charges, ...batch.evidence];
  let known: Items;
  try {
    known = await readHints(context, batch);
  } catch (error) {
    for (const merged of all) report.fail(merged, error);
    return report.applied;
  }
  const sweeps: MergedChange[] = [];
  await Promise.all([
    writeDependents(context, batch, known, report),
    writeLinks(context, batch, known, report, sweeps),
    writeCustomers(context, batch, known, report),
    writeAllEvidence(context, batch, known, report),
  ]);
  await recomputeChargeRows(context, settings, batch.charges, known, report);
  await sweepLinks(context, batch, report, sweeps);
  await recomputeInvoiceRows(context, settings, batch.evidence, report);
  return report.applied;
}

/** A dependent is written before its row, so that a worker that moves the link finds every row that has to move with it. */
async function writeDependents(context: StoreContext, { charges }: MergedBatch, known: Items, report: Report) {
  const missing = charges.filter(({ change }) => needsDependent(context, change, known));
  const byCustomer = new Map<string, string[]>();
  for (const { change } of missing) {
    const customer = linkedCustomer(change.snapshot!)!;
    byCustomer.set(customer, [...(byCustomer.get(customer) ?? []), change.charge_id]);
  }
  const keys = [...byCustomer].flatMap(([customer, ids]) => dependentKeys(context.tables, customer, ids));
  const written = writeKeys(context, keys);
  await Promise.all(missing.map((merged) => report.attempt(merged, () => written)));
  await written.catch(() => {});
}

function needsDependent({ tables }: StoreContext, { charge_id, snapshot }: ChargeChange, known: Items): boolean {
  const customer = snapshot && linkedCustomer(snapshot);
  if (customer === undefined) return false;
  const row = known.get(transactionKey(tables, charge_id)) as StoredRow | undefined;
  // A deleted row of a pre-release build has no dependent either.
  if (row?._revision === undefined) return true;
  // The worker that wrote a row has written the dependent that it needs.
  return !dependsOn(row, customer) && joinSnapshots(snapshotOf(row), snapshot) === snapshot;
}

async function writeLinks(
  context: StoreContext,
  { links }: MergedBatch,
  known: Items,
  report: Report,
  sweeps: MergedChange[],
) {
  await inParallel(links, (merged) =>
    report.attempt(merged, async () => {
      const at = linkKey(context.tables, merged.change.stripe_customer_id);
      const { item, written, mustSweep } = await writeLink(context, merged.change, known.get(at));
      known.set(at, item);
      if (mustSweep) sweeps.push(merged);
      const { version } = merged.change;
      if (written)
        report.concludeEach(merged, (decision) => (hasVersion(decision, version) ? 'customer_updated' : undefined));
    }),
  );
}

async function writeCustomers(context: StoreContext, { customers }: MergedBatch, known: Items, report: Report) {
  await inParallel(customers, (merged) =>
    report.attempt(merged, async () => {
      const { change } = merged;
      const written = await writeCustomer(context, change, known.get(customerKey(context.tables, change.customer_key)));
      if (written)
        report.concludeEach(merged, (decision) => (isAboutCustomer(decision) ? 'customer_updated' : undefined));
    }),
  );
}

/** A charge's or invoice's own key makes a customer exist too, but its event is about the charge or the invoice. */
function isAboutCustomer({ changes }: Decision): boolean {
  return changes.every(({ kind }) => kind === 'customer' || kind === 'link');
}

function hasVersion({ changes }: Decision, version: string): boolean {
  return changes.some((change) => change.kind === 'link' && change.version === version);
}

async function writeAllEvidence(context: StoreContext, batch: MergedBatch, known: Items, report: Report) {
  const ofCharges = batch.charges.flatMap((merged) => {
    const { charge_id: id, evidence } = merged.change;
    return evidence ? [{ merged, entity: { type: 'charge' as const, id }, evidence }] : [];
  });
  const ofInvoices = batch.evidence.map((merged) => ({ merged, ...merged.change }));
  await inParallel([...ofCharges, ...ofInvoices], ({ merged, entity, evidence }) =>
    report.attempt(merged, async () => {
      const at = evidenceKey(context.tables, entity);
      const { item, written } = await writeEvidence(context, entity, evidence, known.get(at));
      if (item) known.set(at, item);
      if (written) report.concludeEach(merged, (decision) => (hasEvidence(decision) ? 'unchanged' : undefined));
    }),
  );
}

function hasEvidence({ changes }: Decision): boolean {
  return changes.some((change) => change.kind !== 'customer' && change.kind !== 'link' && change.evidence);
}

async function sweepLinks(
  context: StoreContext,
  { links }: MergedBatch,
  report: Report,
  sweeps: readonly MergedChange[],
) {
  await inParallel(
    links.filter((merged) => sweeps.includes(merged)),
    (merged) =>
      report.attempt(merged, async () => {
        report.addAttributed(merged, await sweepDependents(context, merged.change.stripe_customer_id));
      }),
  );
}
