// The tools as an operator runs them: in separate processes, against the local stack and a fake of Stripe's API over HTTP.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { StackFile } from '../../contract/stack-file.js';
import { subscribedTypes } from '../../functions/domain/decide.js';
import { charge, customer, event } from '../support/builders/events.js';
import { workload } from '../support/builders/workload.js';
import { type FakeStripe, GOOD_KEY, startFakeStripe } from '../support/fakes/fake-stripe.js';
import { expectedRows } from '../support/model/model.js';
import { type LocalStackUnderTest, startStack, until } from '../support/stack/local-stack.js';

const ROOT = join(__dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'operators-'));
let stack: LocalStackUnderTest;
let stripe: FakeStripe;
beforeAll(async () => {
  stripe = await startFakeStripe();
  stack = await startStack({ folder });
}, 180_000);
afterAll(async () => {
  await stack.stop();
  stripe.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);
beforeEach(() => {
  stripe.fault = () => undefined;
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(
  args: readonly string[],
  env: Record<string, string> = {},
): { child: ChildProcess; ended: Promise<Ran> } {
  const child = spawn(process.execPath, [join(ROOT, 'bin', 'stripe-partner-sync.js'), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, STRIPE_API_BASE: stripe.url, STRIPE_API_KEY: GOOD_KEY, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout!.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr!.on('data', (chunk) => {
    err += chunk;
  });
  return { child, ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err }))) };
}
const cli = (args: string, env?: Record<string, string>) =>
  start([...args.split(' '), '--stack-file', 'stack.json'], env).ended;
const json = (ran: Ran) =>
  ran.out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

describe('usage', () => {
  test.each([
    [['report'], 2, /name the stack: --stage NAME, --stack-name NAME or --local/],
    [['report', '--local', '--stage', 'prod'], 2, /use one of --stage, --stack-name and --local/],
    [['report', '--local', '--stack-file', 'nowhere.json'], 1, /no local stack is running: there is no nowhere\.json/],
    [['nonsense', '--local'], 2, /Unknown command: nonsense/],
    [['report', '--stack-file', 'stack.json', '--by', 'colour'], 2, /--by does not know "colour"; use: partner/],
    [
      ['report', '--stack-file', 'stack.json', '--from', 'yesterday'],
      2,
      /"yesterday" is not a date; write it like 2025-01-31/,
    ],
    [
      ['backfill', '--stack-file', 'stack.json', '--since', '2025-01-01', 'plans'],
      2,
      /Choices: "customers", "invoices", "refunds"/,
    ],
    [['redrive', '--stack-file', 'stack.json', '--one', 'evt_x', '--all'], 2, /mutually exclusive/],
  ])('%j: exit code %i and a clear line', async (args, code, message) => {
    const ran = await start(args).ended;
    expect(ran.code).toBe(code);
    expect(ran.err).toMatch(message);
  });
  test('--version prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(await start(['--version']).ended).toMatchObject({ code: 0, out: `${version}\n`, err: '' });
  });
  test('a table that does not exist is named, with what to check, and those that were not named are left out', async () => {
    const { region, dynamodbEndpoint } = stack.file;
    const aws = { AWS_REGION: region, AWS_ACCESS_KEY_ID: 'operator', AWS_SECRET_ACCESS_KEY: 'operator' };
    const report = (customers: string, transactions: string) =>
      start(['report', '--customers-table', customers, '--transactions-table', transactions], {
        ...aws,
        AWS_ENDPOINT_URL_DYNAMODB: dynamodbEndpoint,
      }).ended;
    const CHECK = 'check the names, the AWS account and AWS_REGION\n';
    expect(await report('nowhere', 'nowhere')).toMatchObject({
      code: 1,
      err: `there is no table nowhere; ${CHECK}`,
    });
    expect(await report('customers', 'nowhere')).toMatchObject({
      code: 1,
      err: `one of these tables does not exist: customers, nowhere; ${CHECK}`,
    });
  });
  test('--help of every command has an example and fits into 40 columns', async () => {
    for (const command of [
      'connect',
      'disconnect',
      'verify',
      'backfill',
      'reconcile',
      'redrive',
      'resync',
      'trace',
      'show',
      'report',
    ]) {
      const { code, out } = await start([command, '--help'], { COLUMNS: '40' }).ended;
      expect([code, out]).toEqual([0, expect.stringContaining('Examples:')]);
    }
  }, 60_000);
  test('without a terminal no API key is prompted for; a wrong key, or one that lacks a permission, is reported', async () => {
    expect(await cli('reconcile', { STRIPE_API_KEY: '' })).toMatchObject({
      code: 2,
      err: expect.stringContaining('STRIPE_API_KEY'),
    });
    const wrong = await cli('reconcile', { STRIPE_API_KEY: 'sk_test_wrong' });
    expect(wrong).toMatchObject({ code: 1, err: 'Stripe does not accept this API key: check STRIPE_API_KEY.\n' });
    stripe.fault = () => ({
      status: 403,
      error: {
        type: 'invalid_request_error',
        message:
          "The provided key does not have the required permissions. Having the 'rak_event_read' permission would allow this request to continue.",
      },
    });
    expect(await cli('reconcile')).toMatchObject({ code: 1, err: expect.stringContaining('rak_event_read') });
  }, 60_000);
});

