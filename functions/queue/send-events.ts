// Queues events in batches: those that come from Stripe's API and not through the webhook.

import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { inBatches } from './batches.js';
import { toMessage } from './message.js';

const TRIES = 5;

/** The queue did not accept some of the events after several attempts. */
export class QueueRefusedError extends Error {
  override readonly name = 'QueueRefusedError';
  constructor(readonly count: number) {
    super(`the queue did not accept ${count} events`);
  }
}

/**
 * Resolves once the queue has accepted all of the events.
 *
 * @throws {QueueRefusedError}
 */
export async function sendEvents(sqs: SQSClient, queueUrl: string, events: readonly object[]): Promise<void> {
  const bodies = events.map((event) => toMessage(JSON.stringify(event), event));
  for (const batch of inBatches(bodies, Buffer.byteLength)) {
    let pending = batch.map((body, i) => ({ Id: String(i), MessageBody: body }));
    for (let attempt = 0; pending.length > 0; attempt++) {
      if (attempt === TRIES) throw new QueueRefusedError(pending.length);
      if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
      const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: pending }));
      const failed = new Set(Failed.map(({ Id }) => Id));
      pending = pending.filter(({ Id }) => failed.has(Id));
    }
  }
}
