// Each function may do what it does and nothing else: every AWS call of an end-to-end run is compared with the policies of the
// template, both ways.

import { type ChildProcess, fork } from 'node:child_process';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import type { EnginesReady } from '../../local/engines.js';
import { resourcesOf, shortName } from '../../local/template.js';
import { charge, customer, event, invoice, invoicePayment } from '../support/events.js';
import { startStack } from '../support/local-stack.js';
import { synthesizeTemplate } from '../support/template.js';

/** `function action resource`, as in `worker dynamodb:PutItem links`. */
const calls = new Set<string>();
const servers: Server[] = [];
let engineProcess: ChildProcess | undefined;
afterAll(() => {
  engineProcess?.disconnect();
  for (const server of servers) server.close();
});

/** Lambda polls the queue with the function's role; here the local stack's event source does, under its own name. */
const POLLING = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

test('every call is granted, and every grant is used', async () => {
  const engines = await startEngines();
  const secrets = await listen(
    createServer(async (request, response) => {
      note(request, await read(request));
      response.end(JSON.stringify({ SecretString: '{"signingSecrets":["whsec_test"]}' }));
    }),
  );
  for (const source of ['charge', 'invoice']) {
    const stack = await startStack({
      args: [
        '--transaction-source',
        source,
        '--dynamodb',
        await recorder(engines.dynamodbEndpoint!),
        '--sqs',
        await recorder(engines.sqsEndpoint!),
        '--secrets-manager',
        secrets,
      ],
    });
    const post = (body: object) => stack.post(body, { secret: 'whsec_test' });
    await post(event('charge.succeeded', charge()));
    await post(event('invoice.payment_succeeded', invoice()));
    await stack.settled();
    await post(event('customer.created', customer('acme', { metadata: { customer_key: 'acme', partner_key: 'p1' } })));
    await post(event('invoice_payment.paid', invoicePayment('in_1', 'pi_1')));
    await stack.settled();
    await post(event('charge.refunded', charge({ refunded: true, amount_refunded: 2000 }), 9));
    await post(event('customer.updated', customer('beta'), 9));
    await stack.settled();
    await stack.stop();
  }
  const used = [...calls].filter((call) => /^(ingest|worker) /.test(call)).sort();
  const granted = grants().filter((grant) => !/ logs:/.test(grant));
  const polling = granted.filter((grant) => POLLING.some((action) => grant.includes(action)));
  expect(polling).toHaveLength(3);
  for (const each of polling) expect([...calls].some((call) => call.split(' ')[1] === each.split(' ')[1])).toBe(true);
  expect(used).toEqual(granted.filter((grant) => !polling.includes(grant)).sort());
}, 120_000);

test('no policy names every resource, and each function has a role of its own', () => {
  const template = synthesizeTemplate();
  const policies = JSON.stringify(resourcesOf(template, 'AWS::IAM::Policy'));
  expect(policies).not.toMatch(/"Resource":"\*"|"Action":"[a-z]+:\*"/);
  const roles = resourcesOf(template, 'AWS::Lambda::Function').map(([, { Role }]) => JSON.stringify(Role));
  expect(new Set(roles).size).toBe(roles.length);
});

/** What the functions' policies allow, in the same words. */
function grants(): string[] {
  const template = synthesizeTemplate();
  const functions = new Map(
    resourcesOf(template, 'AWS::Lambda::Function').map(([id, { Role }]) => [
      (Role as Record<string, string[]>)['Fn::GetAtt']![0],
      shortName(template, id),
    ]),
  );
  return resourcesOf(template, 'AWS::IAM::Policy').flatMap(([, { PolicyDocument, Roles }]) => {
    const name = functions.get((Roles as { Ref: string }[])[0]!.Ref);
    if (!name) return [];
    const { Statement } = PolicyDocument as { Statement: { Action: string | string[]; Resource: unknown }[] };
    return Statement.flatMap(({ Action, Resource }) =>
      [Action].flat().flatMap((action) =>
        [Resource].flat().map((resource) => {
          const reference = resource as { Ref?: string; 'Fn::GetAtt'?: [string, string] };
          return `${name} ${action} ${shortName(template, reference.Ref ?? reference['Fn::GetAtt']?.[0] ?? '?')}`;
        }),
      ),
    );
  });
}

/** The local stack's own engines, started apart from it, so that a recorder fits in between. */
async function startEngines(): Promise<EnginesReady> {
  const file = join(__dirname, '..', '..', 'local', 'engines.ts');
  engineProcess = fork(file, [JSON.stringify({ dynamodb: true, sqs: true })], {
    execArgv: ['--import', require.resolve('tsx')],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return new Promise((resolve) => engineProcess!.once('message', (message) => resolve(message as EnginesReady)));
}

/** A proxy in front of an engine that notes who asked for what. */
async function recorder(target: string): Promise<string> {
  return listen(
    createServer(async (request, response) => {
      const body = await read(request);
      note(request, body);
      const answer = await fetch(target, { method: 'POST', body, headers: pick(request) });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end(Buffer.from(await answer.arrayBuffer()));
    }),
  );
}

function pick({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    ['content-type', 'x-amz-target', 'authorization', 'x-amz-date'].map((name) => [name, String(headers[name])]),
  );
}

const SERVICES: Readonly<Record<string, string>> = {
  DynamoDB_20120810: 'dynamodb',
  AmazonSQS: 'sqs',
  secretsmanager: 'secretsmanager',
};

function note({ headers }: IncomingMessage, body: string) {
  const caller = /Credential=([^/]+)/.exec(String(headers.authorization))?.[1];
  const [service = '', action = ''] = String(headers['x-amz-target']).split('.');
  const input = JSON.parse(body);
  const resources: string[] = input.RequestItems
    ? Object.keys(input.RequestItems)
    : [input.TableName ?? input.QueueUrl?.split('/').at(-1) ?? input.SecretId?.split(':').at(-1) ?? ''];
  // A batch of deletions is allowed by the action for one.
  const permission = action.replace(/^(SendMessage|DeleteMessage|ChangeMessageVisibility)Batch$/, '$1');
  for (const resource of resources) calls.add(`${caller} ${SERVICES[service]}:${permission} ${resource}`);
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
