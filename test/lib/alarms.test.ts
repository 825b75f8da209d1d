// The alarms reach somebody, see what only production shows, and turn a bad deployment back.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { stageProps } from '../../lib/stages.js';
import { StripePartnerSync } from '../../lib/stripe-partner-sync.js';
import { resourcesOf } from '../../local/template.js';
import { PRODUCTION_PROPS, synthesizeTemplate } from '../support/stack/template.js';

// biome-ignore lint/suspicious/noExplicitAny: properties are what CloudFormation takes
type Payload = any;

const template = synthesizeTemplate({ quietHours: 6 });
const idOf = (name: string) => String(name).split('/').at(-1)!;
const alarmsOf = (of: typeof template): Record<string, Payload> =>
  Object.fromEntries(
    resourcesOf(of, 'AWS::CloudWatch::Alarm').map(([id, alarm]) => [idOf(String(alarm.AlarmName)), { id, ...alarm }]),
  );
const alarms = alarmsOf(template);
const FROM_CLOUDWATCH = {
  Effect: 'Allow',
  Principal: { Service: 'cloudwatch.amazonaws.com' },
  Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
};

describe('the alarm topic', () => {
  const [[, { PolicyDocument }]] = resourcesOf(template, 'AWS::SNS::TopicPolicy') as [[string, Payload]];
  test('allows CloudWatch of this account to publish, and denies requests without TLS', () => {
    const [[topic]] = resourcesOf(template, 'AWS::SNS::Topic') as [[string, Payload]];
    expect(PolicyDocument.Statement).toEqual([
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      expect.objectContaining({ ...FROM_CLOUDWATCH, Action: 'sns:Publish', Resource: { Ref: topic } }),
    ]);
  });
  test('lets CloudWatch use your own key too', () => {
    const stack = new Stack(new App(), 'Team');
    new StripePartnerSync(stack, 'Sync', { ...PRODUCTION_PROPS, encryptionKey: new Key(stack, 'Key') });
    const [[, key]] = resourcesOf(Template.fromStack(stack).toJSON() as typeof template, 'AWS::KMS::Key') as [
      [string, Payload],
    ];
    expect(key.KeyPolicy.Statement).toContainEqual({
      ...FROM_CLOUDWATCH,
      Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      Resource: '*',
    });
  });
  test('has alarmEmail as a subscriber', () => {
    expect(resourcesOf(template, 'AWS::SNS::Subscription').map(([, { Endpoint }]) => Endpoint)).toEqual([
      'oncall@example.com',
    ]);
  });
});

