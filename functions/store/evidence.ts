// What is known about charges, payment intents and invoices in addition to their rows: one small item for each, which only grows.

import { isDeepStrictEqual } from 'node:util';
import type { Entity, Evidence } from '../domain/change.js';
import { defined } from '../domain/event.js';
import { joinEvidence } from '../domain/join.js';
import { evidenceOfVersion010 } from './evidence-0.1.0.js';
import { evidenceKey, evidencePartition } from './keys.js';
import { type Item, readPartition, type StoreContext, updateItem } from './requests.js';

/**
 * Adds to what is known about an entity.
 *
 * @param known the item as it was read; it may be out of date
 */
export async function writeEvidence(context: StoreContext, entity: Entity, added: Evidence, known: Item | undefined) {
  return updateItem(context, evidenceKey(context.tables, entity), known, (current) => {
    const before = evidenceOf(current);
    const joined = joinEvidence(before, added)!;
    return isDeepStrictEqual(joined, before) ? undefined : { ...joined };
  });
}

/** Reads what is known about an entity; strongly consistent. */
export async function readEvidence(context: StoreContext, entity: Entity): Promise<Evidence> {
  const items: Item[] = [];
  for await (const page of readPartition(context, evidencePartition(entity))) items.push(...page);
  const { sk } = evidenceKey(context.tables, entity).key;
  const current = evidenceOf(items.find((item) => item.sk === sk));
  return joinEvidence(evidenceOfVersion010(items.filter((item) => item.sk !== sk)), current) ?? {};
}

function evidenceOf(item: Item | undefined): Evidence | undefined {
  if (!item) return undefined;
  const { refunds, disputes, refunds_shown, refunded, failed, paid, claims, related } = item as Evidence;
  return defined({ refunds, disputes, refunds_shown, refunded, failed, paid, claims, related });
}
