// The metrics that CloudWatch would receive, kept for a while: those that the functions emit, and those that AWS would count.

import type { MetricName } from './metric-names.js';

export interface TimeRange {
  /** All in milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly period: number;
}

export interface MetricStore {
  /** @param at milliseconds */
  record(metric: MetricName, at: number, values: readonly number[]): void;
  /**
   * One value for each whole period in the range.
   *
   * @param statistic as CloudWatch names it: `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount` or `p99`
   * @returns undefined for a period without data
   */
  query(metric: MetricName, statistic: string, range: TimeRange): (number | undefined)[];
}

/** Values are kept in buckets of ten seconds, for three hours. */
export const RESOLUTION = 10_000;
const KEPT_BUCKETS = (3 * 3600 * 1000) / RESOLUTION;
/** For percentiles; the sum and the count include every value. */
const SAMPLES = 500;

interface Bucket {
  sum: number;
  count: number;
  min: number;
  max: number;
  readonly samples: number[];
}

export function createMetricStore(): MetricStore {
  const metrics = new Map<string, Map<number, Bucket>>();
  return {
    record(metric, at, values) {
      const key = keyOf(metric);
      const buckets = metrics.get(key) ?? new Map<number, Bucket>();
      metrics.set(key, buckets);
      const index = Math.floor(at / RESOLUTION);
      const bucket = buckets.get(index) ?? { sum: 0, count: 0, min: Infinity, max: -Infinity, samples: [] };
      buckets.set(index, bucket);
      for (const value of values) {
        bucket.sum += value;
        bucket.count++;
        bucket.min = Math.min(bucket.min, value);
        bucket.max = Math.max(bucket.max, value);
        if (bucket.samples.length < SAMPLES) bucket.samples.push(value);
      }
      if (buckets.size > KEPT_BUCKETS) buckets.delete(Math.min(...buckets.keys()));
    },
    query(metric, statistic, { from, to, period }) {
      const buckets = metrics.get(keyOf(metric));
      const values: (number | undefined)[] = [];
      for (let start = from; start + period <= to; start += period) {
        const found: Bucket[] = [];
        for (let index = Math.floor(start / RESOLUTION); index < (start + period) / RESOLUTION; index++) {
          const bucket = buckets?.get(index);
          if (bucket) found.push(bucket);
        }
        values.push(summarize(found, statistic));
      }
      return values;
    },
  };
}

function keyOf({ namespace, name, dimensions }: MetricName): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort()]);
}

function summarize(buckets: readonly Bucket[], statistic: string): number | undefined {
  if (buckets.length === 0) return undefined;
  const sum = buckets.reduce((total, each) => total + each.sum, 0);
  const count = buckets.reduce((total, each) => total + each.count, 0);
  switch (statistic) {
    case 'Sum':
      return sum;
    case 'SampleCount':
      return count;
    case 'Average':
      return sum / count;
    case 'Minimum':
      return Math.min(...buckets.map(({ min }) => min));
    case 'Maximum':
      return Math.max(...buckets.map(({ max }) => max));
    default: {
      const samples = buckets.flatMap((each) => each.samples).sort((a, b) => a - b);
      const share = Number(statistic.slice(1)) / 100;
      return samples[Math.min(samples.length - 1, Math.ceil(share * samples.length) - 1)];
    }
  }
}

interface EmbeddedMetrics {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
  readonly [name: string]: unknown;
}

/** Records the metrics of a log line in CloudWatch's embedded metric format. */
export function recordEmbedded(store: MetricStore, line: object): void {
  const { _aws, ...members } = line as EmbeddedMetrics;
  for (const { Namespace, Dimensions, Metrics } of _aws.CloudWatchMetrics) {
    for (const names of Dimensions) {
      const dimensions = Object.fromEntries(names.map((name) => [name, String(members[name])]));
      for (const { Name } of Metrics) {
        const values = [members[Name]].flat().map(Number);
        store.record({ namespace: Namespace, name: Name, dimensions }, _aws.Timestamp, values);
      }
    }
  }
}
