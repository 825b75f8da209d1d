// What must be true of the template of a production stage.

import { describe, expect, test } from '@jest/globals';
import { stageProps } from '../../lib/stages.js';
import { resourcesOf, type Template as SynthesizedTemplate, shortName } from '../../local/template.js';
import { rule } from '../support/rule.js';
import { synthesizeTemplate } from '../support/stack/template.js';

const PROD = { ...stageProps('prod'), alarmEmail: 'oncall@example.com', quietHours: 24 };
const template = synthesizeTemplate(PROD);
// biome-ignore lint/suspicious/noExplicitAny: properties are what CloudFormation takes
type Payload = any;
const byName = (of: SynthesizedTemplate, type: string) =>
  Object.fromEntries(
    resourcesOf(of, type).map(([id, properties]) => [shortName(of, id), { id, ...properties } as Payload]),
  );

const functions = byName(template, 'AWS::Lambda::Function');
const queues = byName(template, 'AWS::SQS::Queue');
const tables = byName(template, 'AWS::DynamoDB::Table');

describe('the webhook', () => {
  test('has one route: POST /stripe/webhook', () => {
    expect(Object.values(byName(template, 'AWS::ApiGatewayV2::Route')).map(({ RouteKey }) => RouteKey)).toEqual([
      'POST /stripe/webhook',
    ]);
  });
  test('keeps its access log outside the account-wide resource policy', () => {
    const [, log] = resourcesOf(template, 'AWS::Logs::LogGroup').find(([id]) => id.includes('AccessLogs')) as [
      string,
      Payload,
    ];
    expect(log.LogGroupName).toMatch(/^\/aws\/vendedlogs\/apis\//);
  });
});

describe('the queue and its event source', () => {
  test('keeps a message invisible for at least six times the worker’s timeout', () => {
    expect(queues.events!.VisibilityTimeout).toBeGreaterThanOrEqual(6 * functions.worker!.Timeout);
  });
  test('retries a message for half a day before it moves to the dead-letter queue, and keeps it there for at least a week', () => {
    const { VisibilityTimeout, RedrivePolicy, MessageRetentionPeriod } = queues.events!;
    expect(RedrivePolicy.deadLetterTargetArn).toEqual({ 'Fn::GetAtt': [queues.deadletters!.id, 'Arn'] });
    expect(RedrivePolicy.maxReceiveCount * VisibilityTimeout).toBeGreaterThanOrEqual(12 * 3600);
    // SQS allows 1,000 receives, and counts the retention of a dead letter from when it was first queued.
    expect(RedrivePolicy.maxReceiveCount).toBeLessThanOrEqual(1000);
    const week = 7 * 24 * 3600;
    expect(queues.deadletters!.MessageRetentionPeriod - MessageRetentionPeriod).toBeGreaterThanOrEqual(week);
  });
  test('limits the worker at the event source: a throttle at reserved concurrency would count as a receive', () => {
    const [[, mapping]] = resourcesOf(template, 'AWS::Lambda::EventSourceMapping') as [[string, object]];
    expect(mapping).toMatchObject({ ScalingConfig: { MaximumConcurrency: 10 } });
    for (const each of Object.values(functions)) expect(each).not.toHaveProperty('ReservedConcurrentExecutions');
  });
  test('gives the worker batches of up to 100, and lets it report single failed messages', () => {
    const [[, mapping]] = resourcesOf(template, 'AWS::Lambda::EventSourceMapping') as [[string, object]];
    expect(mapping).toMatchObject({ BatchSize: 100, FunctionResponseTypes: ['ReportBatchItemFailures'] });
  });
  test('gathers batches for two seconds; without a window Lambda takes no more than ten messages', () => {
    const mappingWith = (props: object) =>
      resourcesOf(synthesizeTemplate(props), 'AWS::Lambda::EventSourceMapping')[0]![1];
    expect(mappingWith({})).toMatchObject({ BatchSize: 100, MaximumBatchingWindowInSeconds: 2 });
    expect(mappingWith({ batchWindow: 60 })).toMatchObject({ BatchSize: 100, MaximumBatchingWindowInSeconds: 60 });
    expect(mappingWith({ batchWindow: 0 })).toMatchObject({ BatchSize: 10, MaximumBatchingWindowInSeconds: 0 });
  });
});

describe('the functions', () => {
  test('run Node 24 on arm64', () => {
    for (const each of [functions.ingest, functions.worker])
      expect(each).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler' });
  });
  test('run in 256 MB', () => {
    expect(Object.values(functions).map(({ MemorySize }) => MemorySize)).toEqual([256, 256, 256, 256]);
  });
  test('of the pipeline get the settings', () => {
    const environments = (props: object) => {
      const all = byName(synthesizeTemplate(props), 'AWS::Lambda::Function');
      return ['ingest', 'worker', 'reconcile'].map((name) => all[name].Environment.Variables as object);
    };
    for (const variables of environments({ transactionSource: 'invoice', partialRefund: 'net', livemode: 'live' }))
      expect(variables).toMatchObject({ TRANSACTION_SOURCE: 'invoice', PARTIAL_REFUND: 'net', LIVEMODE: 'live' });
  });
  test('log what they say, and of Lambda’s own lines only those about what fails', () => {
    for (const each of Object.values(functions))
      expect(each.LoggingConfig).toMatchObject({
        LogFormat: 'JSON',
        SystemLogLevel: 'WARN',
        ApplicationLogLevel: 'INFO',
        LogGroup: expect.any(Object),
      });
    const queries = resourcesOf(template, 'AWS::Logs::QueryDefinition').map(([, { QueryString }]) =>
      String(QueryString),
    );
    expect(queries.filter((query) => query.includes('platform.report'))).toHaveLength(1);
    expect(queries.join()).not.toContain('@type');
  });
  test('are invoked by the alias that deployments move', () => {
    const aliases = resourcesOf(template, 'AWS::Lambda::Alias').map(([id]) => id);
    expect(aliases).toHaveLength(3);
    const [[, mapping]] = resourcesOf(template, 'AWS::Lambda::EventSourceMapping') as [[string, object]];
    const [[, integration]] = resourcesOf(template, 'AWS::ApiGatewayV2::Integration') as [[string, object]];
    expect(JSON.stringify(mapping)).toContain(':live');
    expect(aliases.some((id) => JSON.stringify(integration).includes(id))).toBe(true);
  });
});

test('the worker may send messages that no rule understands to the dead-letter queue', () => {
  expect(functions.worker!.Environment.Variables.DEAD_LETTER_QUEUE_URL).toEqual({ Ref: queues.deadletters!.id });
  const policies = JSON.stringify(
    resourcesOf(template, 'AWS::IAM::Policy').filter(([id]) => id.includes('WorkerRole')),
  );
  expect(policies).toContain(
    JSON.stringify({
      Action: 'sqs:SendMessage',
      Effect: 'Allow',
      Resource: { 'Fn::GetAtt': [queues.deadletters!.id, 'Arn'] },
    }),
  );
});

test('reconcile runs once an hour, and a failed run is not repeated', () => {
  expect(resourcesOf(template, 'AWS::Events::Rule')).toMatchObject([
    [expect.any(String), { Targets: [{ RetryPolicy: { MaximumRetryAttempts: 0 } }] }],
  ]);
  const [[, config]] = resourcesOf(template, 'AWS::Lambda::EventInvokeConfig') as [[string, Payload]];
  expect(config).toMatchObject({
    FunctionName: { Ref: functions.reconcile!.id },
    MaximumRetryAttempts: 0,
  });
  expect(JSON.stringify(config.Qualifier)).toContain('SyncReconcileLive');
});

describe('the stack', () => {
  test(`${rule('`customers`, key `customer_key`')} and the other tables, with their indexes`, () => {
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
    for (const table of Object.values(tables)) expect(table).not.toHaveProperty('TimeToLiveSpecification');
  });
  test('outputs the webhook URL and the table names', () => {
    expect(Object.keys(template.Outputs ?? {})).toEqual(
      expect.arrayContaining(['WebhookUrl', 'CustomersTable', 'TransactionsTable', 'LinksTable']),
    );
  });
  test('matches the reviewed snapshot', () => {
    // Hashes change with every edit of a function.
    const stable = JSON.stringify(template, undefined, 2)
      .replace(/[0-9a-f]{64}/g, '<hash>')
      .replace(/(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}/g, '$1<hash>');
    expect(stable).toMatchSnapshot();
  });
  test('contains no secret', () => {
    expect(JSON.stringify(template)).not.toMatch(/whsec_[0-9a-zA-Z]{8}|sk_(live|test)_/);
  });
});