test('verify: every check holds against a local stack, and its own rows are removed', async () => {
  const before = await stack.rows();
  const ran = await cli('verify --json');
  expect(json(ran).every(({ ok }) => ok)).toBe(true);
  expect(json(ran).length).toBeGreaterThanOrEqual(10);
  expect(ran.code).toBe(0);
  expect(await stack.rows()).toEqual(before);
  const nowhere = await cli('verify --url http://127.0.0.1:9/');
  expect(nowhere).toMatchObject({ code: 1, out: expect.stringContaining('✘ the webhook is reachable') });
}, 90_000);

test('connect creates the endpoint with exactly the events needed and adds its secret to the stored ones; disconnect deletes it', async () => {
  expect((await cli('connect --dry-run')).out).toContain('would create endpoint');
  expect(stripe.endpoints.size).toBe(0);
  const made = await cli('connect');
  expect(made.code).toBe(0);
  const [endpoint] = [...stripe.endpoints.values()];
  expect(endpoint).toMatchObject({ url: stack.file.webhookUrl, api_version: '2026-10-28.endive' });
  expect(endpoint!.enabled_events).toEqual(subscribedTypes(stack.file.settings));
  expect(endpoint!.enabled_events).toContain('charge.dispute.closed');
  expect(endpoint!.enabled_events).not.toContain('charge.refund.updated');
  expect(made.out + made.err).not.toContain(endpoint!.secret);
  // Both are valid.
  for (const secret of [String(endpoint!.secret), stack.file.signingSecrets[0]!]) {
    await until(async () => (await stack.post(event('plan.created', {}), { secret })).status === 200, 20_000);
  }
  expect((await cli('connect')).out).toContain('already has the right event types');
  stripe.endpoints.set('we_1', { ...endpoint, enabled_events: ['charge.succeeded', 'plan.created'] });
  expect(
    json(await cli('connect --json'))
      .map(({ what }) => what)
      .sort(),
  ).toEqual([...Array(subscribedTypes(stack.file.settings).length - 1).fill('add event'), 'remove event']);
  expect(stripe.endpoints.get('we_1')!.enabled_events).toEqual(subscribedTypes(stack.file.settings));
  expect((await cli('disconnect')).code).toBe(0);
  expect(stripe.endpoints.size).toBe(0);
}, 90_000);

const now = Math.floor(Date.now() / 1000);
const history = workload({ seed: 21, customers: 60, duplicates: 0, disorder: 0 }).map((each, i, all) => ({
  ...each,
  created: now - all.length + i - 60,
}));
const newest = (prefix: string) =>
  [
    ...new Map(
      history
        .filter(({ type }) => type.startsWith(prefix))
        .map(({ data, created }) => [data.object.id, { ...data.object, created }]),
    ).values(),
  ] as never[];
/** Before the first event of the history. */
const since = new Date((now - 7200) * 1000).toISOString();

/** Gives Stripe the history of a business, of which a third of the events were not delivered. */
function fillStripe() {
  stripe.objects.events = history.map((each, i) => ({ ...each, object: 'event', delivered: i % 3 !== 0 }));
  stripe.objects.customers = newest('customer.');
  stripe.objects.charges = newest('charge.');
}

