// The emulators that the functions are measured with, in separate processes, and the environment that points the functions to them.

import { type ChildProcess, fork } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { EmulatorsReady, EmulatorsRequest } from '../local/emulators/process.js';
import { bundleProcess } from '../local/processes.js';
import { createSecretsManager } from '../local/secrets.js';
import { createTable } from '../local/tables.js';
import { tableDefinitions } from '../test/support/stack/tables.js';
import { type Counter, startCounter } from './counter.js';

export const SECRET = 'whsec_bench';

const AWS = { region: 'us-east-1', credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' } };

export interface Emulators {
  readonly client: DynamoDBDocumentClient;
  /** Between the functions and DynamoDB. */
  readonly counter: Counter;
  /** Creates empty tables with new names. */
  tables(): Promise<Tables>;
  /** The environment of an ingest function. */
  readonly ingest: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export interface Tables {
  readonly names: { readonly customers: string; readonly transactions: string; readonly links: string };
  /** The environment of a worker function; through the counter, or straight to the engine. */
  worker(way: 'counted' | 'straight'): Readonly<Record<string, string>>;
}

/** @param dynamodb an engine to use in place of dynalite, such as Amazon's DynamoDB Local */
export async function startEmulators(dynamodb?: string): Promise<Emulators> {
  const request: EmulatorsRequest = { dynamodb: !dynamodb, sqs: true };
  const child: ChildProcess = fork(await bundleProcess('emulators/process.ts'), [JSON.stringify(request)], {
    execArgv: [],
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ready = await new Promise<EmulatorsReady>((resolve) =>
    child.once('message', (message) => resolve(message as EmulatorsReady)),
  );
  const endpoint = dynamodb ?? ready.dynamodbEndpoint!;
  const raw = new DynamoDBClient({ ...AWS, endpoint });
  const client = DynamoDBDocumentClient.from(raw);
  const sqs = new SQSClient({ ...AWS, endpoint: ready.sqsEndpoint! });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'events' }));
  const secrets = createSecretsManager({ get: () => JSON.stringify({ signingSecrets: [SECRET] }), put() {} });
  await new Promise<void>((resolve) => secrets.listen(0, '127.0.0.1', resolve));
  const counter = await startCounter(endpoint);
  let count = 0;
  return {
    client,
    counter,
    async tables() {
      const suffix = `-bench-${process.pid}-${++count}`;
      const names = {
        customers: `customers${suffix}`,
        transactions: `transactions${suffix}`,
        links: `links${suffix}`,
        idempotency: `idempotency${suffix}`,
      };
      const definitions = await tableDefinitions();
      for (const name of ['customers', 'transactions', 'links'] as const) {
        await createTable(raw, names[name], definitions[name]);
      }
      await raw.send(
        new CreateTableCommand({
          TableName: names.idempotency,
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
      return {
        names,
        worker: (way) => ({
          CUSTOMERS_TABLE: names.customers,
          TRANSACTIONS_TABLE: names.transactions,
          LINKS_TABLE: names.links,
          DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1:1/dead-letters',
          IDEMPOTENCY_TABLE: names.idempotency,
          AWS_ENDPOINT_URL_DYNAMODB: way === 'counted' ? counter.endpoint : endpoint,
          ...POWERTOOLS,
          POWERTOOLS_SERVICE_NAME: 'worker',
        }),
      };
    },
    ingest: {
      QUEUE_URL: new URL(new URL(QueueUrl!).pathname, ready.sqsEndpoint).href,
      SIGNING_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:bench',
      AWS_ENDPOINT_URL_SQS: ready.sqsEndpoint!,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${(secrets.address() as AddressInfo).port}`,
      ...POWERTOOLS,
      POWERTOOLS_SERVICE_NAME: 'ingest',
    },
    async stop() {
      await counter.stop();
      secrets.closeAllConnections();
      secrets.close();
      raw.destroy();
      sqs.destroy();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.disconnect();
      await ended;
    },
  };
}

const POWERTOOLS = {
  POWERTOOLS_METRICS_NAMESPACE: 'StripePartnerSync',
  POWERTOOLS_LOG_LEVEL: 'INFO',
  LIVEMODE: 'both',
};
