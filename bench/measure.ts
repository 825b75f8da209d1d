// The format of a benchmark's results, and small statistics.

export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** The reference, measured in the same run; null if the goal is an absolute figure. */
  readonly reference: number | null;
  readonly referenceName: string | null;
  readonly ratio: number | null;
  /** As a sentence; null if there is no goal. */
  readonly goal: string | null;
  readonly met: boolean | null;
}

interface Compared {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly reference?: number;
  readonly referenceName?: string;
  /** `<=` or `>=`, of the ratio where there is a reference and `of` is not `value`. */
  readonly goal?: { readonly bound: '<=' | '>='; readonly value: number; readonly of?: 'ratio' | 'value' };
}

export function result({ name, unit, ours, reference, referenceName, goal }: Compared): Result {
  const ratio = reference === undefined ? null : ours / reference;
  const isRatio = ratio !== null && goal?.of !== 'value';
  const measured = isRatio ? ratio : ours;
  const bound = goal && `${goal.bound === '<=' ? '≤' : '≥'} ${goal.value}`;
  return {
    name,
    unit,
    ours,
    reference: reference ?? null,
    referenceName: referenceName ?? null,
    ratio,
    goal: bound ? `${bound} ${isRatio ? `× ${referenceName}` : unit}` : null,
    met: goal ? (goal.bound === '<=' ? measured <= goal.value : measured >= goal.value) : null,
  };
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil((share / 100) * sorted.length) - 1))]!;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Does the work for each item, a bounded number in parallel. */
export async function eachOf<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<unknown>) {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

export function inBatches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
