// How the last step of a deployment protects the tables. No local DynamoDB engine knows deletion protection, so what it and CloudFormation
// answer is written here, over HTTP. `npm run rehearse` has the same function protect tables of an emulator that does.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda';

type Handler = (request: CloudFormationCustomResourceEvent, context: Context) => Promise<void>;
interface Answer {
  readonly body: Record<string, string>;
  readonly contentType: string | undefined;
}

const STACK = 'arn:aws:cloudformation:us-east-1:000000000000:stack/team/1';
let server: Server;
let handler: Handler;
let url: string;
/** The tables that exist, and whether they are protected. */
let tables: Map<string, boolean>;
/** What DynamoDB answers to the next updates, before it accepts one. */
let refusals: string[];
let updates: string[];
let stackStatus: string;
let answers: Answer[];
/** What CloudFormation's URL answers to the next requests, before it answers 200. */
let unavailable: number[];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const target = String(request.headers['x-amz-target'] ?? '').split('.')[1];
    if (request.method === 'PUT') {
      const status = unavailable.shift() ?? 200;
      if (status === 200) answers.push({ body: JSON.parse(body), contentType: request.headers['content-type'] });
      response.writeHead(status).end();
    } else if (target) {
      const { status, answer } = dynamodb(target, JSON.parse(body));
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer));
    } else {
      expect(new URLSearchParams(body).get('StackName')).toBe(STACK);
      const stack = `<member><StackName>team</StackName><StackStatus>${stackStatus}</StackStatus></member>`;
      const result = `<DescribeStacksResult><Stacks>${stack}</Stacks></DescribeStacksResult>`;
      response
        .writeHead(200, { 'content-type': 'text/xml' })
        .end(`<DescribeStacksResponse>${result}</DescribeStacksResponse>`);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    POWERTOOLS_DEV: 'false',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
  });
  ({ handler } = await import('../../functions/protect/handler.js'));
});
afterAll(() => {
  jest.restoreAllMocks();
  server.closeAllConnections();
  server.close();
});

function dynamodb(target: string, input: { TableName: string; DeletionProtectionEnabled?: boolean }) {
  const { TableName, DeletionProtectionEnabled } = input;
  if (!tables.has(TableName)) return { status: 400, answer: { __type: 'ResourceNotFoundException' } };
  if (target === 'DescribeTable')
    return { status: 200, answer: { Table: { TableName, DeletionProtectionEnabled: tables.get(TableName) } } };
  const refusal = refusals.shift();
  if (refusal) return { status: 400, answer: { __type: refusal, message: 'not now' } };
  updates.push(`${TableName} ${DeletionProtectionEnabled}`);
  tables.set(TableName, DeletionProtectionEnabled!);
  return { status: 200, answer: {} };
}

/** The function's pauses between attempts, in milliseconds. */
const PAUSE = 500;

// The tests wait a fiftieth of each pause.
const { setTimeout: startTimer } = globalThis;
beforeAll(() => {
  jest
    .spyOn(globalThis, 'setTimeout')
    .mockImplementation(((work: () => void, delay?: number) =>
      startTimer(work, delay === PAUSE ? PAUSE / 50 : delay)) as typeof setTimeout);
});

beforeEach(() => {
  tables = new Map([
    ['customers', false],
    ['links', false],
  ]);
  [refusals, updates, answers, unavailable] = [[], [], [], []];
  stackStatus = 'CREATE_IN_PROGRESS';
});

/** @param milliseconds until it must give up @returns what CloudFormation was answered */
async function ask(RequestType: string, milliseconds = 5000, Tables = ['customers', 'links']) {
  const request = {
    RequestType,
    ResponseURL: `${url}/response?signature=secret`,
    StackId: STACK,
    RequestId: 'request',
    LogicalResourceId: 'Protection',
    ResourceType: 'Custom::DeletionProtection',
    ResourceProperties: { ServiceToken: 'arn', Tables },
    ...(RequestType === 'Create' ? {} : { PhysicalResourceId: 'Protection' }),
  } as unknown as CloudFormationCustomResourceEvent;
  await handler(request, { getRemainingTimeInMillis: () => 40_000 + milliseconds } as Context);
  expect(answers).toHaveLength(1);
  return answers[0]!.body;
}

describe.each(['Create', 'Update'])('a request to %s', (type) => {
  test('protects every table, and says so in the way that CloudFormation expects', async () => {
    expect(await ask(type)).toEqual({
      Status: 'SUCCESS',
      Reason: '',
      PhysicalResourceId: 'Protection',
      StackId: STACK,
      RequestId: 'request',
      LogicalResourceId: 'Protection',
    });
    expect([...tables.values()]).toEqual([true, true]);
    // Anything else does not match the signature of the URL.
    expect(answers[0]!.contentType).toBe('');
  });
});

test('a table that is protected already is left alone', async () => {
  tables.set('customers', true);
  expect((await ask('Update')).Status).toBe('SUCCESS');
  expect(updates).toEqual(['links true']);
});

test('a request that DynamoDB refuses at first is repeated: a table that is being updated, a limit, a role that is too new', async () => {
  refusals = ['ResourceInUseException', 'LimitExceededException', 'AccessDeniedException'];
  expect((await ask('Create')).Status).toBe('SUCCESS');
  expect([...tables.values()]).toEqual([true, true]);
});

test('a table that stays unprotected fails the deployment, with DynamoDB’s reason', async () => {
  refusals = Array(100).fill('AccessDeniedException');
  const { Status, Reason } = await ask('Create', 100);
  expect(Status).toBe('FAILED');
  expect(Reason).toContain(
    'deletion protection of customers could not be turned on: AccessDeniedException: not now; deletion protection of links',
  );
});

describe('a request to delete', () => {
  beforeEach(() => {
    for (const name of tables.keys()) tables.set(name, true);
  });
  test.each(['DELETE_IN_PROGRESS', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_ROLLBACK_IN_PROGRESS'])(
    'leaves the tables protected in a stack that is in %s',
    async (status) => {
      stackStatus = status;
      expect((await ask('Delete')).Status).toBe('SUCCESS');
      expect(updates).toEqual([]);
    },
  );
  test('takes the protection away where a creation is rolled back, so that CloudFormation can delete the tables', async () => {
    stackStatus = 'ROLLBACK_IN_PROGRESS';
    expect((await ask('Delete', 5000, ['customers', 'links', 'never-created'])).Status).toBe('SUCCESS');
    expect([...tables.values()]).toEqual([false, false]);
  });
});

describe('an answer that CloudFormation does not accept', () => {
  test('is sent again', async () => {
    unavailable = [503, 500];
    expect((await ask('Create')).Status).toBe('SUCCESS');
  });
  test('fails the invocation in the end, so that Lambda repeats it, and without the URL, which is a secret', async () => {
    unavailable = [503, 503, 503];
    const failure = await ask('Create').catch((error: Error) => error.message);
    expect(failure).toBe('CloudFormation could not be answered: status 503');
  });
});
