// The changes of a batch of events, merged by what they are about: fewer requests, and the same rows as one by one.

import type { Change, ChargeChange, CustomerChange, Decision, EvidenceChange, LinkChange } from './change.js';
import { entityText, joinCharges, joinCustomers, joinEvidenceChanges, joinLinks } from './join.js';

/** One change, and the decisions that it was merged from. */
export interface MergedChange<C extends Change = Change> {
  readonly change: C;
  readonly decisions: readonly Decision[];
}

export interface MergedBatch {
  readonly decisions: readonly Decision[];
  readonly customers: readonly MergedChange<CustomerChange>[];
  readonly links: readonly MergedChange<LinkChange>[];
  readonly charges: readonly MergedChange<ChargeChange>[];
  readonly evidence: readonly MergedChange<EvidenceChange>[];
}

/** @param decisions what each event of the batch means, in any order */
export function mergeChanges(decisions: readonly Decision[]): MergedBatch {
  return {
    decisions,
    customers: merge(decisions, 'customer', (change) => change.customer_key, joinCustomers),
    links: merge(decisions, 'link', (change) => change.stripe_customer_id, joinLinks),
    charges: merge(decisions, 'charge', (change) => change.charge_id, joinCharges),
    evidence: merge(decisions, 'evidence', (change) => entityText(change.entity), joinEvidenceChanges),
  };
}

function merge<K extends Change['kind'], C extends Extract<Change, { kind: K }>>(
  decisions: readonly Decision[],
  kind: K,
  keyOf: (change: C) => string,
  join: (a: C, b: C) => C,
): MergedChange<C>[] {
  const merged = new Map<string, { change: C; decisions: Set<Decision> }>();
  for (const decision of decisions) {
    for (const each of decision.changes) {
      if (each.kind !== kind) continue;
      const change = each as C;
      const key = keyOf(change);
      const known = merged.get(key);
      if (known) {
        known.change = join(known.change, change);
        known.decisions.add(decision);
      } else merged.set(key, { change, decisions: new Set([decision]) });
    }
  }
  return [...merged.values()].map(({ change, decisions }) => ({ change, decisions: [...decisions] }));
}
