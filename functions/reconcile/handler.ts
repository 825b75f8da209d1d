// The scheduled function: fetches undelivered events from Stripe's API, if an API key is stored.

import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { RECONCILE_METRICS } from '../../contract/metrics.js';
import { sendEvents } from '../queue/send-events.js';
import { environmentSettings, requiredEnvironment } from '../runtime/environment.js';
import { cursorKey } from '../store/keys.js';
import { parseApiKey } from '../stripe/api-key.js';
import { stripeClient } from '../stripe/client.js';
import { type Cursor, reconcile } from './reconcile.js';

const logger = new Logger();
const metrics = new Metrics();
const environment = requiredEnvironment(['QUEUE_URL', 'LINKS_TABLE', 'STRIPE_API_KEY_ARN']);
const settings = environmentSettings();
const sqs = new SQSClient({});
const secretsManager = new SecretsManagerClient({});
const tables = DynamoDBDocumentClient.from(new DynamoDBClient({}));

/** About 2,000 events in each run, well within the function's timeout. */
const MAX_PAGES = 20;
/** The first run begins as far back as Stripe lists events, in seconds. */
const STRIPE_KEEPS = 30 * 24 * 3600;
const cursorAt = cursorKey({ links: environment.LINKS_TABLE });

/** @throws on any failure, so that Lambda counts an error and the alarm `ReconcileErrors` goes off */
export async function handler(): Promise<void> {
  const apiKey = await readApiKey();
  if (!apiKey) {
    logger.info('reconcile is off: no API key is stored');
    return;
  }
  const { Item } = await tables.send(
    new GetCommand({ TableName: cursorAt.table, Key: cursorAt.key, ConsistentRead: true }),
  );
  const stored = Item?.cursor as Cursor | undefined;
  const save = (cursor: Cursor) =>
    tables.send(new PutCommand({ TableName: cursorAt.table, Item: { ...cursorAt.key, cursor } }));
  const result = await reconcile({
    stripe: await stripeClient(apiKey),
    settings,
    cursor: stored ?? { since: Math.floor(Date.now() / 1000) - STRIPE_KEEPS },
    maxPages: MAX_PAGES,
    send: (events) => sendEvents(sqs, environment.QUEUE_URL, events),
    onPage: async (cursor) => void (await save(cursor)),
  });
  metrics.addMetric(RECONCILE_METRICS.sent, MetricUnit.Count, result.sent);
  metrics.publishStoredMetrics();
  logger.info('reconciled', { seen: result.seen, sent: result.sent, complete: result.complete });
}

/** @returns undefined if the key is empty */
async function readApiKey(): Promise<string | undefined> {
  const command = new GetSecretValueCommand({ SecretId: environment.STRIPE_API_KEY_ARN });
  const { SecretString } = await secretsManager.send(command);
  return parseApiKey(SecretString);
}
