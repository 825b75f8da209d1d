// The textbook's ingest: Stripe's library, Powertools for logs, metrics and the secret, one message for each event.

import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { getSecret } from '@aws-lambda-powertools/parameters/secrets';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import Stripe from 'stripe';

const logger = new Logger();
const metrics = new Metrics();
const sqs = new SQSClient({});
// Stripe's API is never called, so the key is not used.
const stripe = new Stripe('sk_unused');

interface StoredSecret {
  readonly signingSecrets: readonly string[];
}

export async function handler(
  event: APIGatewayProxyEventV2,
  context: Context,
): Promise<APIGatewayProxyStructuredResultV2> {
  logger.addContext(context);
  const secret = (await getSecret(process.env.SIGNING_SECRET_ARN!, {
    transform: 'json',
    maxAge: 300,
  })) as unknown as StoredSecret;
  const body = event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64').toString('utf8') : (event.body ?? '');
  let stripeEvent: Stripe.Event;
  try {
    stripeEvent = stripe.webhooks.constructEvent(
      body,
      event.headers['stripe-signature'] ?? '',
      secret.signingSecrets[0]!,
    );
  } catch (error) {
    logger.warn('signature verification failed', { reason: (error as Error).name });
    metrics.addMetric('SignatureInvalid', MetricUnit.Count, 1);
    metrics.publishStoredMetrics();
    return { statusCode: 400, body: JSON.stringify({ error: 'invalid signature' }) };
  }
  await sqs.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE_URL, MessageBody: body }));
  logger.info('event queued', { eventId: stripeEvent.id, eventType: stripeEvent.type });
  metrics.addMetric('EventQueued', MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
  return { statusCode: 200, body: JSON.stringify({ received: true }) };
}