describe('each alarm', () => {
  const runbook = readFileSync(join(__dirname, '..', '..', 'docs', 'runbook.md'), 'utf8');
  const sections = [...runbook.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
  test.each(Object.keys(alarms))('%s notifies, says what it means, and has a section in the runbook', (name) => {
    const { AlarmDescription, AlarmActions, OKActions } = alarms[name];
    const [, section] =
      /^IMPACT: .{20,}\nCAUSES: .{20,}\nFIRST: .{10,}\nREAD: docs\/runbook\.md#([a-z0-9]+)$/.exec(AlarmDescription) ??
      [];
    expect(section).toBe(name.toLowerCase());
    expect(sections).toContain(name);
    expect([AlarmActions, OKActions]).toEqual([expect.any(Array), expect.any(Array)]);
  });
});

describe('a broken version', () => {
  test.each([
    ['EventsFailed', { MetricName: 'EventsFailed', Dimensions: [{ Name: 'service', Value: 'worker' }] }],
    ['EventsNotUnderstood', { MetricName: 'EventsNotUnderstood', Dimensions: [{ Name: 'service', Value: 'worker' }] }],
    ['Webhook5xx', { MetricName: '5xx', Namespace: 'AWS/ApiGateway' }],
  ])('by the alarm %s within ten minutes', (name, metric) => {
    expect(alarms[name]).toMatchObject({ ...metric, Period: 60, Statistic: 'Sum', Threshold: 0 });
    expect(alarms[name].DatapointsToAlarm ?? alarms[name].EvaluationPeriods).toBeLessThanOrEqual(2);
    expect(alarms[name].EvaluationPeriods).toBeLessThanOrEqual(10);
  });

  const watched = (of: typeof template) =>
    resourcesOf(of, 'AWS::CodeDeploy::DeploymentGroup').map(([id, group]) => {
      const { Alarms = [], Enabled } = (group.AlarmConfiguration ?? {}) as Payload;
      const names = (Alarms as { Name: { Ref: string } }[]).map(({ Name }) =>
        idOf(of.Resources[Name.Ref]!.Properties!.AlarmName as string),
      );
      return [/Sync(Ingest|Worker|Reconcile)/.exec(id)![1], { names, Enabled, config: group.DeploymentConfigName }];
    });
  test('makes the deployment roll back', () => {
    const canary = { Enabled: true, config: 'CodeDeployDefault.LambdaCanary10Percent5Minutes' };
    expect(Object.fromEntries(watched(template))).toMatchObject({
      Ingest: { ...canary, names: ['IngestErrors', 'Webhook5xx'] },
      Worker: { ...canary, names: ['WorkerErrors', 'EventsFailed', 'EventsNotUnderstood'] },
    });
  });
  test('can be replaced by force with rolloutAlarms=off', () => {
    const context = (name: string) => ({ rolloutAlarms: 'off', quietHours: 'off', alarmEmail: 'a@example.com' })[name];
    const forced = Object.fromEntries(watched(synthesizeTemplate(stageProps('prod', context))));
    expect([forced.Ingest, forced.Worker]).toMatchObject([{ Enabled: false }, { Enabled: false }]);
  });
  test('does not delete the version before it', () => {
    const versions = Object.values(template.Resources).filter(
      ({ Type }) => Type === 'AWS::Lambda::Version',
    ) as Payload[];
    expect(versions.map(({ DeletionPolicy, UpdateReplacePolicy }) => [DeletionPolicy, UpdateReplacePolicy])).toEqual(
      Array(3).fill(['Retain', 'Retain']),
    );
  });
});

describe('the thresholds', () => {
  test('a dead letter that waits for 5 of its 14 days raises an alarm', () => {
    const [deadLetters] = resourcesOf(template, 'AWS::SQS::Queue').find(([id]) => id.includes('DeadLetters'))!;
    expect(alarms.DeadLettersExpiring).toMatchObject({
      MetricName: 'ApproximateAgeOfOldestMessage',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [deadLetters, 'QueueName'] } }],
      Threshold: 5 * 24 * 3600,
      ComparisonOperator: 'GreaterThanThreshold',
    });
  });
  test('TablesThrottled adds up the tables and their indexes, within CloudWatch’s limit of ten metrics, and fills gaps with 0', () => {
    const queries = alarms.TablesThrottled.Metrics as Payload[];
    const metrics = queries.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []);
    expect(metrics).toHaveLength(10);
    const indexes = metrics.flatMap(({ MetricName, Dimensions }) =>
      Dimensions.filter(({ Name }: Payload) => Name === 'GlobalSecondaryIndexName').map(
        ({ Value }: Payload) => `${MetricName} ${Value}`,
      ),
    );
    expect(indexes.sort()).toEqual([
      ...['ReadThrottleEvents by_customer', 'ReadThrottleEvents by_partner'],
      ...['WriteThrottleEvents by_customer', 'WriteThrottleEvents by_partner'],
    ]);
    const expression = queries.find(({ Expression }) => Expression).Expression as string;
    for (const { Id, MetricStat } of queries) if (MetricStat) expect(expression).toContain(`FILL(${Id}, 0)`);
  });
  test('Webhook429 counts the access log’s 429s', () => {
    const [, filter] = (resourcesOf(template, 'AWS::Logs::MetricFilter') as [string, Payload][]).find(([id]) =>
      id.includes('Throttled'),
    )!;
    const { MetricNamespace, MetricName } = filter.MetricTransformations[0];
    expect(filter.FilterPattern).toBe('{ $.status = "429" }');
    expect(alarms.Webhook429).toMatchObject({ Namespace: MetricNamespace, MetricName, Statistic: 'Sum', Threshold: 0 });
    const [[, stage]] = resourcesOf(template, 'AWS::ApiGatewayV2::Stage') as [[string, Payload]];
    expect(JSON.parse(stage.AccessLogSettings.Format).status).toBe('$context.status');
  });
  test('the webhook accepts more than Stripe’s own peak before it answers 429', () => {
    const [[, stage]] = resourcesOf(template, 'AWS::ApiGatewayV2::Stage') as [[string, Payload]];
    // 100 objects a second, each of which makes up to three events: docs/limits.md.
    expect(stage.DefaultRouteSettings.ThrottlingRateLimit).toBeGreaterThanOrEqual(3 * 300);
    expect(stage.DefaultRouteSettings.ThrottlingBurstLimit).toBeGreaterThanOrEqual(6 * 300);
  });
  test('NoEventsReceived covers quietHours, and missing data counts as silence', () => {
    expect(alarms.NoEventsReceived).toMatchObject({
      Period: 3600,
      EvaluationPeriods: 6,
      TreatMissingData: 'breaching',
      ComparisonOperator: 'LessThanThreshold',
    });
    expect(Object.keys(alarmsOf(synthesizeTemplate({ quietHours: 'off' })))).not.toContain('NoEventsReceived');
  });
});
