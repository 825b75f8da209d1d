// What became of each event of a batch.

import type { AppliedOutcome } from '../../contract/outcomes.js';
import type { Decision } from '../domain/change.js';
import type { MergedBatch, MergedChange } from '../domain/merge.js';

/** What became of one event. */
export interface Applied {
  readonly outcome: AppliedOutcome;
  /** How many rows this event's link gave another `customer_key`. */
  readonly attributed: number;
  /** Why it could not be applied; its message must be delivered again. */
  readonly error?: unknown;
}

/** Collects what became of each event while the batch is applied. */
export interface Report {
  readonly applied: ReadonlyMap<Decision, Applied>;
  /** Runs one step of a change. If it throws, all events of the change have failed, and no further step of it may run. */
  attempt(merged: MergedChange, step: () => Promise<void>): Promise<void>;
  fail(merged: MergedChange, error: unknown): void;
  isWhole(merged: MergedChange): boolean;
  conclude(merged: MergedChange, outcome: AppliedOutcome): void;
  /** @param outcomeOf returns undefined for an event that changed nothing */
  concludeEach(merged: MergedChange, outcomeOf: (decision: Decision) => AppliedOutcome | undefined): void;
  addAttributed(merged: MergedChange, count: number): void;
}

/** Every event starts as `stale`. */
export function startReport(batch: MergedBatch): Report {
  const applied = new Map<Decision, { outcome: AppliedOutcome; attributed: number; error?: unknown }>(
    batch.decisions.map((decision) => [decision, { outcome: 'stale', attributed: 0 }]),
  );
  const failed = new Set<MergedChange>();
  const report: Report = {
    applied,
    async attempt(merged, step) {
      await step().catch((error) => report.fail(merged, error));
    },
    fail(merged, error) {
      failed.add(merged);
      for (const decision of merged.decisions) applied.get(decision)!.error ??= error ?? new Error('unknown');
    },
    isWhole: (merged) => !failed.has(merged),
    conclude: (merged, outcome) => report.concludeEach(merged, () => outcome),
    concludeEach(merged, outcomeOf) {
      for (const decision of merged.decisions) {
        const outcome = outcomeOf(decision);
        if (outcome) applied.get(decision)!.outcome = outcome;
      }
    },
    addAttributed(merged, count) {
      applied.get(merged.decisions[0]!)!.attributed += count;
    },
  };
  return report;
}
