// The stack on one machine: built from the synthesized template, nothing about it written twice.

import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve as resolvePath } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Settings } from '../contract/settings.js';
import { type StackFile, writeStackFile } from '../contract/stack-file.js';
import { type ActivityLog, createActivityLog } from './activity.js';
import { type ConsoleFactory, createConsoleServer } from './console-server.js';
import type { EnginesReady, EnginesRequest } from './engines.js';
import { startEventSource } from './event-source.js';
import { type LocalFunction, startFunction } from './function.js';
import { createGateway } from './gateway.js';
import { createSecretsManager } from './secrets.js';
import { synthesize } from './synthesize.js';
import { createTable } from './tables.js';
import {
  type ResolvedResource,
  resolve,
  resourcesOf,
  shortName,
  type Template,
  UnsupportedTemplateError,
} from './template.js';

export interface LocalStackOptions {
  readonly settings: Settings;
  /** 0: any free one. */
  readonly port: number;
  /** Where state is kept between runs; without it nothing is kept. */
  readonly stateFolder?: string;
  readonly stackFile: string;
  /** Signing secrets that are valid besides the local stack's own. */
  readonly signingSecrets: readonly string[];
  /** Endpoints to use instead of the engines that come with the local stack. */
  readonly dynamodb?: string;
  readonly sqs?: string;
  readonly secretsManager?: string;
  /** Called with each line that a function prints. */
  readonly onLine: (functionName: string, line: string) => void;
  /** Makes the page of `consoleUrl` when it is first asked for; without it there is none. */
  readonly console?: ConsoleFactory;
}

export interface LocalStack {
  readonly file: StackFile;
  /** Events that an earlier run had accepted and not applied. */
  readonly recovered: number;
  /** Stops taking events, drains the queue and ends. @returns how many messages are left in the queue */
  stop(): Promise<number>;
}

/** Something outside is not as it must be; the message says what to do. */
export class LocalStackError extends Error {
  override readonly name = 'LocalStackError';
}

const REGION = 'us-east-1';
const ACCOUNT = '000000000000';
/** Any credentials are accepted. */
const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };
const DRAIN_MILLISECONDS = 60_000;

/** @throws {LocalStackError} where the port is taken or the state cannot be used */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const cleanups: (() => Promise<unknown> | unknown)[] = [];
  try {
    return await start(options, cleanups);
  } catch (error) {
    await cleanUp(cleanups);
    throw error;
  }
}

async function cleanUp(cleanups: (() => Promise<unknown> | unknown)[]) {
  for (const cleanup of cleanups.reverse()) await cleanup();
}

