// The queue between the webhook and the worker, and the dead-letter queue.

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

/** How many batches the worker processes at the same time. */
export const DEFAULT_WORKER_CONCURRENCY = 10;

export interface ProtectionProps {
  /** Keep the queues and their messages when the stack is deleted. */
  readonly retain: boolean;
  /** Your own key. Without it, one that AWS owns. */
  readonly encryptionKey?: IKey;
}

export interface QueuesProps extends ProtectionProps {
  readonly workerTimeout: Duration;
  readonly batchWindow: Duration;
}

/** How long an event is retried while DynamoDB, or anything else that the worker needs, fails. */
export const WAITS_FOR_DEPENDENCIES = Duration.hours(12);

/**
 * A dead letter keeps the time at which it was first queued, and SQS deletes it 14 days after that. A week here leaves it at least a
 * week there. See docs/decisions/retries.md.
 */
export const MESSAGE_RETENTION = Duration.days(7);

export class Queues extends Construct {
  readonly events: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: QueuesProps) {
    super(scope, id);
    const { workerTimeout, batchWindow } = props;
    // Six times the worker's timeout, as AWS advises, plus the window: a batch in flight is never delivered a second time.
    const visibilityTimeout = Duration.seconds(6 * workerTimeout.toSeconds() + batchWindow.toSeconds());
    this.deadLetters = createDeadLetters(this, 'DeadLetters', props);
    this.events = new Queue(this, 'Events', {
      ...protection(props),
      visibilityTimeout,
      retentionPeriod: MESSAGE_RETENTION,
      deadLetterQueue: {
        queue: this.deadLetters,
        maxReceiveCount: Math.ceil(WAITS_FOR_DEPENDENCIES.toSeconds() / visibilityTimeout.toSeconds()),
      },
    });
  }
}

/** A queue for what could not be delivered. It keeps messages for 14 days, the longest that SQS allows. */
export function createDeadLetters(scope: Construct, id: string, props: ProtectionProps): Queue {
  return new Queue(scope, id, { ...protection(props), retentionPeriod: Duration.days(14) });
}

function protection({ retain, encryptionKey }: ProtectionProps): QueueProps {
  return {
    enforceSSL: true,
    removalPolicy: retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
    ...(encryptionKey
      ? { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }
      : { encryption: QueueEncryption.SQS_MANAGED }),
  };
}
