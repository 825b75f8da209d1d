// The metrics that the dashboard and the alarms read: those that the functions emit, and AWS's own metrics of the resources.

import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, type MetricProps, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
import type { FunctionName } from './functions.js';
import { INDEXES, PIPELINE_TABLES, type Tables } from './tables.js';

export const PERIOD = Duration.minutes(5);

/** A metric that a function emits, summed by default. */
export function emitted(
  namespace: string,
  name: FunctionName,
  metricName: string,
  { dimensionsMap, ...others }: Partial<MetricProps> = {},
): Metric {
  return counted(namespace, metricName, { dimensionsMap: { service: name, ...dimensionsMap }, ...others });
}

/** A metric that is counted from a log, summed by default. */
export function counted(namespace: string, metricName: string, props: Partial<MetricProps> = {}): Metric {
  return new Metric({
    namespace,
    metricName,
    statistic: Stats.SUM,
    unit: Unit.COUNT,
    period: PERIOD,
    ...props,
  });
}

/**
 * The sum of metrics, for metric math. CloudWatch returns a value only for periods in which every operand has one, and the functions
 * emit only what happened. Without FILL, one quiet metric would keep the whole expression silent
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html).
 */
export function filled(...ids: readonly string[]): string {
  return ids.map((id) => `FILL(${id}, 0)`).join(' + ');
}

/**
 * How many requests DynamoDB throttled, on the tables that events are applied to and on their indexes. These are ten metrics, the
 * most that CloudWatch allows in one alarm.
 */
export function throttledRequests(tables: Tables): MathExpression {
  const usingMetrics: Record<string, Metric> = {};
  for (const kind of ['Read', 'Write']) {
    const add = (id: string, dimensionsMap: Record<string, string>) => {
      usingMetrics[`${kind.toLowerCase()}_${id}`] = new Metric({
        namespace: 'AWS/DynamoDB',
        metricName: `${kind}ThrottleEvents`,
        dimensionsMap,
        statistic: Stats.SUM,
        period: PERIOD,
      });
    };
    for (const name of PIPELINE_TABLES) add(name, { TableName: tables[name].tableName });
    for (const { table, indexName } of INDEXES)
      add(indexName, { TableName: tables[table].tableName, GlobalSecondaryIndexName: indexName });
  }
  const expression = filled(...Object.keys(usingMetrics));
  return new MathExpression({ expression, usingMetrics, period: PERIOD, label: 'throttled requests' });
}
