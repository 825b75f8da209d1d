// Watches the stack: events go into the history, and what CloudWatch would count goes into the metrics.

import { parseLogLine } from '../../contract/log-line.js';
import type { Activity, ActivityLog } from '../../local/activity.js';
import { resourcesOf, type Template } from '../../local/template.js';
import type { History } from '../events/history.js';
import type { MessageCounts } from '../events/live.js';
import { type MetricStore, recordEmbedded } from './metrics.js';
import type { ResourceNames } from './template-names.js';

export interface WatchOptions {
  /** What happened before, oldest first. */
  readonly past: readonly Activity[];
  readonly activity: ActivityLog;
  readonly history: History;
  readonly metrics: MetricStore;
  readonly countMessages: () => Promise<MessageCounts>;
  readonly template: Template;
  readonly resources: ResourceNames;
}

/** How often the queues are measured, in milliseconds. */
const SAMPLE_INTERVAL = 2_000;

export function watch({ past, activity, history, metrics, countMessages, template, resources }: WatchOptions): {
  stop(): void;
} {
  const names = namesIn(template, resources);
  const add = (each: Activity) => {
    history.add(each);
    count(each, metrics, names.api);
  };
  for (const each of past) add(each);
  const unsubscribe = activity.subscribe(add);
  const sample = async () => {
    const { waiting, deadLetters } = await countMessages();
    const at = Date.now();
    const record = (name: string, QueueName: string, value: number) =>
      metrics.record({ namespace: 'AWS/SQS', name, dimensions: { QueueName } }, at, [value]);
    record('ApproximateNumberOfMessagesVisible', names.events, waiting);
    record('ApproximateNumberOfMessagesVisible', names.deadLetters, deadLetters);
    const oldest = waiting === 0 ? undefined : history.entries().find(({ outcome }) => outcome === 'queued');
    record('ApproximateAgeOfOldestMessage', names.events, oldest ? (at - oldest.at) / 1000 : 0);
  };
  const timer = setInterval(() => sample().catch(() => {}), SAMPLE_INTERVAL).unref();
  return {
    stop() {
      clearInterval(timer);
      unsubscribe();
    },
  };
}

/** Records what AWS counts of requests and invocations, and what the functions emit themselves. */
export function count(activity: Activity, metrics: MetricStore, ApiId: string): void {
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
    record('4xx', Number(activity.status >= 400 && activity.status < 500));
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

/** What metrics call the template's queues and its API. */
function namesIn(template: Template, resources: ResourceNames) {
  const queues = resourcesOf(template, 'AWS::SQS::Queue');
  const queueName = (hasRedrive: boolean) => {
    const [id] = queues.find(([, properties]) => 'RedrivePolicy' in properties === hasRedrive)!;
    return resources.get(id)!.attributes.QueueName!;
  };
  const [api] = resourcesOf(template, 'AWS::ApiGatewayV2::Api')[0]!;
  return { events: queueName(true), deadLetters: queueName(false), api };
}
