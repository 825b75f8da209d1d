// The change feed as it is deployed: off unless it is asked for, allowed what it needs, and nothing is lost while EventBridge fails.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { FEED_METRICS } from '../../contract/metrics.js';
import { stageProps } from '../../lib/stages.js';
import { StripePartnerSync } from '../../lib/stripe-partner-sync.js';
import { resourcesOf, type Template as SynthesizedTemplate, shortName } from '../../local/template.js';
import { PRODUCTION_PROPS, synthesizeTemplate } from '../support/stack/template.js';

// biome-ignore lint/suspicious/noExplicitAny: properties are what CloudFormation takes
type Payload = any;

const template = synthesizeTemplate({ changeFeed: true });
const feedMappings = (of: SynthesizedTemplate) =>
  resourcesOf(of, 'AWS::Lambda::EventSourceMapping').filter(([id]) => id.includes('ChangeFeed')) as [string, Payload][];
const environment = (of: SynthesizedTemplate) =>
  (resourcesOf(of, 'AWS::Lambda::Function').find(([id]) => shortName(of, id) === 'feed')![1].Environment as Payload)
    .Variables;
const [failures] = resourcesOf(template, 'AWS::SQS::Queue').find(([id]) => id.includes('ChangeFeedFailures'))!;
const [bus] = resourcesOf(template, 'AWS::Events::EventBus').find(([id]) => id.includes('ChangeFeed'))!;

test('the change feed is off by default: no stream, no function, no bus', () => {
  for (const props of [{}, { changeFeed: false }]) {
    const off = synthesizeTemplate(props);
    expect(JSON.stringify(off)).not.toMatch(/ChangeFeed|StreamSpecification/);
  }
});

test('the change feed turns on streams of both images for customers and transactions, and for no other table', () => {
  const streams = resourcesOf(template, 'AWS::DynamoDB::Table').map(([id, { StreamSpecification }]) => [
    shortName(template, id),
    StreamSpecification,
  ]);
  expect(Object.fromEntries(streams)).toEqual({
    customers: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    transactions: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    links: undefined,
    statements: undefined,
  });
});

test('turning the change feed on does not replace the tables', () => {
  const tables = (of: SynthesizedTemplate) =>
    resourcesOf(of, 'AWS::DynamoDB::Table').map(([id, { StreamSpecification: _, ...others }]) => [id, others]);
  expect(tables(template)).toEqual(tables(synthesizeTemplate()));
});

describe('the event source mappings', () => {
  test('read each stream from its beginning, and let the function report the first record that failed', () => {
    const mappings = feedMappings(template);
    expect(mappings.map(([, { EventSourceArn }]) => EventSourceArn['Fn::GetAtt'])).toEqual([
      ['SyncTablesCustomers5D3E88FB', 'StreamArn'],
      ['SyncTablesTransactions90E8CB72', 'StreamArn'],
    ]);
    for (const [, mapping] of mappings)
      expect(mapping).toMatchObject({
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: 100,
        BisectBatchOnFunctionError: true,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      });
  });
  test('retry for as long as the stream certainly has the record, and then report what Lambda gave up', () => {
    for (const [, mapping] of feedMappings(template)) {
      // Without a number Lambda retries until the record is too old.
      expect(mapping).not.toHaveProperty('MaximumRetryAttempts');
      expect(mapping.MaximumRecordAgeInSeconds).toBeGreaterThanOrEqual(20 * 3600);
      expect(mapping.MaximumRecordAgeInSeconds).toBeLessThan(24 * 3600);
      expect(mapping.DestinationConfig).toEqual({
        OnFailure: { Destination: { 'Fn::GetAtt': [failures, 'Arn'] } },
      });
    }
  });
  test('invoke the alias that deployments move', () => {
    for (const [, mapping] of feedMappings(template)) expect(JSON.stringify(mapping.FunctionName)).toContain(':live');
  });
});

