// What must hold of the template, whoever changes the stack.

import { describe, expect, test } from '@jest/globals';
import { stageProps } from '../../lib/stages.js';
import { resourcesOf, shortName, type Template } from '../../local/template.js';
import { rule } from '../support/rule.js';
import { synthesizeTemplate } from '../support/template.js';

const template = synthesizeTemplate(stageProps('prod'));
// biome-ignore lint/suspicious/noExplicitAny: properties are what CloudFormation takes
type Payload = any;
const byName = (of: Template, type: string) =>
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
    expect([key('customers'), key('transactions'), key('links')]).toEqual([
      ['customer_key'],
      ['transaction_id'],
      ['pk', 'sk'],
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
  test('gives its settings to both functions', () => {
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
  test('holds no secret', () => {
    expect(JSON.stringify(template)).not.toMatch(/whsec_[0-9a-zA-Z]{8}|sk_(live|test)_/);
  });
});
