// The local stack in this process, with what a drill needs to break: DynamoDB, the secrets and the functions' processes.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { App } from 'aws-cdk-lib';
import { redriveFeed } from '../../cli/change-feed.js';
import { sendAllBack } from '../../cli/dead-letters.js';
import { targetOfStackFile } from '../../cli/target.js';
import { parseSettings, type Settings } from '../../contract/settings.js';
import { readStackFile, type StackFile } from '../../contract/stack-file.js';
import { bundleFunctions } from '../../lib/bundling/bundle.js';
import { bundleFolder } from '../../lib/functions.js';
import { StripePartnerSyncStack } from '../../lib/stack.js';
import type { Activity, InvocationActivity } from '../../local/activity.js';
import type { ConsoleContext } from '../../local/console-server.js';
import { type LocalFunction, startFunction } from '../../local/function.js';
import { createSecretsManager } from '../../local/secrets.js';
import { startLocalStack } from '../../local/stack.js';
import { type ResolvedResource, resolve, resourcesOf, shortName, type Template } from '../../local/template.js';
import { sign } from '../support/builders/sign.js';
import { busClient } from '../support/fakes/bus-client.js';
import { startFakeStripe } from '../support/fakes/fake-stripe.js';
import { type DynamoDBProxy, startDynamoDBProxy, type ThrottledRequest } from './dynamodb-proxy.js';

/** The template that the drills judge by has the alarm NoEventsReceived after so many hours. */
export const QUIET_HOURS = 24;

/** Low, so that a drill can exceed it on any machine, and high enough for what the other drills post. */
export const THROTTLE = { rate: 20, burst: 150 };

export const SOURCE = 'aws.partner/stripe.com/ed_drill';

const SECRET = 'whsec_drill';
const SECRETS = { signingsecrets: JSON.stringify({ signingSecrets: [SECRET] }), stripeapikey: '{"apiKey":""}' };

/** Messages that wait or are in flight. */
export interface MessageCounts {
  readonly events: number;
  /** Of the events, those that a poller has received. */
  readonly inFlight: number;
  readonly deadLetters: number;
  /** What EventBridge would have left because it could not put it into the queue. */
  readonly sourceDeadLetters: number;
  /** What Lambda would have left of changes that could not be sent. */
  readonly feedFailures: number;
}

export interface StackUnderDrill {
  readonly template: Template;
  readonly resources: ReadonlyMap<string, ResolvedResource>;
  readonly dynamodb: DynamoDBProxy;
  /** Process IDs by function name, as they are now. */
  pids(): Readonly<Record<string, number>>;
  /** Posts an event as Stripe does. @returns the status of the response */
  post(event: object, secret?: string): Promise<number>;
  /** Stores a value of a secret, by the name of its construct in lower case. */
  storeSecret(name: keyof typeof SECRETS, value?: string): void;
  /** Invokes the scheduled function once, which the local stack does not start. */
  reconcile(): Promise<InvocationActivity>;
  counts(): Promise<MessageCounts>;
  deleteDeadLetters(): Promise<void>;
  /** Puts a message where EventBridge puts what the queue did not accept. */
  sourceDeadLetter(body: string): Promise<void>;
  /** Puts a message where Lambda puts what the feed could not send. */
  feedFailure(body: string): Promise<void>;
  /** Does what `redrive --all` does. */
  redrive(): Promise<void>;
  /** Whether EventBridge accepts what the feed sends. */
  acceptChanges(accepts: boolean): void;
  /** Does what `redrive --feed --all` does. */
  redriveFeed(): Promise<void>;
  stop(): Promise<void>;
}

export interface Listeners {
  /** An engine that has streams: then the change feed runs. */
  readonly dynamodb?: string | undefined;
  readonly activity: (activity: Activity) => void;
  readonly throttle: (request: ThrottledRequest) => void;
  /** Called if the drill itself changed what is in a queue. */
  readonly queues: () => void;
}

