// Counts what ingest logs, by outcome: a metric filter costs nothing, and a metric in each of ingest's lines would be most of the line.

import { Unit } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { INGEST_METRICS } from '../contract/metrics.js';

export interface IngestMetricsProps {
  /** What ingest logs. */
  readonly logGroup: ILogGroup;
  /** The CloudWatch namespace of the metrics. */
  readonly metricsNamespace: string;
}

/** A filter for each outcome; a log group can have a hundred. */
export class IngestMetrics extends Construct {
  constructor(scope: Construct, id: string, { logGroup, metricsNamespace }: IngestMetricsProps) {
    super(scope, id);
    for (const [outcome, metricName] of Object.entries(INGEST_METRICS))
      new MetricFilter(this, metricName, {
        logGroup,
        filterPattern: FilterPattern.stringValue('$.outcome', '=', outcome),
        metricNamespace: metricsNamespace,
        metricName,
        unit: Unit.COUNT,
      });
  }
}
