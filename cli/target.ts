// Which stack a command works on: one in AWS, the local stack, or tables and queues given by name.

import { existsSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { parseSettings, SETTING_NAMES, type Settings } from '../contract/settings.js';
import { DEFAULT_STACK_FILE, readStackFile, type StackFile } from '../contract/stack-file.js';
import { createReader } from '../reader/reader.js';
import type { FeedTarget } from './change-feed.js';
import { OperatorError } from './errors.js';
import { readStackOutputs } from './stack-outputs.js';

export interface Target {
  /** For messages and file names: `stage prod`, `local`. */
  readonly name: string;
  readonly dynamodb: DynamoDBDocumentClient;
  readonly sqs: SQSClient;
  readonly tables: StackFile['tables'];
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** Empty if the stack has no webhook. */
  readonly webhookUrl: string;
  /** Absent if no events come by way of EventBridge. */
  readonly eventBridge?: {
    /** The partner event source, which is the bus's name too. */
    readonly source: string;
    /** Where EventBridge keeps what it could not put into the queue. */
    readonly deadLetterQueueUrl: string;
  };
  /** If the stack was deployed with one. */
  readonly changeFeed?: FeedTarget;
  readonly settings: Settings;
  readonly signingSecrets: { read(): Promise<string[]>; write(secrets: readonly string[]): Promise<void> };
  /** Whether reconcile has an API key; undefined if the stack does not say where it is stored. */
  readonly hasReconcileKey: () => Promise<boolean | undefined>;
  /** SQS spreads a queue over many servers, so that one short poll does not see all of it; the local queue is one process. */
  readonly distributedQueues: boolean;
  /** Where the functions' log lines are. */
  readonly log: { readonly file: string | null } | { readonly groups: readonly string[] };
  close(): void;
}

const GROUP = 'Which stack:';
const string = (describe: string) => ({ type: 'string', describe, group: GROUP }) as const;

export const TARGET_OPTIONS = {
  stage: string('a stage of this repository’s app, deployed as stripe-partner-sync-STAGE'),
  'stack-name': string('a CloudFormation stack that contains the construct'),
  construct: string('with --stack-name: the construct’s ID, if the stack contains several'),
  local: { type: 'boolean', describe: 'the local stack that runs in this folder', group: GROUP },
  'stack-file': string('the local stack that wrote this file'),
  'customers-table': string('resources by name, if there are no stack outputs'),
  'transactions-table': string('table name'),
  'links-table': string('table name'),
  'statements-table': string('table name'),
  'queue-url': string('URL of the event queue'),
  'dead-letter-queue-url': string('URL of the dead-letter queue'),
  'webhook-url': string('URL of the webhook'),
  'signing-secret': string('name or ARN of the secret that holds the signing secrets'),
  'log-groups': string('log groups of ingest and worker, separated by a comma'),
  settings: string('settings that differ from the defaults, such as transactionSource=invoice,livemode=live'),
} as const;

export interface TargetOptions {
  readonly stage?: string | undefined;
  readonly stackName?: string | undefined;
  readonly construct?: string | undefined;
  readonly local?: boolean | undefined;
  readonly stackFile?: string | undefined;
  readonly customersTable?: string | undefined;
  readonly transactionsTable?: string | undefined;
  readonly linksTable?: string | undefined;
  readonly statementsTable?: string | undefined;
  readonly queueUrl?: string | undefined;
  readonly deadLetterQueueUrl?: string | undefined;
  readonly webhookUrl?: string | undefined;
  readonly signingSecret?: string | undefined;
  readonly logGroups?: string | undefined;
  readonly settings?: string | undefined;
}

/** Whether the options say which stack is meant. */
export function namesAStack({ stage, stackName, local, stackFile, customersTable, queueUrl }: TargetOptions): boolean {
  return Boolean(stage || stackName || local || stackFile || customersTable || queueUrl);
}

/** @throws {OperatorError} if no stack is named, several are, or it does not exist */
export async function findTarget(options: TargetOptions): Promise<Target> {
  const named = [options.stage, options.stackName, options.local || options.stackFile].filter(Boolean);
  if (named.length > 1) throw new OperatorError('use one of --stage, --stack-name and --local', 2);
  if (options.construct && !options.stackName) throw new OperatorError('--construct needs --stack-name', 2);
  if (options.stage) return deployed(`stage ${options.stage}`, `stripe-partner-sync-${options.stage}`, undefined);
  if (options.stackName) return deployed(`stack ${options.stackName}`, options.stackName, options.construct);
  if (options.local || options.stackFile) return localStack(options.stackFile ?? DEFAULT_STACK_FILE);
  if (options.customersTable || options.transactionsTable || options.queueUrl) return namedResources(options);
  throw new OperatorError(
    'name the stack: --stage NAME, --stack-name NAME or --local; or name its resources with --customers-table, --transactions-table and --queue-url',
    2,
  );
}

/** Reads of the target's tables. */
export function readerOf({ dynamodb, tables }: Pick<Target, 'dynamodb' | 'tables'>) {
  return createReader({ client: dynamodb, customersTable: tables.customers, transactionsTable: tables.transactions });
}

function localStack(stackFile: string): Target {
  if (!existsSync(stackFile)) {
    throw new OperatorError(
      `no local stack is running: there is no ${stackFile}. Start one with \`npm start\`, or name its file with --stack-file.`,
    );
  }
  return targetOfStackFile(readStackFile(stackFile));
}

export function targetOfStackFile(file: StackFile): Target {
  // A local stack accepts any credentials. These are the ones that the rest of the local stack uses.
  const aws = { region: file.region, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  return createTarget(
    'local',
    {
      dynamodb: new DynamoDBClient({ ...aws, endpoint: file.dynamodbEndpoint }),
      sqs: new SQSClient({ ...aws, endpoint: file.sqsEndpoint }),
      secretsManager: new SecretsManagerClient({ ...aws, endpoint: file.secretsManagerEndpoint }),
    },
    { ...file, stripeApiKeyArn: '', distributedQueues: false, log: { file: file.logFile } },
  );
}

const awsClients = () => ({
  dynamodb: new DynamoDBClient({}),
  sqs: new SQSClient({}),
  secretsManager: new SecretsManagerClient({}),
});

async function deployed(name: string, stackName: string, construct: string | undefined): Promise<Target> {
  const output = await readStackOutputs(stackName, construct);
  return createTarget(construct ? `${name} ${construct}` : name, awsClients(), {
    tables: {
      customers: output('CustomersTable'),
      transactions: output('TransactionsTable'),
      links: output('LinksTable'),
      statements: output('StatementsTable'),
    },
    queueUrl: output('QueueUrl'),
    deadLetterQueueUrl: output('DeadLetterQueueUrl'),
    webhookUrl: output('WebhookUrl'),
    ...eventBridgeOf(output),
    ...changeFeedOf(output),
    signingSecretArn: output('SigningSecretArn'),
    stripeApiKeyArn: output('StripeApiKeyArn'),
    distributedQueues: true,
    settings: parseSettings(JSON.parse(output('Settings') || '{}')),
    log: { groups: output('LogGroups').split(',').filter(Boolean) },
  });
}

function eventBridgeOf(output: (name: string) => string): Pick<Target, 'eventBridge'> {
  const source = output('EventBusName');
  return source === '' ? {} : { eventBridge: { source, deadLetterQueueUrl: output('SourceDeadLetterQueueUrl') } };
}

function changeFeedOf(output: (name: string) => string): { changeFeed?: FeedTarget } {
  const busArn = output('ChangeFeedBusArn');
  if (busArn === '') return {};
  const settings = JSON.parse(output('ChangeFeedSettings'));
  return { changeFeed: { ...settings, busArn, failuresQueueUrl: output('ChangeFeedFailuresQueueUrl') } };
}

function namedResources(options: TargetOptions): Target {
  return createTarget('named resources', awsClients(), {
    tables: {
      customers: options.customersTable ?? '',
      transactions: options.transactionsTable ?? '',
      links: options.linksTable ?? '',
      statements: options.statementsTable ?? '',
    },
    queueUrl: options.queueUrl ?? '',
    deadLetterQueueUrl: options.deadLetterQueueUrl ?? '',
    webhookUrl: options.webhookUrl ?? '',
    signingSecretArn: options.signingSecret ?? '',
    stripeApiKeyArn: '',
    distributedQueues: true,
    settings: settingsOf(options.settings ?? ''),
    log: options.logGroups ? { groups: options.logGroups.split(',') } : { file: null },
  });
}

/** @param text `name=value,…`, or the JSON of the stack's `Settings` output */
export function settingsOf(text: string): Settings {
  const given: Record<string, unknown> = text.startsWith('{')
    ? JSON.parse(text)
    : Object.fromEntries(
        text
          .split(',')
          .filter(Boolean)
          .map((each) => each.split('=')),
      );
  const unknown = Object.keys(given).find((name) => !SETTING_NAMES.includes(name as keyof Settings));
  if (unknown !== undefined) {
    throw new OperatorError(`--settings: unknown setting ${unknown}; use: ${SETTING_NAMES.join(', ')}`, 2);
  }
  return parseSettings(given);
}

interface Resources
  extends Pick<
    Target,
    | 'tables'
    | 'changeFeed'
    | 'queueUrl'
    | 'deadLetterQueueUrl'
    | 'webhookUrl'
    | 'eventBridge'
    | 'settings'
    | 'distributedQueues'
    | 'log'
  > {
  readonly signingSecretArn: string;
  readonly stripeApiKeyArn: string;
}

function createTarget(
  name: string,
  clients: { dynamodb: DynamoDBClient; sqs: SQSClient; secretsManager: SecretsManagerClient },
  resources: Resources,
): Target {
  const { dynamodb, sqs, secretsManager } = clients;
  const secret = async (SecretId: string) => {
    if (SecretId === '')
      throw new OperatorError('set --signing-secret to the secret that holds the signing secrets', 2);
    const { SecretString } = await secretsManager.send(new GetSecretValueCommand({ SecretId }));
    return JSON.parse(SecretString ?? '{}');
  };
  const { signingSecretArn, stripeApiKeyArn, tables, queueUrl, deadLetterQueueUrl, webhookUrl } = resources;
  return {
    name,
    tables,
    queueUrl,
    deadLetterQueueUrl,
    webhookUrl,
    settings: resources.settings,
    distributedQueues: resources.distributedQueues,
    log: resources.log,
    ...(resources.changeFeed ? { changeFeed: resources.changeFeed } : {}),
    ...(resources.eventBridge ? { eventBridge: resources.eventBridge } : {}),
    dynamodb: DynamoDBDocumentClient.from(dynamodb),
    sqs,
    signingSecrets: {
      read: async () => (await secret(signingSecretArn)).signingSecrets ?? [],
      async write(secrets) {
        const SecretString = JSON.stringify({ signingSecrets: secrets });
        await secretsManager.send(new PutSecretValueCommand({ SecretId: signingSecretArn, SecretString }));
      },
    },
    hasReconcileKey: async () => (stripeApiKeyArn === '' ? undefined : Boolean((await secret(stripeApiKeyArn)).apiKey)),
    close() {
      dynamodb.destroy();
      sqs.destroy();
      secretsManager.destroy();
    },
  };
}