export async function startStackUnderDrill(listeners: Listeners): Promise<StackUnderDrill> {
  const folder = mkdtempSync(join(tmpdir(), 'drills-'));
  const cleanups: Cleanups = [() => rmSync(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  };
  try {
    return { ...(await start(folder, listeners, cleanups)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Cleanups = (() => unknown)[];

async function start(folder: string, listeners: Listeners, cleanups: Cleanups): Promise<Omit<StackUnderDrill, 'stop'>> {
  const settings = parseSettings({ livemode: 'both' });
  const emulators = await startEmulators(listeners, cleanups);
  const { file, stackFile, context } = await startStack(join(folder, 'stack.json'), settings, emulators, cleanups);
  const { activity, changeFeed } = context;
  activity.subscribe(listeners.activity);
  const template = await templateWithEveryAlarm(folder, settings, changeFeed !== undefined);
  const resources = new Map(context.resources);
  const endpoints = {
    AWS_ENDPOINT_URL_DYNAMODB: emulators.dynamodb.endpoint,
    AWS_ENDPOINT_URL_SQS: file.sqsEndpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: emulators.secretsManager,
    STRIPE_API_BASE: emulators.stripe,
  };
  return {
    template,
    resources,
    dynamodb: emulators.dynamodb,
    pids: () => readStackFile(stackFile).pids,
    post: (event, secret = SECRET) => post(file.webhookUrl, event, secret),
    storeSecret: (name, value = SECRETS[name]) => void emulators.secrets.set(name, value),
    reconcile: reconciler(() => startReconcile(template, resources, endpoints), listeners, cleanups),
    ...(await queuesOf(file, template, resources, listeners, cleanups)),
    ...changesOf(file, queueUrl(template, resources, 'ChangeFeedFailures'), changeFeed),
  };
}

interface Emulators {
  readonly dynamodb: DynamoDBProxy;
  /** Values by the name of the secret's construct in lower case. */
  readonly secrets: Map<string, string>;
  /** The address of Secrets Manager. */
  readonly secretsManager: string;
  /** The address of Stripe's API. */
  readonly stripe: string;
}

async function startEmulators({ throttle, dynamodb: given }: Listeners, cleanups: Cleanups): Promise<Emulators> {
  const closing = (server: Server) => {
    cleanups.push(() => server.close());
    return server;
  };
  const dynalite = (): Server => createRequire(import.meta.url)('dynalite')({ createTableMs: 0 });
  const dynamodb = await startDynamoDBProxy(given ?? (await listen(closing(dynalite()))), throttle);
  cleanups.push(() => dynamodb.stop());
  const secrets = new Map<string, string>(Object.entries(SECRETS));
  const nameInArn = (arn: string) => arn.split(':').at(-1)!;
  const secretsManager = await listen(
    closing(createSecretsManager({ get: (arn) => secrets.get(nameInArn(arn)), put: () => {} })),
  );
  const stripe = await startFakeStripe();
  cleanups.push(() => stripe.stop());
  return { dynamodb, secrets, secretsManager, stripe: stripe.url };
}

/** @returns the stack, and what its console sees of it */
async function startStack(
  stackFile: string,
  settings: Settings,
  { dynamodb, secretsManager }: Emulators,
  cleanups: Cleanups,
): Promise<{ file: StackFile; stackFile: string; context: ConsoleContext }> {
  let context: ConsoleContext | undefined;
  const stack = await startLocalStack({
    settings,
    throttle: THROTTLE,
    port: 0,
    stackFile,
    signingSecrets: [SECRET],
    dynamodb: dynamodb.endpoint,
    secretsManager,
    onLine: () => {},
    onNotice: () => {},
    console: async (given) => {
      context = given;
      return { listener: (_, response) => response.end(), close: () => {} };
    },
  });
  cleanups.push(() => stack.stop());
  // The console is made, and its context known, at the first request.
  await fetch(stack.file.consoleUrl!);
  return { file: stack.file, stackFile, context: context! };
}

async function post(webhookUrl: string, event: object, secret: string): Promise<number> {
  const body = JSON.stringify(event);
  const headers = { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': sign(body, secret) };
  const response = await fetch(webhookUrl, { method: 'POST', body, headers });
  await response.arrayBuffer();
  return response.status;
}

/** Starts the function at its first invocation, and reports each invocation as the local stack does. */
function reconciler(
  startFirst: () => ReturnType<typeof startReconcile>,
  { activity }: Listeners,
  cleanups: Cleanups,
): StackUnderDrill['reconcile'] {
  let started: ReturnType<typeof startReconcile> | undefined;
  cleanups.push(async () => (await started)?.local.stop());
  return async () => {
    started ??= startFirst();
    const { name: functionName, local } = await started;
    const at = Date.now();
    const failed = await local.invoke({}).then(
      () => false,
      () => true,
    );
    const invocation = { kind: 'invocation', at, duration: Date.now() - at, functionName, failed } as const;
    activity(invocation);
    return invocation;
  };
}

/** Creates the queue that the local stack lacks, because it runs no EventBridge rule, and names it in `resources`. */
async function queuesOf(
  file: StackFile,
  template: Template,
  resources: Map<string, ResolvedResource>,
  listeners: Listeners,
  cleanups: Cleanups,
): Promise<Pick<StackUnderDrill, 'counts' | 'deleteDeadLetters' | 'sourceDeadLetter' | 'feedFailure' | 'redrive'>> {
  const credentials = { accessKeyId: 'drill', secretAccessKey: 'drill' };
  const sqs = new SQSClient({ region: file.region, endpoint: file.sqsEndpoint, credentials });
  const local = targetOfStackFile(file);
  cleanups.push(() => sqs.destroy(), local.close);
  const QueueName = 'sourcedeadletters';
  const created = await sqs.send(new CreateQueueCommand({ QueueName }));
  const source = new URL(new URL(created.QueueUrl!).pathname, file.sqsEndpoint).href;
  resources.set(queueId(template, 'EventBridgeSourceDeadLetters')!, { ref: source, attributes: { QueueName } });
  const failures = queueUrl(template, resources, 'ChangeFeedFailures');
  const sum = async (url?: string) => (url ? (await countMessages(sqs, url)).reduce((a, b) => a + b) : 0);
  const put = async (QueueUrl: string | undefined, MessageBody: string) => {
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    listeners.queues();
  };
  return {
    async counts() {
      const [waiting, inFlight] = await countMessages(sqs, file.queueUrl);
      const [deadLetters, sourceDeadLetters, feedFailures] = await Promise.all(
        [file.deadLetterQueueUrl, source, failures].map(sum),
      );
      return {
        events: waiting + inFlight,
        inFlight,
        deadLetters: deadLetters!,
        sourceDeadLetters: sourceDeadLetters!,
        feedFailures: feedFailures!,
      };
    },
    async deleteDeadLetters() {
      await sqs.send(new PurgeQueueCommand({ QueueUrl: file.deadLetterQueueUrl }));
    },
    sourceDeadLetter: (body) => put(source, body),
    feedFailure: (body) => put(failures, body),
    async redrive() {
      await sendAllBack({ ...local, deadLetterQueueUrl: source }, () => {});
    },
  };
}

/** @param failuresQueueUrl absent, as the change feed, if the engine has no streams */
function changesOf(
  file: StackFile,
  failuresQueueUrl: string | undefined,
  bus: ConsoleContext['changeFeed'],
): Pick<StackUnderDrill, 'acceptChanges' | 'redriveFeed'> {
  const accept = bus?.put;
  return {
    acceptChanges(accepts) {
      bus!.put = accepts ? accept! : (entries) => entries.map(() => ({ ErrorCode: 'ThrottlingException' }));
    },
    async redriveFeed() {
      const local = targetOfStackFile(file);
      const changeFeed = {
        stack: 'local/Sync',
        personalData: false,
        busArn: 'change-feed',
        failuresQueueUrl: failuresQueueUrl!,
      };
      await redriveFeed({ ...local, changeFeed }, busClient(bus!), () => {});
      local.close();
    },
  };
}

/** @param path of the construct, without its stack */
export function queueId(template: Template, path: string): string | undefined {
  return resourcesOf(template, 'AWS::SQS::Queue').find(([id]) => id.startsWith(`Sync${path}`))?.[0];
}

function queueUrl(template: Template, resources: ReadonlyMap<string, ResolvedResource>, path: string) {
  return resources.get(queueId(template, path) ?? '')?.ref;
}

async function countMessages(sqs: SQSClient, QueueUrl: string): Promise<[waiting: number, inFlight: number]> {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }));
  return [Number(Attributes?.[names[0]]), Number(Attributes?.[names[1]])];
}

/** The local stack has no alarm on silence, and no way in from EventBridge; the other names are those of the local stack. */
async function templateWithEveryAlarm(folder: string, settings: Settings, changeFeed: boolean): Promise<Template> {
  await bundleFunctions();
  process.env.CDK_VALIDATION = 'false';
  const app = new App({
    outdir: join(folder, 'cdk.out'),
    analyticsReporting: false,
    context: { 'aws:cdk:enable-path-metadata': true, 'aws:cdk:disable-stack-trace': true },
  });
  const stack = new StripePartnerSyncStack(app, 'local', {
    ...settings,
    retainData: false,
    quietHours: QUIET_HOURS,
    eventBridgeSource: SOURCE,
    changeFeed,
  });
  const { templateFullPath } = app.synth().getStackArtifact(stack.artifactId);
  return JSON.parse(readFileSync(templateFullPath, 'utf8'));
}

/** Starts the function that only a schedule invokes, with the environment that the template gives it. */
async function startReconcile(
  template: Template,
  resources: ReadonlyMap<string, ResolvedResource>,
  endpoints: Readonly<Record<string, string>>,
): Promise<{ name: string; local: LocalFunction }> {
  const found = resourcesOf(template, 'AWS::Lambda::Function').find(([id]) => shortName(template, id) === 'reconcile');
  const [name, properties] = found!;
  const { Variables } = properties.Environment as { Variables: Record<string, unknown> };
  const local = await startFunction({
    name,
    folder: bundleFolder('reconcile'),
    handler: String(properties.Handler),
    timeoutSeconds: Number(properties.Timeout),
    environment: {
      ...(resolve(Variables, resources) as Record<string, string>),
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'reconcile',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...endpoints,
    },
    onLine: () => {},
    onStart: () => {},
  });
  return { name, local };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
