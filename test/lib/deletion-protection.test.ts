// The tables of a stage that keeps its data are protected as the last step of a deployment, so that one that fails leaves none behind.

import { describe, expect, test } from '@jest/globals';
import { stageProps } from '../../lib/stages.js';
import type { StripePartnerSyncProps } from '../../lib/stripe-partner-sync.js';
import { referencesIn, resourcesOf, type Template } from '../../local/template.js';
import { synthesizeTemplate } from '../support/stack/template.js';

// biome-ignore lint/suspicious/noExplicitAny: properties are what CloudFormation takes
type Payload = any;

const CUSTOM_DOMAIN = {
  domainName: 'stripe.example.com',
  certificateArn: 'arn:aws:acm:us-east-1:111111111111:certificate/c',
};
const EVERYTHING: Partial<StripePartnerSyncProps> = {
  customDomain: CUSTOM_DOMAIN,
  changeFeed: true,
  eventBridgeSource: 'aws.partner/stripe.com/ed_1',
  analyticsExport: {},
};
const protectionOf = (template: Template) =>
  Object.entries(template.Resources as Record<string, Payload>).filter(
    ([, { Type }]) => Type === 'Custom::DeletionProtection',
  );

describe.each([
  ['prod', stageProps('prod')],
  ['a stage with every option', EVERYTHING],
] as const)('%s', (_, props) => {
  const template = synthesizeTemplate(props);
  const [[id, protection]] = protectionOf(template) as [[string, Payload]];
  const tables = resourcesOf(template, 'AWS::DynamoDB::Table');

  test('creates its tables without protection, which CloudFormation could not delete again', () => {
    expect(tables).toHaveLength(4);
    for (const [, table] of tables) expect(table).not.toHaveProperty('DeletionProtectionEnabled');
  });
  test('protects each of them', () => {
    expect(referencesIn(protection.Properties.Tables)).toEqual(tables.map(([table]) => table));
  });
  test('does so after everything else, of which anything could fail', () => {
    // Outside of the construct, CDK's scheduler has a role that all schedules of a stack share.
    const others = Object.keys(template.Resources).filter((other) => other !== id && other.startsWith('Sync'));
    expect(others.length).toBeGreaterThan(60);
    expect(others.filter((other) => !protection.DependsOn.includes(other))).toEqual([]);
  });
  test('lets the function change these tables alone, and read the state of this stack alone', () => {
    const [[, policy]] = resourcesOf(template, 'AWS::IAM::Policy').filter(([name]) => name.includes('Protect')) as [
      [string, Payload],
    ];
    const granted = policy.PolicyDocument.Statement.map(({ Action, Resource }: Payload) => [
      [Action].flat().join(),
      referencesIn([Resource].flat()),
    ]);
    expect(granted).toEqual([
      ['logs:CreateLogStream,logs:PutLogEvents', [expect.stringContaining('ProtectLogs')]],
      ['dynamodb:DescribeTable,dynamodb:UpdateTable', tables.map(([table]) => table)],
      ['cloudformation:DescribeStacks', ['AWS::StackId']],
    ]);
  });
});

test('protects again after every change of a table, because CloudFormation may have turned the protection off', () => {
  const definitions = (props: Partial<StripePartnerSyncProps>) =>
    protectionOf(synthesizeTemplate(props)).map(([, { Properties }]) => Properties.Definitions);
  const [before, after, unchanged] = [{}, { changeFeed: true }, { quietHours: 3 }].flatMap(definitions);
  expect(before).toMatch(/^[0-9a-f]{64}$/);
  expect(after).not.toBe(before);
  expect(unchanged).toBe(before);
});

test('leaves a stage alone that is deleted with its data', () => {
  expect(JSON.stringify(synthesizeTemplate(stageProps('dev')))).not.toMatch(/DeletionProtection|UpdateTable/);
});
