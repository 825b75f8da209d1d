// What must hold of the template, whoever changes the stack.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { stageProps } from '../../lib/stages.js';
import { StripePartnerSync } from '../../lib/stripe-partner-sync.js';
import { resourcesOf, type Template as SynthesizedTemplate, shortName } from '../../local/template.js';
import { rule } from '../support/rule.js';
import { synthesizeTemplate } from '../support/template.js';

const template = synthesizeTemplate(stageProps('prod'));
// biome-ignore lint/suspicious/noExplicitAny: properties are what CloudFormation takes
type Payload = any;
const byName = (of: SynthesizedTemplate, type: string) =>
  Object.fromEntries(
    resourcesOf(of, type).map(([id, properties]) => [shortName(of, id), { id, ...properties } as Payload]),
  );

describe('the stack', () => {
  const functions = byName(template, 'AWS::Lambda::Function');
  const queues = byName(template, 'AWS::SQS::Queue');
  const tables = byName(template, 'AWS::DynamoDB::Table');

  test('takes events at one route alone: POST /stripe/webhook', () => {
    expect(Object.values(byName(template, 'AWS::ApiGatewayV2::Route')).map(({ RouteKey }) => RouteKey)).toEqual([
      'POST /stripe/webhook',
    ]);
  });
  test('keeps a message invisible for at least six times as long as the worker may take', () => {
    expect(queues.events!.VisibilityTimeout).toBeGreaterThanOrEqual(6 * functions.worker!.Timeout);
  });
  test('gives a message five tries, and then keeps it among the dead letters for 14 days', () => {
    expect(queues.events).toMatchObject({
      RedrivePolicy: { maxReceiveCount: 5, deadLetterTargetArn: { 'Fn::GetAtt': [queues.deadletters!.id, 'Arn'] } },
    });
    expect(queues.deadletters!.MessageRetentionPeriod).toBe(14 * 24 * 3600);
  });
  test('hands the worker batches of up to 100, and lets it fail a message alone', () => {
    const [[, mapping]] = resourcesOf(template, 'AWS::Lambda::EventSourceMapping') as [[string, object]];
    expect(mapping).toMatchObject({ BatchSize: 100, FunctionResponseTypes: ['ReportBatchItemFailures'] });
  });
  test('runs Node 24 on arm64', () => {
    for (const each of [functions.ingest, functions.worker])
      expect(each).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler' });
  });
  test(`${rule('`customers`, key `customer_key`')} and the other tables, with their indexes and time to live`, () => {
    const key = (name: string) =>
      (tables[name]!.KeySchema as { AttributeName: string }[]).map(({ AttributeName }) => AttributeName);
    expect([key('customers'), key('transactions'), key('links'), key('statements')]).toEqual([
      ['customer_key'],
      ['transaction_id'],
      ['pk', 'sk'],
      ['partner_key', 'entry'],
    ]);
    expect(tables.customers!.GlobalSecondaryIndexes).toMatchObject([
      { IndexName: 'by_partner', KeySchema: [{ AttributeName: 'partner_key' }] },
    ]);
    expect(tables.transactions!.GlobalSecondaryIndexes).toMatchObject([
      { IndexName: 'by_customer', KeySchema: [{ AttributeName: 'customer_key' }, { AttributeName: 'created' }] },
    ]);
    expect(tables.transactions!.TimeToLiveSpecification).toEqual({ AttributeName: 'expires_at', Enabled: true });
  });
  test('outputs the webhook URL and the table names', () => {
    expect(Object.keys(template.Outputs ?? {})).toEqual(
      expect.arrayContaining(['WebhookUrl', 'CustomersTable', 'TransactionsTable', 'LinksTable']),
    );
  });
  test('gives its settings to every function', () => {
    const told = (props: object) =>
      Object.values(byName(synthesizeTemplate(props), 'AWS::Lambda::Function')).map(
        ({ Environment }) => (Environment as { Variables: object }).Variables,
      );
    for (const variables of told({ transactionSource: 'invoice', partialRefund: 'net', livemode: 'live' }))
      expect(variables).toMatchObject({ TRANSACTION_SOURCE: 'invoice', PARTIAL_REFUND: 'net', LIVEMODE: 'live' });
  });
  test('is not made for an unknown setting or stage: the valid ones are named', () => {
    expect(() => synthesizeTemplate({ partialRefund: 'some' as 'net' })).toThrow('use one of: delete, net');
    expect(() => stageProps('production')).toThrow('use one of: dev, staging, prod');
  });
  test('invokes both functions by the alias that deployments move', () => {
    const aliases = resourcesOf(template, 'AWS::Lambda::Alias').map(([id]) => id);
    expect(aliases).toHaveLength(3);
    const [[, mapping]] = resourcesOf(template, 'AWS::Lambda::EventSourceMapping') as [[string, object]];
    const [[, integration]] = resourcesOf(template, 'AWS::ApiGatewayV2::Integration') as [[string, object]];
    expect(JSON.stringify(mapping)).toContain(':live');
    expect(aliases.some((id) => JSON.stringify(integration).includes(id))).toBe(true);
    const [ingest, worker] = resourcesOf(template, 'AWS::CodeDeploy::DeploymentGroup').map(([, group]) => group);
    expect([ingest, worker]).toMatchObject(
      Array(2).fill({
        DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
        AlarmConfiguration: { Enabled: true },
      }),
    );
  });
  test('keeps data in production: recovery, protection, retention; and in development none', () => {
    for (const [, { Type, DeletionPolicy, Properties }] of Object.entries(
      template.Resources as Record<string, Payload>,
    )) {
      if (Type !== 'AWS::DynamoDB::Table') continue;
      expect(DeletionPolicy).toBe('Retain');
      expect(Properties).toMatchObject({
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      });
    }
    const dev = synthesizeTemplate(stageProps('dev'));
    for (const { Type, DeletionPolicy } of Object.values(dev.Resources as Record<string, Payload>)) {
      if (Type === 'AWS::DynamoDB::Table') expect(DeletionPolicy).toBe('Delete');
    }
  });
  test('takes a key of the team’s own for all that holds data', () => {
    const app = new App();
    const stack = new Stack(app, 'own');
    new StripePartnerSync(stack, 'Sync', { encryptionKey: new Key(stack, 'Key') });
    const own = Template.fromStack(stack).toJSON() as typeof template;
    for (const type of ['AWS::DynamoDB::Table', 'AWS::SQS::Queue', 'AWS::SNS::Topic', 'AWS::SecretsManager::Secret'])
      for (const [, properties] of resourcesOf(own, type))
        expect([type, JSON.stringify(properties)]).toEqual([type, expect.stringContaining('Key')]);
  });
  test('every alarm says impact, causes and the first command, and names a section of the runbook that is there', () => {
    const runbook = readFileSync(join(__dirname, '..', '..', 'docs', 'runbook.md'), 'utf8');
    const sections = [...runbook.matchAll(/^## (.+)$/gm)].map(([, title]) => title!.toLowerCase().replaceAll(' ', '-'));
    const alarms = resourcesOf(synthesizeTemplate({ alarmThresholds: { quietHours: 6 } }), 'AWS::CloudWatch::Alarm');
    expect(alarms.length).toBeGreaterThanOrEqual(10);
    for (const [, { AlarmDescription, AlarmActions, OKActions }] of alarms) {
      const [, section] =
        /^IMPACT: .{20,}\nCAUSES: .{20,}\nFIRST: .{10,}\nREAD: docs\/runbook\.md#([a-z0-9-]+)$/.exec(
          String(AlarmDescription),
        ) ?? [];
      expect(sections).toContain(section);
      expect([AlarmActions, OKActions]).toEqual([expect.any(Array), expect.any(Array)]);
    }
  });
  test('is the same as when it was last looked at', () => {
    // Names that change with every edit of a function are left out.
    const stable = JSON.stringify(template, undefined, 2)
      .replace(/[0-9a-f]{64}/g, '<hash>')
      .replace(/(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}/g, '$1<hash>');
    expect(stable).toMatchSnapshot();
  });
  test('holds no secret', () => {
    expect(JSON.stringify(template)).not.toMatch(/whsec_[0-9a-zA-Z]{8}|sk_(live|test)_/);
  });
});
