// The schedules that export the tables, and what they may do.

import { expect, test } from '@jest/globals';
import { stageProps } from '../../lib/stages.js';
import { resourcesOf } from '../../local/template.js';
import { synthesizeTemplate } from '../support/stack/template.js';

const PROD = { ...stageProps('prod'), alarmEmail: 'oncall@example.com', quietHours: 24 };

test('exports customers and transactions each night, into a private bucket', () => {
  const template = synthesizeTemplate({ ...PROD, analyticsExport: {} });
  const schedules = resourcesOf(template, 'AWS::Scheduler::Schedule').map(([, properties]) =>
    JSON.stringify(properties),
  );
  expect(schedules).toHaveLength(2);
  for (const name of ['customers', 'transactions'])
    expect(schedules.filter((each) => each.includes(`\\"S3Prefix\\":\\"${name}\\"`))).toHaveLength(1);
  for (const schedule of schedules) {
    expect(schedule).toContain('arn:aws:scheduler:::aws-sdk:dynamodb:exportTableToPointInTime'.replace('arn:aws:', ''));
    expect(schedule).toContain('cron(0 1 * * ? *)');
    expect(schedule).toContain('DYNAMODB_JSON');
  }
  const [[, bucket]] = resourcesOf(template, 'AWS::S3::Bucket') as [[string, object]];
  expect(bucket).toMatchObject({
    PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
    LifecycleConfiguration: { Rules: [{ ExpirationInDays: 30 }] },
  });
  expect(Object.keys(template.Outputs ?? {})).toContain('AnalyticsBucket');
});

test('a schedule may export its own table and write into its own folder, nothing else', () => {
  const template = synthesizeTemplate({ ...PROD, analyticsExport: {} });
  const policies = resourcesOf(template, 'AWS::IAM::Policy')
    .map(
      ([, properties]) =>
        properties as { PolicyDocument: { Statement: { Action: string | string[]; Resource: unknown }[] } },
    )
    .filter((policy) => JSON.stringify(policy).includes('dynamodb:ExportTableToPointInTime'));
  const actions = new Set(
    policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement.flatMap(({ Action }) => Action)),
  );
  expect([...actions].sort()).toEqual([
    'dynamodb:ExportTableToPointInTime',
    's3:AbortMultipartUpload',
    's3:PutObject',
    's3:PutObjectAcl',
  ]);
  for (const { PolicyDocument } of policies)
    for (const { Resource } of PolicyDocument.Statement) expect(Resource).not.toBe('*');
});

test('is refused without point-in-time recovery', () => {
  expect(() => synthesizeTemplate({ livemode: 'test', retainData: false, analyticsExport: {} })).toThrow(
    'analyticsExport needs point-in-time recovery, which retainData: false turns off: remove one of them',
  );
});