describe('backfill, with a business in Stripe', () => {
  beforeAll(fillStripe);

  test('backfill counts; killed in the middle, it continues and brings in every row; reconcile adds what is missing', async () => {
    const counted = json(await cli(`backfill --since ${since} --dry-run --json`));
    expect(counted).toEqual([{ sent: stripe.objects.customers.length + stripe.objects.charges.length, dryRun: true }]);

    let pages = 0;
    stripe.fault = (request) => (/GET \/v1\/(customers|charges)/.test(request) && ++pages > 1 ? 'hang' : undefined);
    const { child, ended } = start(['backfill', '--since', since, '--stack-file', 'stack.json']);
    await until(() => pages > 1, 20_000);
    const twice = await cli(`backfill --since ${since}`);
    expect(twice).toMatchObject({ code: 1, err: expect.stringContaining('is already running') });
    child.kill('SIGKILL');
    await ended;
    stripe.fault = () => undefined;
    const resumed = await cli(`backfill --since ${since}`);
    expect(resumed).toMatchObject({ code: 0, out: expect.stringContaining('Continuing where it stopped') });
    await stack.settled();
    const keyed = new Set(
      (await stack.rows()).transactions
        .filter((row) => String(row.transaction_id).startsWith('ch_21'))
        .map((row) => row.transaction_id),
    );
    expect(keyed.size).toBe(stripe.objects.charges.length);

    // A snapshot is newer than the events it shows: events change nothing but what they alone tell.
    const limits = [{ status: 429, headers: { 'retry-after': '1' } }, { status: 500 }, 'cut' as const];
    stripe.fault = () => limits.shift();
    expect(await cli('reconcile --all')).toMatchObject({
      code: 0,
      out: expect.stringContaining(`Read ${history.length} events`),
    });
    await stack.settled();
    const own = (rows: { transactions: readonly Record<string, unknown>[] }) =>
      rows.transactions
        .filter((row) => String(row.transaction_id).startsWith('ch_21'))
        .map(({ transaction_id, status, customer_key, amount_net }) => ({
          transaction_id,
          status,
          customer_key,
          amount_net,
        }));
    expect(own(await stack.rows())).toEqual(
      own(expectedRows(history, { transactionSource: 'charge', partialRefund: 'delete' })),
    );
    expect(await cli('reconcile --check')).toMatchObject({ code: 0, out: 'Stripe and the tables agree.\n' });
  }, 120_000);

  test('Ctrl-C in the middle of a backfill prints how to continue, and releases the lock', async () => {
    let asked = 0;
    stripe.fault = () => (++asked > 1 ? 'hang' : undefined);
    const { child, ended } = start(['backfill', '--since', since, '--stack-file', 'stack.json']);
    await until(() => asked > 1, 20_000);
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 1, err: expect.stringContaining('run the same command again') });
    stripe.fault = () => undefined;
    expect(await cli(`backfill --since ${since}`)).toMatchObject({
      code: 0,
      out: expect.stringContaining('Continuing where it stopped'),
    });
    await stack.settled();
  }, 60_000);
});

describe('reconcile, with a business in Stripe', () => {
  beforeAll(fillStripe);

  test('reconcile, killed in the middle, continues where it stopped, with the same rows', async () => {
    const before = (await stack.rows()).transactions;
    let asked = 0;
    stripe.fault = (request) => (request === 'GET /v1/events' && ++asked > 1 ? 'hang' : undefined);
    const { child, ended } = start(['reconcile', '--all', '--stack-file', 'stack.json']);
    await until(() => asked > 1, 20_000);
    child.kill('SIGKILL');
    await ended;
    stripe.fault = () => undefined;
    expect(await cli('reconcile --all')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Continuing where it stopped'),
    });
    await stack.settled();
    expect((await stack.rows()).transactions).toEqual(before);
  }, 60_000);

  test('reconcile --check names what is missing, and what should be deleted', async () => {
    stripe.objects.charges = [...stripe.objects.charges, { ...charge({ id: 'ch_missing' }), created: now } as never];
    const ran = await cli('reconcile --check --json');
    expect([ran.code, json(ran)]).toEqual([1, [{ id: 'ch_missing', problem: 'missing' }]]);
    stripe.objects.charges = stripe.objects.charges.filter(({ id }) => id !== 'ch_missing');
  }, 30_000);
});

describe('report, with a business in Stripe', () => {
  beforeAll(fillStripe);

  test('report is exact to the cent, never adds currencies, and its CSV contains no formula', async () => {
    for (const [i, currency] of ['usd', 'eur', 'jpy'].entries()) {
      await stack.post(
        event(
          'charge.succeeded',
          charge({
            id: `ch_r${i}`,
            customer: null,
            amount: 1999,
            amount_captured: 1999,
            currency,
            metadata: { customer_key: 'reported', partner_key: '=cmd()', product_key: 'a,"b' },
          }),
        ),
      );
    }
    await stack.settled();
    const lines = json(await cli('report --json --partner =cmd()'));
    expect(lines.map(({ currency, amount_net }) => [currency, amount_net]).sort()).toEqual([
      ['eur', 1999],
      ['jpy', 1999],
      ['usd', 1999],
    ]);
    const { transactions, customers } = await stack.rows();
    const known = new Set(customers.map((row) => row.customer_key));
    const sums: Record<string, number> = {};
    for (const row of transactions)
      if (row.status === 'recorded' && known.has(row.customer_key))
        sums[String(row.currency)] = (sums[String(row.currency)] ?? 0) + Number(row.amount_net);
    const reported: Record<string, number> = {};
    for (const { currency, amount_net, unattributed } of json(await cli('report --json')))
      if (!unattributed) reported[currency] = (reported[currency] ?? 0) + amount_net;
    expect(reported).toEqual(sums);
    const csv = await cli('report --format csv --partner =cmd()');
    expect(csv.out).toContain(`'=cmd(),"a,""b",2025-06,usd,false,1,1999`);
    const text = await cli('report --partner =cmd()');
    expect(text.out).toContain('19.99 USD');
    expect(text.out).toContain('1999 JPY');
  }, 60_000);
});

