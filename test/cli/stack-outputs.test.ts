// The tools find a construct in any stack by its outputs. CloudFormation is answered over HTTP with the outputs of real templates.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findTarget } from '../../cli/target.js';

const NAMES = ['CustomersTable', 'TransactionsTable', 'LinksTable', 'QueueUrl', 'WebhookUrl', 'SigningSecretArn'];
const outputsOf = (...prefixes: string[]) =>
  Object.fromEntries(
    prefixes.flatMap((prefix) => NAMES.map((name) => [`${prefix}${name}`, `${prefix || 'own'}-${name}`])),
  );
const STACKS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'stripe-partner-sync-prod': outputsOf(''),
  team: { ...outputsOf('PaymentsPartners'), Unrelated: 'x' },
  two: outputsOf('Live', 'Test'),
  silent: { Unrelated: 'x' },
};

let server: Server;
beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const name = new URLSearchParams(body).get('StackName') ?? '';
    const outputs = STACKS[name];
    response.setHeader('content-type', 'text/xml');
    if (!outputs) {
      response
        .writeHead(400)
        .end(
          `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id ${name} does not exist</Message></Error></ErrorResponse>`,
        );
      return;
    }
    const members = Object.entries(outputs).map(
      ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
    response.end(
      `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>${name}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'operator',
    AWS_SECRET_ACCESS_KEY: 'operator',
    AWS_ENDPOINT_URL_CLOUDFORMATION: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
});
afterAll(() => {
  delete process.env.AWS_ENDPOINT_URL_CLOUDFORMATION;
  server.close();
  server.closeAllConnections();
});

test.each([
  [{ stage: 'prod' }, 'own-TransactionsTable'],
  [{ stackName: 'team' }, 'PaymentsPartners-TransactionsTable'],
  [{ stackName: 'team', construct: 'Payments/Partners' }, 'PaymentsPartners-TransactionsTable'],
  [{ stackName: 'two', construct: 'Test' }, 'Test-TransactionsTable'],
])('%j is found', async (options, table) => {
  const target = await findTarget(options);
  expect(target.tables.transactions).toBe(table);
  expect(target.webhookUrl).toBe(table.replace('TransactionsTable', 'WebhookUrl'));
  target.close();
});

test.each([
  [{ stackName: 'two' }, 'stack two contains several constructs: choose one with --construct, of: Live, Test'],
  [{ stackName: 'two', construct: 'Other' }, 'stack two has no construct Other; it has: Live, Test'],
  [{ stackName: 'silent' }, 'stack silent has no outputs of this construct'],
  [{ stackName: 'nowhere' }, 'CloudFormation has no stack nowhere in this account and region'],
  [{ stage: 'prod', stackName: 'team' }, 'use one of --stage, --stack-name and --local'],
  [{ construct: 'Partners', stage: 'prod' }, '--construct needs --stack-name'],
  [{ customersTable: 'c', settings: 'colour=red' }, '--settings: unknown setting colour'],
  [{ customersTable: 'c', settings: 'livemode=maybe' }, 'livemode is "maybe"; use one of: live, test, both'],
])('%j is refused with what to do', async (options, message) => {
  await expect(findTarget(options)).rejects.toThrow(message);
});

test('a target given by resource names has the secret, the log groups and the settings', async () => {
  const target = await findTarget({
    transactionsTable: 't',
    webhookUrl: 'https://example.com/stripe/webhook',
    logGroups: 'a,b',
    settings: 'transactionSource=invoice,livemode=live',
  });
  expect(target).toMatchObject({
    webhookUrl: 'https://example.com/stripe/webhook',
    log: { groups: ['a', 'b'] },
    settings: { transactionSource: 'invoice', livemode: 'live', partialRefund: 'delete' },
  });
  await expect(target.signingSecrets.read()).rejects.toThrow('--signing-secret');
  target.close();
});