test('the function may put events on its bus, read the two streams and report what Lambda gave up, and nothing else', () => {
  const [, policy] = resourcesOf(template, 'AWS::IAM::Policy').find(([id]) => id.includes('ChangeFeedRole')) as [
    string,
    Payload,
  ];
  const statements = policy.PolicyDocument.Statement.map(({ Action, Resource }: Payload) => [Action, Resource]);
  const stream = (table: string) => [
    [
      ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      { 'Fn::GetAtt': [table, 'StreamArn'] },
    ],
    ['dynamodb:ListStreams', { 'Fn::Join': ['', [{ 'Fn::GetAtt': [table, 'Arn'] }, '/stream/*']] }],
  ];
  expect(statements).toEqual([
    [['logs:CreateLogStream', 'logs:PutLogEvents'], expect.anything()],
    ['events:PutEvents', { 'Fn::GetAtt': [bus, 'Arn'] }],
    ...stream('SyncTablesCustomers5D3E88FB'),
    ...stream('SyncTablesTransactions90E8CB72'),
    ['sqs:SendMessage', { 'Fn::GetAtt': [failures, 'Arn'] }],
  ]);
});

describe('options', () => {
  test('names and email addresses are sent only if that was asked for', () => {
    expect(environment(template).PERSONAL_DATA).toBe('false');
    expect(environment(synthesizeTemplate({ changeFeed: { personalData: true } })).PERSONAL_DATA).toBe('true');
  });
  test('events say which construct they come from', () => {
    expect(environment(template).STACK).toBe('test/Sync');
    expect(JSON.parse(template.Outputs!.ChangeFeedSettings!.Value as string)).toEqual({
      stack: 'test/Sync',
      personalData: false,
    });
  });
  test('your own bus is used in place of a new one', () => {
    const stack = new Stack(new App(), 'Team');
    const own = EventBus.fromEventBusArn(stack, 'Own', 'arn:aws:events:eu-west-1:111111111111:event-bus/payments');
    const sync = new StripePartnerSync(stack, 'Sync', { ...PRODUCTION_PROPS, changeFeed: { bus: own } });
    expect(sync.changeFeedBus).toBe(own);
    const synthesized = Template.fromStack(stack).toJSON() as SynthesizedTemplate;
    expect(resourcesOf(synthesized, 'AWS::Events::EventBus')).toEqual([]);
    expect(JSON.stringify(resourcesOf(synthesized, 'AWS::IAM::Policy'))).toContain(
      '"Action":"events:PutEvents","Effect":"Allow","Resource":"arn:aws:events:eu-west-1:111111111111:event-bus/payments"',
    );
  });
  test('your own key encrypts the queue of failures, and the function may decrypt the streams with it', () => {
    const stack = new Stack(new App(), 'Team');
    new StripePartnerSync(stack, 'Sync', {
      ...PRODUCTION_PROPS,
      changeFeed: true,
      encryptionKey: new Key(stack, 'Key'),
    });
    const synthesized = Template.fromStack(stack).toJSON() as SynthesizedTemplate;
    for (const [, queue] of resourcesOf(synthesized, 'AWS::SQS::Queue')) expect(queue).toHaveProperty('KmsMasterKeyId');
    const [, policy] = resourcesOf(synthesized, 'AWS::IAM::Policy').find(([id]) => id.includes('ChangeFeedRole'))!;
    const kms = (policy.PolicyDocument as Payload).Statement.filter(({ Action }: Payload) =>
      String(Action).includes('kms:'),
    );
    expect(kms.map(({ Action }: Payload) => Action)).toEqual([
      ['kms:Decrypt', 'kms:DescribeKey'],
      ['kms:Decrypt', 'kms:GenerateDataKey'],
    ]);
    expect(JSON.stringify(kms[0].Condition)).toContain('dynamodb.');
  });
  const existingTables = { customers: 'c', transactions: 't', links: 'l', statements: 's' };
  const existingStreams = {
    customers: 'arn:aws:dynamodb:eu-west-1:111111111111:table/c/stream/2026-01-01T00:00:00.000',
    transactions: 'arn:aws:dynamodb:eu-west-1:111111111111:table/t/stream/2026-01-01T00:00:00.000',
  };
  test('existing tables need streams', () => {
    expect(() => synthesizeTemplate({ existingTables, changeFeed: true })).toThrow(
      'changeFeed needs the streams of existingTables: turn them on with new and old images, and name their ARNs in changeFeed.existingStreams',
    );
    const used = synthesizeTemplate({ existingTables, changeFeed: { existingStreams } });
    expect(feedMappings(used).map(([, { EventSourceArn }]) => EventSourceArn)).toEqual(Object.values(existingStreams));
    expect(() => synthesizeTemplate({ changeFeed: { existingStreams } })).toThrow(
      'changeFeed.existingStreams needs existingTables: remove it',
    );
  });
  test('a stage takes -c changeFeed=on only if it does not keep its data', () => {
    const given = (value: string) => (name: string) => (name === 'changeFeed' ? value : undefined);
    expect(stageProps('dev', given('on'))).toMatchObject({ changeFeed: true });
    expect(stageProps('dev', given('off'))).toMatchObject({ changeFeed: false });
    expect(() => stageProps('dev', given('yes'))).toThrow('changeFeed is "yes"; use one of: on, off');
    expect(() => stageProps('prod', given('on'))).toThrow(
      '-c changeFeed=… is not allowed for prod, which keeps its data: set it in lib/stages.ts',
    );
  });
});

