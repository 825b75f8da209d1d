// Events by way of Stripe's EventBridge destination: what the rule lets through, who may send, and what is left without a webhook.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { subscribedTypes } from '../../functions/domain/decide.js';
import type { StripePartnerSyncProps } from '../../lib/props.js';
import { StripePartnerSync } from '../../lib/stripe-partner-sync.js';
import {
  referencesIn,
  resolve,
  resourcesOf,
  type Template as SynthesizedTemplate,
  shortName,
} from '../../local/template.js';
import { PRODUCTION_PROPS, synthesizeTemplate } from '../support/stack/template.js';

// biome-ignore lint/suspicious/noExplicitAny: properties are what CloudFormation takes
type Payload = any;

const SOURCE = 'aws.partner/stripe.com/ed_61RKjQ';
const both = synthesizeTemplate({ livemode: 'live', eventBridgeSource: SOURCE, quietHours: 24 });
const alone = synthesizeTemplate({ livemode: 'live', eventBridgeSource: SOURCE, quietHours: 24, webhook: false });

const ruleOf = (template: SynthesizedTemplate): Payload =>
  resourcesOf(template, 'AWS::Events::Rule').find(([, { EventPattern }]) => EventPattern)![1];
const idOf = (template: SynthesizedTemplate, type: string, name: string) =>
  resourcesOf(template, type).find(([id]) => shortName(template, id) === name)![0];
const patternOf = (props: Partial<StripePartnerSyncProps>) =>
  ruleOf(synthesizeTemplate({ eventBridgeSource: SOURCE, ...props })).EventPattern;

describe('the rule', () => {
  test('listens on the bus of Stripe’s partner event source', () => {
    const [[bus, properties]] = resourcesOf(both, 'AWS::Events::EventBus') as [[string, Payload]];
    expect(properties).toMatchObject({ Name: SOURCE, EventSourceName: SOURCE });
    expect(referencesIn(ruleOf(both).EventBusName)).toEqual([bus]);
  });
  test.each([
    [{ livemode: 'live' }, { livemode: [true] }],
    [{ livemode: 'test', transactionSource: 'invoice', disputes: 'ignore' }, { livemode: [false] }],
    [{ livemode: 'both' }, undefined],
  ] as const)('with %j lets through the types and the mode that the settings want', (settings, detail) => {
    const types = subscribedTypes({ transactionSource: 'charge', disputes: 'lost', ...settings });
    expect(patternOf(settings)).toEqual({ source: [SOURCE], 'detail-type': types, ...(detail ? { detail } : {}) });
  });
  test('lets through the thin form of each type where thin events are accepted, within EventBridge’s 2,048 characters', () => {
    for (const transactionSource of ['charge', 'invoice'] as const) {
      const pattern = patternOf({ livemode: 'live', thinEvents: true, transactionSource });
      const types = subscribedTypes({ transactionSource, disputes: 'lost' });
      expect(pattern['detail-type']).toEqual([...types, ...types.map((type) => `v1.${type}`)]);
      expect(JSON.stringify(pattern).length).toBeLessThanOrEqual(2048);
    }
  });
  test('sends the Stripe event itself to the queue, retries for a day, and keeps what the queue did not accept', () => {
    const [queue, deadLetters] = ['events', 'sourcedeadletters'].map((name) => idOf(both, 'AWS::SQS::Queue', name));
    expect(ruleOf(both).Targets).toEqual([
      {
        Id: expect.any(String),
        Arn: { 'Fn::GetAtt': [queue, 'Arn'] },
        InputPath: '$.detail',
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [deadLetters, 'Arn'] } },
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      },
    ]);
  });
  test('is the only one that may send to the two queues', () => {
    const [rule] = resourcesOf(both, 'AWS::Events::Rule').find(([, { EventPattern }]) => EventPattern)!;
    const statements = resourcesOf(both, 'AWS::SQS::QueuePolicy').flatMap(
      ([, { PolicyDocument }]) => (PolicyDocument as Payload).Statement as Payload[],
    );
    const allowed = statements.filter(({ Effect }) => Effect === 'Allow');
    expect(allowed.map(({ Resource }) => shortName(both, referencesIn(Resource)[0]!)).sort()).toEqual([
      'events',
      'sourcedeadletters',
    ]);
    for (const statement of allowed)
      expect(statement).toMatchObject({
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Condition: { ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [rule, 'Arn'] } } },
      });
  });
  test('may use your own key, for events of this account', () => {
    const stack = new Stack(new App(), 'Team');
    const encryptionKey = new Key(stack, 'Key');
    new StripePartnerSync(stack, 'Sync', { ...PRODUCTION_PROPS, encryptionKey, eventBridgeSource: SOURCE });
    const template = Template.fromStack(stack).toJSON() as SynthesizedTemplate;
    const [[, key]] = resourcesOf(template, 'AWS::KMS::Key') as [[string, Payload]];
    expect(key.KeyPolicy.Statement).toContainEqual({
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: '*',
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    });
    for (const [id, queue] of resourcesOf(template, 'AWS::SQS::Queue'))
      expect([id, JSON.stringify(queue.KmsMasterKeyId)]).toEqual([id, expect.stringContaining('Key')]);
  });
});

