// The metrics that the dashboard and the alarms read: what the functions emit, and what AWS emits of the stack's own parts.

import { Duration } from 'aws-cdk-lib';
import { Metric, type MetricProps, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
import type { FunctionName } from './functions.js';
import { METRICS_NAMESPACE } from './sync-function.js';

export const PERIOD = Duration.minutes(5);

/** A metric that a function emits, summed up. */
export function emitted(name: FunctionName, metricName: string, props: Partial<MetricProps> = {}): Metric {
  const { dimensionsMap, ...others } = props;
  return new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { service: name, ...dimensionsMap },
    statistic: Stats.SUM,
    unit: Unit.COUNT,
    period: PERIOD,
    label: metricName,
    ...others,
  });
}

/**
 * The sum of metrics, for metric math. CloudWatch adds up no more than the periods in which every one of them has a value, and the
 * functions emit only what happened: without a filler one quiet metric would keep the whole expression silent
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html).
 */
export function filled(...ids: readonly string[]): string {
  return ids.map((id) => `FILL(${id}, 0)`).join(' + ');
}
