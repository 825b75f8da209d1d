// The textbook's worker: Powertools' batch processor and idempotency, then for each event GetItem, decide, PutItem.

import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type Stripe from 'stripe';

const logger = new Logger();
const metrics = new Metrics();
const awsSdkV3Client = new DynamoDBClient({});
const client = DynamoDBDocumentClient.from(awsSdkV3Client);
const tables = {
  customers: process.env.CUSTOMERS_TABLE!,
  transactions: process.env.TRANSACTIONS_TABLE!,
  links: process.env.LINKS_TABLE!,
};
const processor = new BatchProcessor(EventType.SQS);
const persistenceStore = new DynamoDBPersistenceLayer({ tableName: process.env.IDEMPOTENCY_TABLE!, awsSdkV3Client });
const config = new IdempotencyConfig({ eventKeyJmesPath: 'id' });
const applyOnce = makeIdempotent(apply, { persistenceStore, config });

export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  config.registerLambdaContext(context);
  logger.addContext(context);
  const response = await processPartialResponse(event, onRecord, processor, {
    context,
    // Two deliveries of one event in a batch would block each other.
    processInParallel: false,
  });
  metrics.publishStoredMetrics();
  return response;
}

async function onRecord(record: SQSRecord): Promise<void> {
  await applyOnce(JSON.parse(record.body));
}

async function apply(event: Stripe.Event): Promise<{ readonly done: true }> {
  switch (event.type) {
    case 'customer.created':
    case 'customer.updated':
      await applyCustomer(event);
      break;
    case 'charge.succeeded':
    case 'charge.captured':
    case 'charge.updated':
      await applyCharge(event);
      break;
    case 'charge.refunded':
      if (amountsOf(event.data.object).amount_refunded > 0) await deleteCharge(event, 'refunded');
      break;
    case 'charge.failed':
      await deleteCharge(event, 'failed');
      break;
    case 'charge.expired':
      await deleteCharge(event, 'expired');
      break;
  }
  logger.info('event applied', { eventId: event.id, eventType: event.type });
  metrics.addMetric('EventApplied', MetricUnit.Count, 1);
  return { done: true };
}

async function applyCustomer(event: Stripe.CustomerCreatedEvent | Stripe.CustomerUpdatedEvent): Promise<void> {
  const { id, metadata, name, email, livemode } = event.data.object;
  const { customer_key, partner_key } = metadata;
  if (!customer_key) return;
  const { Item } = await client.send(new GetCommand({ TableName: tables.customers, Key: { customer_key } }));
  if (!Item || Number(Item.updated) <= event.created) {
    await client.send(
      new PutCommand({
        TableName: tables.customers,
        Item: {
          customer_key,
          stripe_customer_id: id,
          ...(name ? { name } : {}),
          ...(email ? { email } : {}),
          ...(Item?.partner_key || partner_key ? { partner_key: Item?.partner_key ?? partner_key } : {}),
          livemode,
          updated: event.created,
        },
      }),
    );
  }
  await client.send(
    new PutCommand({ TableName: tables.links, Item: { pk: `customer#${id}`, sk: 'link', customer_key } }),
  );
  await attributeWaiting(id, customer_key);
}

/** Charges that came before their customer was known. */
async function attributeWaiting(stripeCustomerId: string, customer_key: string): Promise<void> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName: tables.links,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :waiting)',
      ExpressionAttributeValues: { ':pk': `customer#${stripeCustomerId}`, ':waiting': 'waiting#' },
    }),
  );
  for (const { sk } of Items) {
    const transaction_id = String(sk).slice('waiting#'.length);
    const { Item } = await client.send(new GetCommand({ TableName: tables.transactions, Key: { transaction_id } }));
    if (Item?.status !== 'recorded' || Item.customer_key) continue;
    await client.send(
      new PutCommand({
        TableName: tables.transactions,
        Item: { ...Item, customer_key, customer_key_source: 'linked' },
      }),
    );
  }
}

async function applyCharge(
  event: Stripe.ChargeSucceededEvent | Stripe.ChargeCapturedEvent | Stripe.ChargeUpdatedEvent,
): Promise<void> {
  const charge = event.data.object;
  if (charge.status !== 'succeeded') return;
  const { Item } = await client.send(
    new GetCommand({ TableName: tables.transactions, Key: { transaction_id: charge.id } }),
  );
  // The row is deleted for good, or newer.
  if (Item && (Item.status === 'deleted' || Number(Item.updated) > event.created)) return;
  const stripeCustomerId = typeof charge.customer === 'string' ? charge.customer : charge.customer?.id;
  const ownKey = charge.metadata.customer_key;
  const linkedKey = ownKey || !stripeCustomerId ? undefined : await linkOf(stripeCustomerId);
  const customer_key = ownKey ?? linkedKey;
  await client.send(
    new PutCommand({
      TableName: tables.transactions,
      Item: {
        transaction_id: charge.id,
        status: 'recorded',
        source: 'charge',
        ...amountsOf(charge),
        currency: charge.currency,
        captured: charge.captured,
        created: charge.created,
        ...(stripeCustomerId ? { stripe_customer_id: stripeCustomerId } : {}),
        ...(customer_key ? { customer_key, customer_key_source: ownKey ? 'own' : 'linked' } : {}),
        ...(charge.metadata.product_key ? { product_key: charge.metadata.product_key } : {}),
        ...(typeof charge.payment_intent === 'string' ? { payment_intent_id: charge.payment_intent } : {}),
        livemode: charge.livemode,
        event_id: event.id,
        event_type: event.type,
        updated: event.created,
      },
    }),
  );
  if (!customer_key && stripeCustomerId) {
    const waiting = { pk: `customer#${stripeCustomerId}`, sk: `waiting#${charge.id}` };
    await client.send(new PutCommand({ TableName: tables.links, Item: waiting }));
  }
}

async function linkOf(stripeCustomerId: string): Promise<string | undefined> {
  const Key = { pk: `customer#${stripeCustomerId}`, sk: 'link' };
  const { Item } = await client.send(new GetCommand({ TableName: tables.links, Key }));
  return Item?.customer_key;
}

/** An unknown charge is stored as deleted too, because its other events may arrive later. */
async function deleteCharge(
  event: Stripe.ChargeRefundedEvent | Stripe.ChargeFailedEvent | Stripe.ChargeExpiredEvent,
  deleted_reason: string,
): Promise<void> {
  const charge = event.data.object;
  const { Item } = await client.send(
    new GetCommand({ TableName: tables.transactions, Key: { transaction_id: charge.id } }),
  );
  if (Item?.status === 'deleted' && Number(Item.updated) > event.created) return;
  await client.send(
    new PutCommand({
      TableName: tables.transactions,
      Item: {
        transaction_id: charge.id,
        status: 'deleted',
        source: 'charge',
        amount: charge.amount,
        currency: charge.currency,
        created: charge.created,
        livemode: charge.livemode,
        event_id: event.id,
        event_type: event.type,
        updated: event.created,
        deleted_reason,
        expires_at: event.created + 90 * 24 * 3600,
      },
    }),
  );
}

/** Stripe reports a partial capture as a refund of what was not captured. */
function amountsOf(charge: Stripe.Charge) {
  const amount = charge.captured ? charge.amount_captured : charge.amount;
  const amount_refunded = charge.amount_refunded - (charge.amount - amount);
  return { amount, amount_refunded, amount_net: amount - amount_refunded };
}
