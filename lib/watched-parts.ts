// The parts of the pipeline that dashboard and alarms look at.

import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Queues } from './queues.js';
import type { SyncFunction } from './sync-function.js';
import type { WebhookApi } from './webhook-api.js';

export interface WatchedParts {
  readonly api: WebhookApi;
  readonly queues: Queues;
  readonly ingest: SyncFunction;
  readonly worker: SyncFunction;
  readonly reconcile: SyncFunction;
  readonly tables: readonly Table[];
}
