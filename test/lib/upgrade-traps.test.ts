// Changes that look harmless in the code and cannot be undone on a deployed stack. If a test here fails, do not update it: the
// deployed stack would lose secrets or data, or refuse the deployment.

import { expect, test } from '@jest/globals';
import { resourcesOf } from '../../local/template.js';
import { synthesizeTemplate } from '../support/stack/template.js';

// biome-ignore lint/suspicious/noExplicitAny: properties are what CloudFormation takes
type Payload = any;

const template = synthesizeTemplate();
const properties = (type: string) => Object.fromEntries(resourcesOf(template, type)) as Record<string, Payload>;

test('secrets keep their logical ids and template strings: a change generates a new value over the stored secrets', () => {
  const secrets = Object.entries(properties('AWS::SecretsManager::Secret'));
  expect(secrets.map(([id, { GenerateSecretString }]) => [id, GenerateSecretString]).sort()).toEqual([
    ['SyncSigningSecrets543F92BC', { SecretStringTemplate: '{"signingSecrets":[]}', GenerateStringKey: 'unused' }],
    ['SyncStripeApiKeyE03CDCF8', { SecretStringTemplate: '{"apiKey":""}', GenerateStringKey: 'unused' }],
  ]);
});

test('tables keep their logical ids and key schemas: a change creates an empty table in their place', () => {
  const keys = Object.entries(properties('AWS::DynamoDB::Table')).map(([id, { KeySchema, AttributeDefinitions }]) => [
    id,
    KeySchema.map(({ AttributeName, KeyType }: Payload) => `${AttributeName} ${KeyType}`),
    AttributeDefinitions.map(({ AttributeName, AttributeType }: Payload) => `${AttributeName} ${AttributeType}`),
  ]);
  expect(keys).toEqual([
    ['SyncTablesCustomers5D3E88FB', ['customer_key HASH'], ['customer_key S', 'partner_key S']],
    ['SyncTablesTransactions90E8CB72', ['transaction_id HASH'], ['transaction_id S', 'customer_key S', 'created N']],
    ['SyncTablesLinksA6BC7289', ['pk HASH', 'sk RANGE'], ['pk S', 'sk S']],
    ['SyncTablesStatements6A7AFCE8', ['partner_key HASH', 'entry RANGE'], ['partner_key S', 'entry S']],
  ]);
});

test('indexes keep their keys and projections: DynamoDB cannot change them in place', () => {
  const indexes = Object.values(properties('AWS::DynamoDB::Table')).flatMap(
    ({ GlobalSecondaryIndexes = [] }) => GlobalSecondaryIndexes,
  );
  expect(indexes).toEqual([
    {
      IndexName: 'by_partner',
      KeySchema: [{ AttributeName: 'partner_key', KeyType: 'HASH' }],
      Projection: {
        ProjectionType: 'INCLUDE',
        NonKeyAttributes: ['stripe_customer_id', 'name', 'email', 'livemode', 'partner_version'],
      },
    },
    {
      IndexName: 'by_customer',
      KeySchema: [
        { AttributeName: 'customer_key', KeyType: 'HASH' },
        { AttributeName: 'created', KeyType: 'RANGE' },
      ],
      Projection: {
        ProjectionType: 'INCLUDE',
        NonKeyAttributes: [
          ...['status', 'source', 'amount', 'amount_refunded', 'amount_disputed', 'amount_net', 'currency', 'captured'],
          ...[
            'stripe_customer_id',
            'customer_key_source',
            'product_key',
            'payment_intent_id',
            'invoice_id',
            'livemode',
          ],
        ],
      },
    },
  ]);
});

test('no index shows an internal attribute', () => {
  for (const { GlobalSecondaryIndexes = [] } of Object.values(properties('AWS::DynamoDB::Table')))
    for (const { Projection } of GlobalSecondaryIndexes) {
      expect(Projection.ProjectionType).toBe('INCLUDE');
      expect(Projection.NonKeyAttributes.filter((name: string) => name.startsWith('_'))).toEqual([]);
    }
});

test('queues keep their logical ids: a change leaves the messages behind in the old ones', () => {
  expect(Object.keys(properties('AWS::SQS::Queue'))).toEqual([
    'SyncQueuesDeadLettersFFB48FA8',
    'SyncQueuesEvents66365ADC',
  ]);
});
