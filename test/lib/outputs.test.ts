// The stack outputs that the command line tools and the runbook use.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { StripePartnerSync } from '../../lib/stripe-partner-sync.js';
import { PRODUCTION_PROPS, synthesizeTemplate } from '../support/stack/template.js';

const outputs = synthesizeTemplate().Outputs ?? {};
const withOptions =
  synthesizeTemplate({ eventBridgeSource: 'aws.partner/stripe.com/ed_1', changeFeed: true }).Outputs ?? {};

describe('stack outputs', () => {
  test('name the URL, every table, queue, secret, function and log group, and the settings', () => {
    expect(Object.keys(outputs)).toEqual(
      expect.arrayContaining([
        ...['WebhookUrl', 'Settings', 'CustomersTable', 'TransactionsTable', 'LinksTable', 'StatementsTable'],
        ...['QueueUrl', 'QueueArn', 'DeadLetterQueueUrl', 'DeadLetterQueueArn', 'EventSourceId'],
        ...['SigningSecretArn', 'StripeApiKeyArn', 'AlarmTopicArn', 'DashboardName'],
        ...['IngestFunctionName', 'WorkerFunctionName', 'ReconcileFunctionName'],
        ...['IngestLogGroup', 'WorkerLogGroup', 'ReconcileLogGroup', 'AccessLogGroup'],
      ]),
    );
  });

  test.each(['runbook.md', 'deploy.md', 'operations.md', 'security.md'])(
    'include every <Placeholder> that docs/%s asks for',
    (page) => {
      const text = readFileSync(join(__dirname, '..', '..', 'docs', page), 'utf8');
      const placeholders = [...text.matchAll(/<([A-Z][A-Za-z]+)>/g)].map(([, name]) => name!);
      expect(Object.keys(withOptions)).toEqual(expect.arrayContaining(placeholders));
    },
  );

  test('are prefixed with the construct’s id in your own CDK app, and can be left out', () => {
    const stack = new Stack(new App(), 'Team');
    new StripePartnerSync(stack, 'Partners', PRODUCTION_PROPS);
    new StripePartnerSync(stack, 'Other', PRODUCTION_PROPS);
    new StripePartnerSync(stack, 'Silent', { ...PRODUCTION_PROPS, outputs: false });
    const names = Object.keys(Template.fromStack(stack).toJSON().Outputs);
    expect(names).toEqual(expect.arrayContaining(['PartnersWebhookUrl', 'OtherWebhookUrl']));
    expect(names.filter((name) => name.startsWith('Silent'))).toEqual([]);
  });
});
