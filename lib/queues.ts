// The queue between webhook and worker, and where messages end that could not be applied.

import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

export interface QueuesProps {
  readonly workerTimeout: Duration;
  readonly batchWindow: Duration;
  /** A key of your own; by default AWS's. */
  readonly encryptionKey?: IKey;
}

export class Queues extends Construct {
  readonly events: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { workerTimeout, batchWindow, encryptionKey }: QueuesProps) {
    super(scope, id);
    const common = {
      enforceSSL: true,
      ...(encryptionKey
        ? { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }
        : { encryption: QueueEncryption.SQS_MANAGED }),
    };
    this.deadLetters = new Queue(this, 'DeadLetters', { ...common, retentionPeriod: Duration.days(14) });
    this.events = new Queue(this, 'Events', {
      ...common,
      // Six times the worker's timeout, as AWS advises, and the window: a batch is never delivered while it is in hand.
      visibilityTimeout: Duration.seconds(6 * workerTimeout.toSeconds() + batchWindow.toSeconds()),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 5 },
    });
  }
}
