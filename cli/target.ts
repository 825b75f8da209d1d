// Which stack a command works on: a deployed stage, a local stack, or tables and queues given by name.

import { existsSync, readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { parseSettings, type Settings } from '../contract/settings.js';
import type { StackFile } from '../contract/stack-file.js';
import { OperatorError } from './errors.js';

export interface Target {
  /** For words and files: `stage prod`, `local`. */
  readonly name: string;
  readonly dynamodb: DynamoDBDocumentClient;
  readonly sqs: SQSClient;
  readonly tables: StackFile['tables'];
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly webhookUrl: string;
  readonly settings: Settings;
  readonly signingSecrets: { read(): Promise<string[]>; write(secrets: readonly string[]): Promise<void> };
  /** Where the functions' log lines are. */
  readonly log: { readonly file: string | null } | { readonly groups: readonly string[] };
  close(): void;
}

export interface TargetOptions {
  readonly stage?: string;
  readonly local?: boolean;
  readonly stackFile?: string;
  readonly customersTable?: string;
  readonly transactionsTable?: string;
  readonly linksTable?: string;
  readonly statementsTable?: string;
  readonly queueUrl?: string;
  readonly deadLetterQueueUrl?: string;
}

const LOCAL_STACK_FILE = '.local/stack.json';

/** @throws {OperatorError} where none is named, or it is not there */
export async function findTarget(options: TargetOptions): Promise<Target> {
  if (options.stage && (options.local || options.stackFile)) {
    throw new OperatorError('give --stage or --local, not both', 2);
  }
  if (options.stage) return deployedStage(options.stage);
  if (options.local || options.stackFile) return localStack(options.stackFile ?? LOCAL_STACK_FILE);
  if (options.customersTable || options.transactionsTable || options.queueUrl) return namedParts(options);
  throw new OperatorError(
    'say which stack: --stage NAME, --local, or --customers-table, --transactions-table and --queue-url',
    2,
  );
}

function localStack(stackFile: string): Target {
  if (!existsSync(stackFile)) {
    throw new OperatorError(
      `no local stack is running: ${stackFile} is not there. Start one with \`npm start\`, or name its file with --stack-file.`,
    );
  }
  return targetOfStackFile(JSON.parse(readFileSync(stackFile, 'utf8')));
}

export function targetOfStackFile(file: StackFile): Target {
  const aws = { region: file.region, credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' } };
  return connect(
    'local',
    {
      dynamodb: new DynamoDBClient({ ...aws, endpoint: file.dynamodbEndpoint }),
      sqs: new SQSClient({ ...aws, endpoint: file.sqsEndpoint }),
      secretsManager: new SecretsManagerClient({ ...aws, endpoint: file.secretsManagerEndpoint }),
    },
    { ...file, log: { file: file.logFile } },
  );
}

async function deployedStage(stage: string): Promise<Target> {
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const client = new CloudFormationClient({});
  const stackName = `stripe-partner-sync-${stage}`;
  const outputs = await client
    .send(new DescribeStacksCommand({ StackName: stackName }))
    .then(
      ({ Stacks }) =>
        new Map((Stacks?.[0]?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])),
    )
    .catch((error) => {
      if (error.name !== 'ValidationError') throw error;
      throw new OperatorError(
        `no stage ${stage} is deployed: CloudFormation knows no stack ${stackName} in this account and region`,
      );
    })
    .finally(() => client.destroy());
  const output = (name: string) => outputs.get(name) ?? '';
  return connect(
    `stage ${stage}`,
    { dynamodb: new DynamoDBClient({}), sqs: new SQSClient({}), secretsManager: new SecretsManagerClient({}) },
    {
      tables: {
        customers: output('CustomersTable'),
        transactions: output('TransactionsTable'),
        links: output('LinksTable'),
        statements: output('StatementsTable'),
      },
      queueUrl: output('QueueUrl'),
      deadLetterQueueUrl: output('DeadLetterQueueUrl'),
      webhookUrl: output('WebhookUrl'),
      signingSecretArn: output('SigningSecretArn'),
      settings: parseSettings(JSON.parse(output('Settings') || '{}')),
      log: { groups: output('LogGroups').split(',') },
    },
  );
}

function namedParts(options: TargetOptions): Target {
  return connect(
    'named parts',
    { dynamodb: new DynamoDBClient({}), sqs: new SQSClient({}), secretsManager: new SecretsManagerClient({}) },
    {
      tables: {
        customers: options.customersTable ?? '',
        transactions: options.transactionsTable ?? '',
        links: options.linksTable ?? '',
        statements: options.statementsTable ?? '',
      },
      queueUrl: options.queueUrl ?? '',
      deadLetterQueueUrl: options.deadLetterQueueUrl ?? '',
      webhookUrl: '',
      signingSecretArn: '',
      settings: parseSettings({}),
      log: { file: null },
    },
  );
}

interface Parts extends Pick<Target, 'tables' | 'queueUrl' | 'deadLetterQueueUrl' | 'webhookUrl' | 'settings' | 'log'> {
  readonly signingSecretArn: string;
}

function connect(
  name: string,
  clients: { dynamodb: DynamoDBClient; sqs: SQSClient; secretsManager: SecretsManagerClient },
  { signingSecretArn, ...parts }: Parts,
): Target {
  const { dynamodb, sqs, secretsManager } = clients;
  return {
    name,
    ...parts,
    dynamodb: DynamoDBDocumentClient.from(dynamodb),
    sqs,
    signingSecrets: {
      async read() {
        const { SecretString } = await secretsManager.send(new GetSecretValueCommand({ SecretId: signingSecretArn }));
        return JSON.parse(SecretString ?? '{}').signingSecrets ?? [];
      },
      async write(secrets) {
        const SecretString = JSON.stringify({ signingSecrets: secrets });
        await secretsManager.send(new PutSecretValueCommand({ SecretId: signingSecretArn, SecretString }));
      },
    },
    close() {
      dynamodb.destroy();
      sqs.destroy();
      secretsManager.destroy();
    },
  };
}
