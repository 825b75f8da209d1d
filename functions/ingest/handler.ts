// The ingest function: wires the webhook to the queue and the signing secrets.

import { Logger } from '@aws-lambda-powertools/logger';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { EventLog } from '../../contract/log-line.js';
import { environmentSettings, requiredEnvironment } from '../runtime/environment.js';
import { LeanLines } from '../runtime/lean-lines.js';
import { NOOP_LOGGER } from '../runtime/noop-logger.js';
import { cachedApiKey } from '../stripe/api-key.js';
import { type Dependencies, type Received, receive } from './receive.js';
import { signingSecrets } from './signing-secrets.js';

const logger = new Logger({ logFormatter: new LeanLines() });
const environment = requiredEnvironment(['QUEUE_URL', 'SIGNING_SECRET_ARN']);
const settings = environmentSettings();

// Stripe waits 20 seconds for a response, and API Gateway 30. A 503, which Stripe retries, is better than no response.
const client = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
  cacheMiddleware: true,
  logger: NOOP_LOGGER,
};
const sqs = new SQSClient(client);
const secretsManager = new SecretsManagerClient(client);

const secret = async (SecretId: string) =>
  (await secretsManager.send(new GetSecretValueCommand({ SecretId }))).SecretString;

/** The stack names the secret only if thin events are on. */
function thinEvents(apiKeyArn: string | undefined): Pick<Dependencies, 'hasApiKey'> {
  if (!apiKeyArn) return {};
  const apiKey = cachedApiKey(() => secret(apiKeyArn));
  return { hasApiKey: async () => (await apiKey()) !== undefined };
}

const dependencies: Dependencies = {
  settings,
  secrets: signingSecrets(() => secret(environment.SIGNING_SECRET_ARN)),
  enqueue: async (message: string) => {
    await sqs.send(new SendMessageCommand({ QueueUrl: environment.QUEUE_URL, MessageBody: message }));
  },
  ...thinEvents(process.env.STRIPE_API_KEY_ARN),
};

export async function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const received = await receive(
    {
      body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
      signature: event.headers['stripe-signature'],
    },
    dependencies,
  );
  report(received);
  return { statusCode: received.status, headers: { 'content-type': 'application/json' }, body: received.body };
}

/** One line for each request. The stack's metric filters count them by `outcome` (lib/ingest-metrics.ts). */
function report({ status, outcome, event, cause }: Received) {
  const line = {
    event_id: event?.id,
    event_type: event?.type,
    object_id: event?.objectId,
    outcome,
  } satisfies EventLog;
  if (status === 503) logger.error('event refused', { ...line, reason: nameOf(cause) });
  else if (status === 400) logger.warn('event refused', line);
  // The worker's line about the same event says the rest.
  else if (outcome === 'queued') logger.info('event queued', { event_id: line.event_id, outcome });
  else logger.info('event not queued', line);
}

/** The name of the error behind an error, never its message: that may quote a value. */
function nameOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return nameOf(error.cause) ?? error.name;
}