test('redrive groups the dead letters by reason, sends one back, and deletes the rest only when that is confirmed', async () => {
  await stack.deadLetter(event('charge.succeeded', charge({ id: 'ch_bad', amount: 'SECRET' }), 0, 'evt_bad'));
  await stack.deadLetter(event('charge.succeeded', charge({ id: 'ch_bad2', amount: 'SECRET' }), 0, 'evt_bad2'));
  await stack.deadLetter(event('charge.succeeded', charge({ id: 'ch_healed' }), 0, 'evt_healed'));
  const shown = await cli('redrive');
  expect(shown.out).toMatch(/2 +charge\.succeeded +evt_bad2? +the event's amount is not an integer/);
  expect(shown.out).toMatch(/1 +charge\.succeeded +evt_healed +could not be applied/);
  expect(shown.out).not.toContain('SECRET');
  expect((await cli('trace ch_bad')).out).toMatch(/dead letters +charge\.succeeded evt_bad: the event's amount/);
  expect(await cli('redrive --one evt_nowhere')).toMatchObject({ code: 1 });
  expect(await cli('redrive --one evt_healed')).toMatchObject({ code: 0, out: 'Sent back 1 message.\n' });
  await stack.settled();
  expect((await cli('show transaction ch_healed')).code).toBe(0);
  expect(json(await cli('redrive --json'))).toHaveLength(2);
  expect(await cli('redrive --delete')).toMatchObject({ code: 2, err: expect.stringContaining('nothing was deleted') });
  expect(await cli('redrive --delete --yes')).toMatchObject({ code: 0, out: 'Deleted 2 messages.\n' });
  expect((await cli('redrive')).out).toBe('The dead-letter queue is empty.\n');
  expect(json(await cli('redrive --json'))).toEqual([{ count: 0 }]);
}, 90_000);

test('show and trace describe a customer, a charge and an event, and say if an ID is unknown', async () => {
  await stack.post(event('customer.created', customer('traced', { id: 'cus_traced' }), 0, 'evt_traced_customer'));
  await stack.post(event('charge.succeeded', charge({ id: 'ch_traced', customer: 'cus_traced' }), 0, 'evt_traced'));
  await stack.settled();
  expect((await cli('show customer traced')).out).toMatch(/customer_key +traced[\s\S]*ch_traced .* 20\.00 USD/);
  expect(json(await cli('show transaction ch_traced --json'))).toMatchObject([
    { transaction_id: 'ch_traced', customer_key: 'traced' },
  ]);
  expect(await cli('show transaction ch_nowhere')).toMatchObject({
    code: 1,
    err: 'there is no transaction ch_nowhere\n',
  });
  const traced = (await cli('trace ch_traced', { STRIPE_API_KEY: '' })).out;
  expect(traced).toMatch(
    /now +table +transaction ch_traced: recorded for traced, by its Stripe customer, by charge\.succeeded evt_traced/,
  );
  expect(traced).toMatch(/log .*ingest: charge\.succeeded evt_traced queued/);
  expect(traced).toMatch(/log .*worker: charge\.succeeded evt_traced recorded/);
  // No log line names a customer_key, only its Stripe customer.
  const ofCustomer = (await cli('trace traced', { STRIPE_API_KEY: '' })).out;
  expect(ofCustomer).toMatch(/log .*worker: customer\.created evt_traced_customer customer updated/);
  expect(ofCustomer).toMatch(/now +table +customer traced: referred by no partner/);
  expect((await cli('trace cus_traced', { STRIPE_API_KEY: '' })).out).toContain('is linked to traced');
  expect((await cli('trace evt_traced')).out).toMatch(/Stripe +Stripe does not know evt_traced/);
  expect(await cli('trace evt_nowhere', { STRIPE_API_KEY: '' })).toMatchObject({
    code: 1,
    out: expect.stringContaining('Nothing is known about evt_nowhere'),
  });
}, 90_000);

/** CloudFormation, as far as the tools ask it: the outputs of one stack. */
function createCloudFormation(outputs: () => Readonly<Record<string, string>>): Server {
  return createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const asked = new URLSearchParams(Buffer.concat(chunks).toString()).get('StackName');
      response.setHeader('content-type', 'text/xml');
      if (asked !== 'stripe-partner-sync-prod') {
        const error = `<Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id ${asked} does not exist</Message>`;
        response.writeHead(400).end(`<ErrorResponse><Error>${error}</Error></ErrorResponse>`);
        return;
      }
      const members = Object.entries(outputs()).map(
        ([key, value]) =>
          `<member><OutputKey>${key}</OutputKey><OutputValue>${value.replaceAll('"', '&quot;')}</OutputValue></member>`,
      );
      response.end(
        `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>${asked}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
      );
    });
  });
}

function outputsOf(file: StackFile, stripeApiKeyArn: string): Record<string, string> {
  const { tables, queueUrl, deadLetterQueueUrl, webhookUrl, signingSecretArn, settings } = file;
  return {
    CustomersTable: tables.customers,
    TransactionsTable: tables.transactions,
    LinksTable: tables.links,
    QueueUrl: queueUrl,
    DeadLetterQueueUrl: deadLetterQueueUrl,
    WebhookUrl: webhookUrl,
    SigningSecretArn: signingSecretArn,
    StripeApiKeyArn: stripeApiKeyArn,
    Settings: JSON.stringify(settings),
    LogGroups: 'a,b',
  };
}

describe('a deployed stage', () => {
  const stripeApiKeyArn = () => stack.file.signingSecretArn.replace('signingsecrets', 'stripeapikey');
  const cloudFormation = createCloudFormation(() => outputsOf(stack.file, stripeApiKeyArn()));
  beforeAll(() => new Promise<void>((resolve) => cloudFormation.listen(0, '127.0.0.1', resolve)));
  afterAll(() => {
    cloudFormation.close();
    cloudFormation.closeAllConnections();
  });
  const onStage = (args: string) =>
    start(args.split(' '), {
      AWS_REGION: stack.file.region,
      AWS_ACCESS_KEY_ID: 'operator',
      AWS_SECRET_ACCESS_KEY: 'operator',
      AWS_ENDPOINT_URL_CLOUDFORMATION: `http://127.0.0.1:${(cloudFormation.address() as AddressInfo).port}`,
      AWS_ENDPOINT_URL_DYNAMODB: stack.file.dynamodbEndpoint,
      AWS_ENDPOINT_URL_SQS: stack.file.sqsEndpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: stack.file.secretsManagerEndpoint,
    }).ended;

  test('is found by its outputs; a stack that does not exist is reported', async () => {
    expect(await onStage('report --stage prod --by currency')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^mode +count +net\n/),
    });
    expect(await onStage('redrive --stage prod')).toMatchObject({ code: 0 });
    expect(await onStage('report --stage production')).toMatchObject({
      code: 1,
      err: expect.stringContaining('CloudFormation has no stack stripe-partner-sync-production'),
    });
  }, 60_000);

  test('is warned by verify that reconcile has no Stripe API key, until one is stored', async () => {
    // Nothing answers there, so verify ends after the checks that need no row.
    const verify = async () => (await onStage('verify --stage prod --url http://127.0.0.1:9/')).out;
    const warning =
      '✔ reconcile has no Stripe API key\n    Warning: events that Stripe could not deliver are not fetched. Store a restricted key: see docs/operations.md.';
    expect(await verify()).toContain(warning);
    const secretsManager = new SecretsManagerClient({
      endpoint: stack.file.secretsManagerEndpoint,
      region: stack.file.region,
      credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
    });
    const SecretString = '{"apiKey":"rk_test_stored"}';
    await secretsManager.send(new PutSecretValueCommand({ SecretId: stripeApiKeyArn(), SecretString }));
    secretsManager.destroy();
    const withKey = await verify();
    expect(withKey).toContain('✘ the webhook is reachable');
    expect(withKey).not.toContain('reconcile');
    expect(withKey).not.toContain('rk_test_stored');
  }, 60_000);
});

test('a state file that cannot be read is reported, and left unchanged', async () => {
  writeFileSync(join(folder, '.stripe-partner-sync', 'reconcile-local.json'), 'torn');
  expect(await cli('reconcile')).toMatchObject({
    code: 1,
    err: expect.stringContaining('delete it to start from the beginning'),
  });
});
