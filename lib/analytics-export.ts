// Exports the tables to S3 each night, for queries on more rows than one should scan: see docs/analytics.md.

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { Universal } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';

export interface AnalyticsExportOptions {
  /**
   * When the tables are exported. Each export is a full one.
   *
   * @default ScheduleExpression.cron({ hour: '1', minute: '0' })
   * @example ScheduleExpression.rate(Duration.days(7))
   */
  readonly schedule?: ScheduleExpression;
  /**
   * Your own bucket.
   *
   * @default a new bucket
   * @example Bucket.fromBucketName(this, 'Exports', 'my-exports')
   */
  readonly bucket?: IBucket;
  /**
   * How many days the new bucket keeps an export. With `bucket`, its own rules decide.
   *
   * @default 30
   * @example 7
   */
  readonly keepDays?: number;
}

export interface AnalyticsExportProps extends AnalyticsExportOptions {
  /** By the name of the folder that their exports go to. They need point-in-time recovery. */
  readonly tables: Readonly<Record<string, ITable>>;
  readonly encryptionKey?: IKey;
}

export class AnalyticsExport extends Construct {
  readonly bucket: IBucket;

  constructor(scope: Construct, id: string, props: AnalyticsExportProps) {
    super(scope, id);
    this.bucket = props.bucket ?? this.createBucket(props);
    for (const [name, table] of Object.entries(props.tables)) this.exportTable(name, table, props);
  }

  private exportTable(name: string, table: ITable, { schedule, encryptionKey }: AnalyticsExportProps): void {
    const target = new Universal({
      service: 'dynamodb',
      action: 'exportTableToPointInTime',
      input: ScheduleTargetInput.fromObject({
        TableArn: table.tableArn,
        S3Bucket: this.bucket.bucketName,
        S3Prefix: name,
        ExportFormat: 'DYNAMODB_JSON',
      }),
      // DynamoDB writes to the bucket in the name of the schedule's role:
      // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport_Requesting.html
      policyStatements: [
        new PolicyStatement({ actions: ['dynamodb:ExportTableToPointInTime'], resources: [table.tableArn] }),
        new PolicyStatement({
          actions: ['s3:AbortMultipartUpload', 's3:PutObject', 's3:PutObjectAcl'],
          resources: [this.bucket.arnForObjects(`${name}/*`)],
        }),
        ...(encryptionKey
          ? [
              new PolicyStatement({
                actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
                resources: [encryptionKey.keyArn],
              }),
            ]
          : []),
      ],
    });
    new Schedule(this, `Export-${name}`, {
      description: `Exports the table ${name} for analytics`,
      schedule: schedule ?? ScheduleExpression.cron({ hour: '1', minute: '0' }),
      target,
    });
  }

  private createBucket({ keepDays, encryptionKey }: AnalyticsExportProps): Bucket {
    return new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      ...(encryptionKey
        ? { encryption: BucketEncryption.KMS, encryptionKey }
        : { encryption: BucketEncryption.S3_MANAGED }),
      lifecycleRules: [{ expiration: Duration.days(keepDays ?? 30) }],
      // The exports hold what the tables hold; who deletes the stack decides about them.
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}