describe('the alarms', () => {
  const alarmsOf = (template: SynthesizedTemplate): Record<string, Payload> =>
    Object.fromEntries(
      resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([, alarm]) => [
        String(alarm.AlarmName).split('/').at(-1),
        alarm,
      ]),
    );
  const runbook = readFileSync(join(__dirname, '..', '..', 'docs', 'runbook.md'), 'utf8');
  test.each(['EventBridgeDeadLetters', 'EventBridgeLost'])('%s has a section in the runbook', (name) => {
    expect(alarmsOf(both)[name].AlarmDescription).toMatch(/^IMPACT: .{20,}\nCAUSES: .{20,}\nFIRST: .{10,}\nREAD: /);
    expect(alarmsOf(both)[name].AlarmDescription).toContain(`docs/runbook.md#${name.toLowerCase()}`);
    expect(runbook).toContain(`\n## ${name}\n`);
  });
  test('NoEventsReceived adds up both sources, or reads the only one', () => {
    const [one, sum] = [alarmsOf(alone).NoEventsReceived, alarmsOf(both).NoEventsReceived];
    expect(one.Metrics).toHaveLength(1);
    expect(one.Metrics[0].MetricStat).toMatchObject({
      Metric: { Namespace: 'AWS/Events', MetricName: 'Invocations' },
      Period: 3600,
    });
    expect(
      sum.Metrics.map(({ Expression, MetricStat }: Payload) => Expression ?? MetricStat.Metric.MetricName),
    ).toEqual(['FILL(way0, 0) + FILL(way1, 0)', 'EventsQueued', 'Invocations']);
  });
  test('metrics name the rule by the end of its ARN', () => {
    const [rule] = resourcesOf(both, 'AWS::Events::Rule').find(([, { EventPattern }]) => EventPattern)!;
    const arn = `arn:aws:events:us-east-1:000000000000:rule/${SOURCE}/the-rule`;
    const dimensions = alarmsOf(alone).NoEventsReceived.Metrics[0].MetricStat.Metric.Dimensions;
    expect(resolve(dimensions, new Map([[rule, { ref: '', attributes: { Arn: arn } }]]))).toEqual([
      { Name: 'EventBusName', Value: SOURCE },
      { Name: 'RuleName', Value: 'the-rule' },
    ]);
  });
  test('those of the webhook do not exist without a webhook', () => {
    const gone = Object.keys(alarmsOf(both)).filter((name) => !(name in alarmsOf(alone)));
    expect(gone.sort()).toEqual(['IngestErrors', 'IngestThrottles', 'Refused', 'Webhook429', 'Webhook5xx']);
  });
});

describe('without a webhook', () => {
  test('there is no API, no ingest and no signing secret', () => {
    expect(Object.values(alone.Resources).filter(({ Type }) => Type.startsWith('AWS::ApiGatewayV2::'))).toEqual([]);
    const functions = resourcesOf(alone, 'AWS::Lambda::Function').map(([id]) => shortName(alone, id));
    expect(functions.sort()).toEqual(['protect', 'reconcile', 'worker']);
    const secrets = resourcesOf(alone, 'AWS::SecretsManager::Secret').map(([id]) => shortName(alone, id));
    expect(secrets).toEqual(['stripeapikey']);
  });
  test('no output, widget, query or metric mentions them', () => {
    const names = Object.keys(alone.Outputs ?? {});
    expect(names.filter((name) => /Webhook|Signing|Ingest|AccessLog/.test(name))).toEqual([]);
    const dashboard = JSON.stringify(resourcesOf(alone, 'AWS::CloudWatch::Dashboard'));
    expect(dashboard).toContain('Events from EventBridge');
    expect(dashboard).not.toMatch(/ingest|ApiGateway|4xx/i);
    expect(JSON.stringify(alone)).not.toMatch(/SyncIngest|SyncWebhook|SigningSecret/);
  });
  test('reading them from the construct throws an error that says why they do not exist', () => {
    const stack = new Stack(new App(), 'Team');
    const sync = new StripePartnerSync(stack, 'Sync', {
      ...PRODUCTION_PROPS,
      webhook: false,
      eventBridgeSource: SOURCE,
    });
    expect(() => sync.webhookUrl).toThrow('there is no webhookUrl, because webhook is false');
    expect(() => sync.signingSecret).toThrow('there is no signingSecret, because webhook is false');
    expect(() => sync.ingestFunction).toThrow('there is no ingestFunction, because webhook is false');
  });
});

test('adding EventBridge changes nothing about the webhook', () => {
  const plain = synthesizeTemplate({ livemode: 'live', quietHours: 24 });
  const about = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::Dashboard', 'AWS::SQS::QueuePolicy'];
  // It only names, in addition, what it waits for.
  const changing = [...about, 'Custom::DeletionProtection'];
  const unchanged = Object.entries(plain.Resources).filter(([, { Type }]) => !changing.includes(Type));
  for (const [id, resource] of unchanged) expect([id, both.Resources[id]]).toEqual([id, resource]);
});
