// What outlives the stack, what does not, and what can be used again.

import { describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { StripePartnerSyncStack } from '../../lib/stack.js';
import { stageProps } from '../../lib/stages.js';
import { StripePartnerSync } from '../../lib/stripe-partner-sync.js';
import { resourcesOf, type Template as SynthesizedTemplate, shortName } from '../../local/template.js';
import { PRODUCTION_PROPS, synthesizeTemplate } from '../support/stack/template.js';

// biome-ignore lint/suspicious/noExplicitAny: properties are what CloudFormation takes
type Payload = any;

const DATA = ['AWS::DynamoDB::Table', 'AWS::SQS::Queue', 'AWS::SecretsManager::Secret'];
const policies = (template: SynthesizedTemplate) =>
  Object.values(template.Resources as Record<string, Payload>)
    .filter(({ Type }) => DATA.includes(Type))
    .map(({ Type, DeletionPolicy, UpdateReplacePolicy }) => [Type, DeletionPolicy, UpdateReplacePolicy]);

describe('a stage that keeps its data', () => {
  const template = synthesizeTemplate(stageProps('prod'));
  test('keeps tables, queues, dead letters and secrets, unless their creation fails', () => {
    expect(policies(template)).toHaveLength(8);
    for (const [type, deletion, replace] of policies(template))
      expect([type, deletion, replace]).toEqual([type, 'RetainExceptOnCreate', 'Retain']);
  });
  test('keeps the logs of its functions', () => {
    for (const [id, { DeletionPolicy }] of Object.entries(template.Resources as Record<string, Payload>)) {
      if (!/(Ingest|Worker|Reconcile)Logs/.test(id)) continue;
      expect([id, DeletionPolicy]).toEqual([id, 'RetainExceptOnCreate']);
    }
  });
  test('can restore its tables to any second of 35 days', () => {
    for (const [, table] of resourcesOf(template, 'AWS::DynamoDB::Table'))
      expect(table).toMatchObject({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } });
  });
  test('is protected against deletion', () => {
    const app = new App();
    const protection = (id: string, props: object) =>
      new StripePartnerSyncStack(app, id, { ...PRODUCTION_PROPS, ...props }).terminationProtection;
    expect([protection('kept', {}), protection('not-kept', { retainData: false })]).toEqual([true, false]);
  });
});

test('a stage that does not keep its data is deleted completely', () => {
  for (const each of policies(synthesizeTemplate(stageProps('dev'))))
    expect(each.slice(1)).toEqual(['Delete', 'Delete']);
});

describe('existing tables', () => {
  const existingTables = {
    customers: 'c-restored',
    transactions: 't-restored',
    links: 'l-restored',
    statements: 's-restored',
  };
  const template = synthesizeTemplate({ existingTables });
  test('are used in place of new ones', () => {
    expect(resourcesOf(template, 'AWS::DynamoDB::Table')).toEqual([]);
    const [, worker] = resourcesOf(template, 'AWS::Lambda::Function').find(
      ([id]) => shortName(template, id) === 'worker',
    )!;
    expect((worker.Environment as Payload).Variables).toMatchObject({
      CUSTOMERS_TABLE: 'c-restored',
      TRANSACTIONS_TABLE: 't-restored',
      LINKS_TABLE: 'l-restored',
    });
    expect(template.Outputs).toMatchObject({ TransactionsTable: { Value: 't-restored' } });
  });
  test('are the only tables that the functions may use, with the same requests', () => {
    const grants = (of: SynthesizedTemplate) =>
      resourcesOf(of, 'AWS::IAM::Policy').flatMap(([, { PolicyDocument }]) =>
        (PolicyDocument as Payload).Statement.filter(({ Action }: Payload) =>
          /dynamodb:(?!DescribeTable|UpdateTable)/.test(Action),
        ),
      );
    expect(grants(template).map(({ Action }) => Action)).toEqual(
      grants(synthesizeTemplate()).map(({ Action }) => Action),
    );
    for (const { Resource } of grants(template)) expect(JSON.stringify(Resource)).toMatch(/:table\/[ctl]-restored"/);
  });
  test('keep the protection that they have: the stack does not change a table that it has not created', () => {
    expect(JSON.stringify(template)).not.toMatch(/DeletionProtection|UpdateTable/);
  });
  test('grant readers access to the indexes too', () => {
    const stack = new Stack(new App(), 'Team');
    const sync = new StripePartnerSync(stack, 'Sync', { ...PRODUCTION_PROPS, existingTables });
    sync.transactionsTable.grantReadData(new Role(stack, 'Reader', { assumedBy: new AccountRootPrincipal() }));
    const [, policy] = resourcesOf(Template.fromStack(stack).toJSON() as SynthesizedTemplate, 'AWS::IAM::Policy').find(
      ([id]) => id.startsWith('Reader'),
    )!;
    expect(JSON.stringify(policy)).toContain('t-restored/index/*');
  });
});

describe('your own key', () => {
  const stack = new Stack(new App(), 'Team');
  new StripePartnerSync(stack, 'Sync', { ...PRODUCTION_PROPS, encryptionKey: new Key(stack, 'Key') });
  const template = Template.fromStack(stack).toJSON() as SynthesizedTemplate;
  test.each([...DATA, 'AWS::SNS::Topic'])('encrypts every %s', (type) => {
    const found = resourcesOf(template, type);
    expect(found.length).toBeGreaterThan(0);
    for (const [, properties] of found) expect(JSON.stringify(properties)).toContain('"Key');
  });
  test('can be used by the functions only through the services that store the data', () => {
    const statements = resourcesOf(template, 'AWS::IAM::Policy').flatMap(
      ([, { PolicyDocument }]) => (PolicyDocument as Payload).Statement as Payload[],
    );
    const kms = statements.filter(({ Action }) => String(Action).includes('kms:'));
    expect(kms.length).toBeGreaterThanOrEqual(8);
    for (const { Action, Condition } of kms) {
      expect(JSON.stringify(Condition.StringEquals['kms:ViaService'])).toMatch(/"(dynamodb|sqs|secretsmanager)\./);
      if (String(Action).includes('kms:CreateGrant'))
        expect(Condition.Bool).toEqual({ 'kms:GrantIsForAWSResource': 'true' });
    }
  });
});
