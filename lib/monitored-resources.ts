// What the dashboard and the alarms monitor.

import type { ChangeFeed } from './change-feed.js';
import type { EventBridgeSource } from './event-bridge-source.js';
import type { Queues } from './queues.js';
import type { SyncFunction } from './sync-function.js';
import type { Tables } from './tables.js';
import type { WebhookApi } from './webhook-api.js';

export interface MonitoredResources {
  /** The CloudWatch namespace of the functions' own metrics. */
  readonly namespace: string;
  /** Absent if there is no webhook. */
  readonly webhook?: Webhook;
  /** Absent if no events come by way of EventBridge. */
  readonly eventBridge?: EventBridgeSource;
  readonly queues: Queues;
  readonly worker: SyncFunction;
  readonly reconcile: SyncFunction;
  readonly tables: Tables;
  readonly changeFeed?: ChangeFeed;
}

/** What receives Stripe's requests. */
export interface Webhook {
  readonly api: WebhookApi;
  readonly ingest: SyncFunction;
}
