// What the dashboard and the alarms monitor.

import type { Queues } from './queues.js';
import type { SyncFunction } from './sync-function.js';
import type { Tables } from './tables.js';
import type { WebhookApi } from './webhook-api.js';

export interface MonitoredResources {
  /** The CloudWatch namespace of the functions' own metrics. */
  readonly namespace: string;
  readonly api: WebhookApi;
  readonly queues: Queues;
  readonly ingest: SyncFunction;
  readonly worker: SyncFunction;
  readonly reconcile: SyncFunction;
  readonly tables: Tables;
}
