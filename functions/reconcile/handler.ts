// The scheduled function: reconciles with Stripe's API, once an API key is stored.

import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { RECONCILE_METRICS } from '../../contract/metrics.js';
import { sendEvents } from '../queue/send-events.js';
import { environmentSettings, requiredEnvironment } from '../runtime/environment.js';
import { stripeClient } from '../stripe/client.js';
import { type Cursor, reconcile } from './reconcile.js';

const logger = new Logger();
const metrics = new Metrics();
const environment = requiredEnvironment(['QUEUE_URL', 'LINKS_TABLE', 'STRIPE_API_KEY_ARN']);
const settings = environmentSettings();
const sqs = new SQSClient({});
const secretsManager = new SecretsManagerClient({});
const tables = DynamoDBDocumentClient.from(new DynamoDBClient({}));

/** Some 2,000 events a run: well within the function's time. */
const MAX_PAGES = 20;
/** The first run looks back as far as Stripe lists events, in seconds. */
const STRIPE_KEEPS = 30 * 24 * 3600;
const CURSOR_KEY = { pk: 'reconcile', sk: 'cursor' };

/** @throws whatever went wrong, so that the function's errors are counted and its alarm goes off */
export async function handler(): Promise<void> {
  const apiKey = await readApiKey();
  if (!apiKey) {
    logger.info('reconcile is off: no API key is stored');
    return;
  }
  const { Item } = await tables.send(
    new GetCommand({ TableName: environment.LINKS_TABLE, Key: CURSOR_KEY, ConsistentRead: true }),
  );
  const stored = Item?.cursor as Cursor | undefined;
  const save = (cursor: Cursor) =>
    tables.send(new PutCommand({ TableName: environment.LINKS_TABLE, Item: { ...CURSOR_KEY, cursor } }));
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

/** `{"apiKey":"rk_live_…"}`; an empty one is none. */
async function readApiKey(): Promise<string | undefined> {
  const command = new GetSecretValueCommand({ SecretId: environment.STRIPE_API_KEY_ARN });
  const { SecretString } = await secretsManager.send(command);
  const { apiKey } = JSON.parse(SecretString ?? '{}');
  return typeof apiKey === 'string' && apiKey !== '' ? apiKey : undefined;
}
