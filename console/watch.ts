// Watches the stack: into the history goes what happened, into the metrics what CloudWatch would have counted of it.

import { parseLogLine } from '../contract/log-line.js';
import type { Activity, ActivityLog } from '../local/activity.js';
import { type ResolvedResource, resourcesOf, type Template } from '../local/template.js';
import type { History } from './history.js';
import { type MetricStore, recordEmbedded } from './metrics.js';
import type { Counts } from './parts.js';

export interface WatchOptions {
  /** Oldest first. */
  readonly past: readonly Activity[];
  readonly activity: ActivityLog;
  readonly history: History;
  readonly metrics: MetricStore;
  readonly counts: () => Promise<Counts>;
  readonly names: { readonly template: Template; readonly physical: ReadonlyMap<string, ResolvedResource> };
}

/** How often queues are looked at, in milliseconds. */
const SAMPLE = 2_000;

export function watch(options: WatchOptions): { stop(): void } {
  const { past, activity, history, metrics, counts } = options;
  const names = namesIn(options.names);
  const add = (each: Activity) => {
    history.add(each);
    count(each, metrics, names.api);
  };
  for (const each of past) add(each);
  const unsubscribe = activity.subscribe(add);
  const sample = async () => {
    const { waiting, deadLetters } = await counts();
    const at = Date.now();
    const record = (name: string, QueueName: string, value: number) =>
      metrics.record({ namespace: 'AWS/SQS', name, dimensions: { QueueName } }, at, [value]);
    record('ApproximateNumberOfMessagesVisible', names.events, waiting);
    record('ApproximateNumberOfMessagesVisible', names.deadLetters, deadLetters);
    const oldest = waiting === 0 ? undefined : history.entries().find(({ outcome }) => outcome === 'queued');
    record('ApproximateAgeOfOldestMessage', names.events, oldest ? (at - oldest.at) / 1000 : 0);
  };
  const timer = setInterval(() => sample().catch(() => {}), SAMPLE).unref();
  return {
    stop() {
      clearInterval(timer);
      unsubscribe();
    },
  };
}

/** What AWS counts of requests and invocations, and what the functions emit themselves. */
function count(activity: Activity, metrics: MetricStore, ApiId: string): void {
  if (activity.kind === 'line') {
    const line = parseLogLine(activity.line);
    if (line?._aws !== undefined) recordEmbedded(metrics, line);
    return;
  }
  const { at, duration } = activity;
  if (activity.kind === 'request') {
    const record = (name: string, value: number) =>
      metrics.record({ namespace: 'AWS/ApiGateway', name, dimensions: { ApiId } }, at, [value]);
    record('Latency', duration);
    record('Count', 1);
    record('5xx', Number(activity.status >= 500));
    return;
  }
  const record = (name: string, value: number) =>
    metrics.record({ namespace: 'AWS/Lambda', name, dimensions: { FunctionName: activity.functionName } }, at, [value]);
  record('Invocations', 1);
  record('Duration', duration);
  record('Errors', Number(activity.failed));
  record('Throttles', 0);
  record('ConcurrentExecutions', 1);
}

/** What the template's queues and its API are called in metrics. */
function namesIn({ template, physical }: WatchOptions['names']) {
  const queues = resourcesOf(template, 'AWS::SQS::Queue');
  const nameOf = (hasRedrive: boolean) => {
    const [id] = queues.find(([, properties]) => 'RedrivePolicy' in properties === hasRedrive)!;
    return physical.get(id)!.attributes.QueueName!;
  };
  const [api] = resourcesOf(template, 'AWS::ApiGatewayV2::Api')[0]!;
  return { events: nameOf(true), deadLetters: nameOf(false), api };
}