describe('monitoring', () => {
  const runbook = readFileSync(join(__dirname, '..', '..', 'docs', 'runbook.md'), 'utf8');
  const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm').filter(([id]) => id.includes('AlarmsFeed')) as [
    string,
    Payload,
  ][];
  test('has three alarms, each with a section in the runbook', () => {
    expect(alarms.map(([, { AlarmName }]) => AlarmName.split('/').at(-1))).toEqual([
      'FeedDelayed',
      'FeedErrors',
      'FeedFailures',
    ]);
    for (const [, { AlarmName, AlarmDescription, AlarmActions }] of alarms) {
      const name = AlarmName.split('/').at(-1);
      expect(AlarmDescription).toMatch(
        /^IMPACT: .{20,}\nCAUSES: .{20,}\nFIRST: .{10,}\nREAD: docs\/runbook\.md#[a-z]+$/,
      );
      expect(AlarmDescription).toContain(`docs/runbook.md#${name.toLowerCase()}`);
      expect(runbook).toContain(`\n## ${name}\n`);
      expect(AlarmActions).toHaveLength(1);
    }
  });
  test('has one alarm for a change that waits, and one for a change that Lambda gave up', () => {
    const [delayed, , failed] = alarms.map(([, alarm]) => alarm);
    expect(delayed).toMatchObject({ MetricName: 'IteratorAge', Statistic: 'Maximum', Threshold: 15 * 60 * 1000 });
    expect(failed).toMatchObject({
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [failures, 'QueueName'] } }],
      Threshold: 0,
    });
  });
  test('rolls a deployment of the feed back on FeedErrors', () => {
    const [, group] = resourcesOf(template, 'AWS::CodeDeploy::DeploymentGroup').find(([id]) =>
      id.includes('ChangeFeed'),
    ) as [string, Payload];
    expect(group.AlarmConfiguration.Alarms).toEqual([{ Name: { Ref: expect.stringContaining('AlarmsFeedErrors') } }]);
  });
  test('shows every metric that the function emits on the dashboard', () => {
    const [[, { DashboardBody }]] = resourcesOf(template, 'AWS::CloudWatch::Dashboard') as [[string, Payload]];
    const body = JSON.stringify(DashboardBody);
    for (const metric of Object.values(FEED_METRICS)) expect(body).toContain(metric);
    expect(body).toContain('IteratorAge');
  });
});
