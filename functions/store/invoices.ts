// Rows of invoices: each is computed from the evidence of everything related to it, and written until it agrees with a reading of
// that evidence that came after it.

import { createHash } from 'node:crypto';
import type { Settings } from '../../contract/settings.js';
import type { Entity, Evidence, EvidenceChange } from '../domain/change.js';
import { type InvoiceView, invoiceRow, paidEventOf } from '../domain/invoice-row.js';
import { entityText } from '../domain/join.js';
import type { MergedChange } from '../domain/merge.js';
import { linkedCustomer, type StoredRow } from '../domain/row.js';
import { isSame } from './charges.js';
import { readEvidence } from './evidence.js';
import { dependentKeys, linkKey, transactionKey } from './keys.js';
import { linkOf } from './links.js';
import type { Report } from './report.js';
import { type Item, inParallel, readItem, readItems, replaceItem, type StoreContext, writeKeys } from './requests.js';

/** Recomputes the rows of all invoices that the changed evidence is about, directly or not. The evidence has been written. */
export async function recomputeInvoiceRows(
  context: StoreContext,
  settings: Settings,
  merged: readonly MergedChange<EvidenceChange>[],
  report: Report,
): Promise<void> {
  /** Which changes are about each invoice. */
  const invoices = new Map<string, MergedChange<EvidenceChange>[]>();
  await inParallel(merged.filter(report.isWhole), (each) =>
    report.attempt(each, async () => {
      const view = await readView(context, each.change.entity);
      const ids = [...view.values()].flatMap(({ entity, evidence }) =>
        entity.type === 'invoice' && evidence.paid ? [entity.id] : [],
      );
      for (const id of ids) invoices.set(id, [...(invoices.get(id) ?? []), each]);
      if (ids.length === 0) report.conclude(each, 'waiting');
    }),
  );
  await inParallel([...invoices], async ([id, changes]) => {
    try {
      const { row, changed } = await recomputeInvoiceRow(context, settings, id);
      if (!row || !changed) return;
      const outcome = row.status === 'deleted' ? 'deleted' : row.customer_key === undefined ? 'waiting' : 'recorded';
      for (const each of changes) report.conclude(each, outcome);
    } catch (error) {
      for (const each of changes) report.fail(each, error);
    }
  });
}

/** Reads the row, then everything it is computed from, and writes it until both agree. */
async function recomputeInvoiceRow(
  context: StoreContext,
  settings: Settings,
  invoiceId: string,
): Promise<{ row: StoredRow | undefined; changed: boolean }> {
  const at = transactionKey(context.tables, invoiceId);
  let row = (await readItem(context, at)) as StoredRow | undefined;
  for (let changed = false; ; ) {
    const wanted = await wantedRow(context, settings, invoiceId);
    if (!wanted || isSame(row, wanted)) return { row, changed };
    const item = await replaceItem(context, at, row as Item | undefined, { ...wanted });
    if (item) changed = true;
    row = (item ?? (await readItem(context, at))) as StoredRow | undefined;
  }
}

async function wantedRow(context: StoreContext, settings: Settings, invoiceId: string): Promise<StoredRow | undefined> {
  const view = await readView(context, { type: 'invoice', id: invoiceId });
  const paid = paidEventOf(invoiceId, view);
  if (!paid) return undefined;
  const customer = linkedCustomer(paid);
  const link = customer === undefined ? undefined : await readLinkOfDependent(context, customer, invoiceId);
  const row = invoiceRow(invoiceId, view, link, settings)!;
  return { ...row, _evidence: fingerprint(view) };
}

/** Reads the link, after it has made sure that a worker that moves the link finds this transaction. */
async function readLinkOfDependent(context: StoreContext, customer: string, transactionId: string) {
  const link = linkKey(context.tables, customer);
  const [dependent] = dependentKeys(context.tables, customer, [transactionId]);
  const read = await readItems(context, [link, dependent!]);
  if (read.get(dependent!)) return linkOf(read.get(link));
  await writeKeys(context, [dependent!]);
  return linkOf(await readItem(context, link));
}

/** Reads the evidence of an entity and of everything related to it, directly or not; strongly consistent. */
async function readView(context: StoreContext, start: Entity): Promise<InvoiceView> {
  const view = new Map<string, { entity: Entity; evidence: Evidence }>();
  for (let pending = [start]; pending.length > 0; ) {
    await inParallel(pending, async (entity) => {
      view.set(entityText(entity), { entity, evidence: await readEvidence(context, entity) });
    });
    const related = [...view.values()].flatMap(({ evidence }) => evidence.related ?? []);
    const missing = related.filter((entity) => !view.has(entityText(entity)));
    pending = [...new Map(missing.map((entity) => [entityText(entity), entity])).values()];
  }
  return view;
}

/** The same evidence has the same fingerprint, and evidence that has grown never has an older one again. */
function fingerprint(view: InvoiceView): string {
  const sorted = [...view]
    .map(([text, { evidence }]) => [text, evidence] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted, sortedKeys)).digest('base64url').slice(0, 22);
}

function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