async function start(options: LocalStackOptions, cleanups: (() => Promise<unknown> | unknown)[]): Promise<LocalStack> {
  const { stateFolder, settings } = options;
  // One that a killed stack left behind would tell of a stack that is not there.
  rmSync(options.stackFile, { force: true });
  if (stateFolder) mkdirSync(stateFolder, { recursive: true });
  // The port first: who starts a second stack by mistake is told at once.
  const routes = new Map<string, (event: unknown) => Promise<unknown>>();
  const activity = createActivityLog();
  const gateway = createGateway(routes, activity.record);
  const port = await listen(gateway, options.port);
  cleanups.push(() => close(gateway));

  const outdir = mkdtempSync(join(tmpdir(), 'stripe-partner-sync-'));
  cleanups.push(() => rmSync(outdir, { recursive: true, force: true }));
  const request: EnginesRequest = {
    ...(stateFolder ? { stateFolder } : {}),
    dynamodb: !options.dynamodb,
    sqs: !options.sqs,
  };
  const [engines, { template, assetFolder }] = await Promise.all([
    startEngines(request, cleanups),
    synthesize(settings, outdir),
  ]);
  const dynamodbEndpoint = options.dynamodb ?? engines.dynamodbEndpoint!;
  const sqsEndpoint = options.sqs ?? engines.sqsEndpoint!;
  const dynamodb = new DynamoDBClient({ region: REGION, credentials: CREDENTIALS, endpoint: dynamodbEndpoint });
  const sqs = new SQSClient({ region: REGION, credentials: CREDENTIALS, endpoint: sqsEndpoint });
  cleanups.push(() => dynamodb.destroy());
  cleanups.push(() => sqs.destroy());

  const physical = new Map<string, ResolvedResource>();
  for (const [id, properties] of resourcesOf(template, 'AWS::DynamoDB::Table')) {
    const name = shortName(template, id);
    await createTable(dynamodb, name, properties);
    physical.set(id, { ref: name, attributes: { Arn: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}` } });
  }
  await createQueues(template, sqs, sqsEndpoint, physical);
  const queueUrlOf = (name: string) =>
    [...physical.entries()].find(
      ([id, { attributes }]) => attributes.QueueName === name && id in template.Resources,
    )![1].ref;
  for (const { queue, body } of engines.outstanding) {
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrlOf(queue), MessageBody: body }));
  }

  const secrets = openSecrets(stateFolder, options.signingSecrets);
  const secretsManager = createSecretsManager(secrets);
  const secretsEndpoint = `http://127.0.0.1:${await listen(secretsManager, 0)}`;
  cleanups.push(() => close(secretsManager));
  for (const [id] of resourcesOf(template, 'AWS::SecretsManager::Secret')) {
    physical.set(id, {
      ref: `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${shortName(template, id)}`,
      attributes: {},
    });
  }

  const pids: Record<string, number> = {};
  let announced = false;
  const announce = () => {
    if (announced) writeStackFile(options.stackFile, stackFile());
  };
  const functions = new Map<string, { name: string; local: LocalFunction }>();
  // What only a schedule invokes is not started: on a desk nothing is undelivered.
  const scheduled = scheduledFunctions(template);
  await Promise.all(
    resourcesOf(template, 'AWS::Lambda::Function')
      .filter(([id]) => !scheduled.has(id))
      .map(async ([id, properties]) => {
        const name = shortName(template, id);
        const code = properties.Code as { S3Key: string };
        const environment = (properties.Environment as { Variables: Record<string, unknown> }).Variables;
        const local = await startFunction({
          name,
          folder: assetFolder(code.S3Key),
          handler: String(properties.Handler),
          timeoutSeconds: Number(properties.Timeout),
          environment: {
            ...(resolve(environment, physical) as Record<string, string>),
            AWS_LAMBDA_FUNCTION_NAME: name,
            AWS_REGION: REGION,
            // As on AWS, who calls can be told by its key.
            AWS_ACCESS_KEY_ID: name,
            AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
            AWS_ENDPOINT_URL_DYNAMODB: dynamodbEndpoint,
            AWS_ENDPOINT_URL_SQS: sqsEndpoint,
            AWS_ENDPOINT_URL_SECRETS_MANAGER: options.secretsManager ?? secretsEndpoint,
            AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
          },
          onLine: (line) => {
            activity.record({ kind: 'line', at: Date.now(), functionName: name, line });
            if (stateFolder) appendFileSync(join(stateFolder, 'functions.log'), `${line}\n`);
            options.onLine(name, line);
          },
          onStart: (pid) => {
            pids[name] = pid;
            announce();
          },
        });
        cleanups.push(() => local.stop());
        functions.set(id, { name, local });
        physical.set(id, { ref: name, attributes: { Arn: functionArn(name) } });
      }),
  );

  // An alias is invoked in place of its function; here it stands for the only version there is.
  for (const [id, version] of resourcesOf(template, 'AWS::Lambda::Version')) {
    if (scheduled.has(referenceIn(version.FunctionName))) continue;
    const name = String(resolve(version.FunctionName, physical));
    physical.set(id, { ref: `${functionArn(name)}:1`, attributes: { Version: '1' } });
  }
  for (const [id, alias] of resourcesOf(template, 'AWS::Lambda::Alias')) {
    if (scheduled.has(referenceIn(alias.FunctionName))) continue;
    const name = String(resolve(alias.FunctionName, physical));
    physical.set(id, { ref: `${functionArn(name)}:${alias.Name}`, attributes: {} });
  }

  const invokeByArn = (arn: unknown) => {
    // An ARN, with or without a version or an alias; or a name with them.
    const called = String(arn).replace(functionArn(''), '').split(':')[0];
    const found = [...functions.values()].find(({ name }) => called === name);
    if (!found) throw new UnsupportedTemplateError(`no function ${arn}`);
    return (event: unknown) => observed(activity, found.name, () => found.local.invoke(event));
  };
  const integrations = new Map(resourcesOf(template, 'AWS::ApiGatewayV2::Integration'));
  for (const id of integrations.keys()) physical.set(id, { ref: id, attributes: {} });
  for (const [, route] of resourcesOf(template, 'AWS::ApiGatewayV2::Route')) {
    const target = String(resolve(route.Target, physical)).replace('integrations/', '');
    routes.set(String(route.RouteKey), invokeByArn(resolve(integrations.get(target)?.IntegrationUri, physical)));
  }

  const sources = resourcesOf(template, 'AWS::Lambda::EventSourceMapping').map(([, mapping]) => {
    const arn = String(resolve(mapping.EventSourceArn, physical));
    return startEventSource({
      sqs,
      queueUrl: queueUrlOf(arn.split(':').at(-1)!),
      batchSize: Number(mapping.BatchSize),
      windowSeconds: Number(mapping.MaximumBatchingWindowInSeconds ?? 0),
      invoke: invokeByArn(resolve(mapping.FunctionName, physical)),
    });
  });

  const pages =
    options.console &&
    createConsoleServer(options.console, () => ({ stack: stackFile(), template, physical, activity }));
  // Beside the webhook's, where that is free: a page that is open finds it again after a restart.
  const consolePort = pages && (await listen(pages, port + 1).catch(() => listen(pages, 0)));
  if (pages)
    cleanups.push(() => {
      // A page that is open holds a stream that never ends.
      pages.closeAllConnections();
      return close(pages);
    });

  const output = (name: string) => String(resolve(template.Outputs?.[name]?.Value, physical));
  const [path] = [...routes.keys()].map((route) => route.split(' ')[1]);
  const stackFile = (): StackFile => ({
    webhookUrl: `http://127.0.0.1:${port}${path}`,
    consoleUrl: consolePort === undefined ? null : `http://127.0.0.1:${consolePort}/`,
    signingSecrets: secrets.list(),
    region: REGION,
    dynamodbEndpoint,
    sqsEndpoint,
    queueUrl: output('QueueUrl'),
    deadLetterQueueUrl: output('DeadLetterQueueUrl'),
    tables: {
      customers: output('CustomersTable'),
      transactions: output('TransactionsTable'),
      links: output('LinksTable'),
      statements: output('StatementsTable'),
    },
    pids,
    settings,
    secretsManagerEndpoint: options.secretsManager ?? secretsEndpoint,
    signingSecretArn: output('SigningSecretArn'),
    logFile: stateFolder ? resolvePath(stateFolder, 'functions.log') : null,
  });
  announced = true;
  announce();
  cleanups.push(() => rmSync(options.stackFile, { force: true }));

  return {
    file: stackFile(),
    recovered: engines.outstanding.length,
    async stop() {
      await close(gateway);
      const left = await Promise.all(sources.map((source) => source.drain(DRAIN_MILLISECONDS)));
      await cleanUp(cleanups);
      return left.reduce((sum, count) => sum + count, 0);
    },
  };
}

async function observed<T>(activity: ActivityLog, functionName: string, invoke: () => Promise<T>): Promise<T> {
  const at = Date.now();
  const ended = (failed: boolean) =>
    activity.record({ kind: 'invocation', at, duration: Date.now() - at, functionName, failed });
  try {
    const result = await invoke();
    ended(false);
    return result;
  } catch (error) {
    ended(true);
    throw error;
  }
}

/** The functions that rules of EventBridge invoke, by way of their aliases. */
function scheduledFunctions(template: Template): ReadonlySet<string> {
  const aliases = new Map(
    resourcesOf(template, 'AWS::Lambda::Alias').map(([id, alias]) => [id, referenceIn(alias.FunctionName)]),
  );
  const targets = resourcesOf(template, 'AWS::Events::Rule').flatMap(
    ([, rule]) => (rule.Targets as { Arn: unknown }[]) ?? [],
  );
  return new Set(targets.map(({ Arn }) => aliases.get(referenceIn(Arn)) ?? referenceIn(Arn)));
}

/** The logical id that a `Ref` names. */
function referenceIn(value: unknown): string {
  return String((value as { Ref?: unknown }).Ref);
}

function functionArn(name: string): string {
  return `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;
}

async function createQueues(
  template: Template,
  sqs: SQSClient,
  sqsEndpoint: string,
  physical: Map<string, ResolvedResource>,
) {
  const queues = resourcesOf(template, 'AWS::SQS::Queue');
  // A dead-letter queue before the queue that names it.
  queues.sort(([, a], [, b]) => Number('RedrivePolicy' in a) - Number('RedrivePolicy' in b));
  for (const [id, properties] of queues) {
    const name = shortName(template, id);
    const resolved = resolve(properties, physical) as Record<string, unknown>;
    const attributes: Record<string, string> = {};
    for (const attribute of ['VisibilityTimeout', 'MessageRetentionPeriod', 'DelaySeconds']) {
      if (resolved[attribute] !== undefined) attributes[attribute] = String(resolved[attribute]);
    }
    if (resolved.RedrivePolicy) attributes.RedrivePolicy = JSON.stringify(resolved.RedrivePolicy);
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
    const arn = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
    // The engine may name itself by a host that not every machine can look up.
    const ref = new URL(new URL(QueueUrl!).pathname, sqsEndpoint).href;
    physical.set(id, { ref, attributes: { Arn: arn.Attributes!.QueueArn!, QueueName: name } });
  }
}

async function startEngines(request: EnginesRequest, cleanups: (() => unknown)[]): Promise<EnginesReady> {
  if (!request.dynamodb && !request.sqs) return { outstanding: [] };
  const child: ChildProcess = fork(join(import.meta.dirname, 'engines.ts'), [JSON.stringify(request)], {
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr!.on('data', (chunk) => {
    complaint = `${complaint}${chunk}`.slice(-2000);
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  cleanups.push(async () => {
    if (child.connected) child.disconnect();
    await ended;
  });
  const ready = await Promise.race([
    new Promise<EnginesReady>((resolve) => child.once('message', (message) => resolve(message as EnginesReady))),
    ended.then((): EnginesReady => ({ outstanding: [], error: complaint || 'the engines ended' })),
  ]);
  if (!ready.error) return ready;
  if (!request.stateFolder) throw new LocalStackError(`the engines did not start: ${ready.error}`);
  const isBusy = /lock|already held|LOCKED/i.test(ready.error);
  throw new LocalStackError(
    isBusy
      ? `another local stack is using ${request.stateFolder}: stop it, or start with --ephemeral`
      : `the state in ${request.stateFolder} cannot be read (${ready.error.split('\n')[0]}): move the folder away, or start with --ephemeral`,
  );
}

function openSecrets(stateFolder: string | undefined, given: readonly string[]) {
  const file = stateFolder && join(stateFolder, 'signing-secrets.json');
  const read = () => (file && existsSync(file) ? readFileSync(file, 'utf8') : undefined);
  const store = (value: string) => {
    if (file) writeAtomically(file, value);
    return value;
  };
  const own = () => ({ signingSecrets: [`whsec_${randomBytes(24).toString('hex')}`] });
  let value = read();
  try {
    JSON.parse(value ?? '');
  } catch {
    value = store(JSON.stringify(own()));
  }
  const list = (): string[] => [...new Set([...given, ...JSON.parse(value!).signingSecrets])];
  return {
    list,
    get: () => JSON.stringify({ signingSecrets: list() }),
    put: (_arn: string, next: string) => {
      value = store(next);
    },
  };
}

/** Whoever reads the file sees all of it or none. */
function writeAtomically(file: string, content: string) {
  writeFileSync(`${file}.new`, content, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new LocalStackError(
              `port ${port} is taken: stop what listens there, or choose another with --port (0: any free one)`,
            )
          : error,
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await closed;
}
