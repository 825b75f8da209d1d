// Watches the stack: events go into the history, and what CloudWatch would count goes into the metrics.

import { type LogLine, parseLogLine } from '../../contract/log-line.js';
import type { Activity, ActivityLog, InvocationActivity } from '../../local/activity.js';
import { resourcesOf, type Template } from '../../local/template.js';
import type { History } from '../events/history.js';
import type { MessageCounts } from '../events/live.js';
import { accessLogFilters, functionLogFilters, type MetricFilter } from './metric-filters.js';
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
  const count = counter(template, metrics);
  const add = (each: Activity) => {
    history.add(each);
    count(each);
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

/** @returns a recorder of the metrics that AWS would count, and of those that the functions emit */
export function counter(template: Template, metrics: MetricStore): (activity: Activity) => void {
  const [ApiId] = resourcesOf(template, 'AWS::ApiGatewayV2::Api')[0]!;
  const accessLog = accessLogFilters(template);
  const functionLogs = functionLogFilters(template);
  return (activity) => {
    if (activity.kind === 'invocation') return countInvocation(activity, metrics);
    if (activity.kind === 'line') {
      const line = parseLogLine(activity.line);
      if (line?._aws !== undefined) recordEmbedded(metrics, line);
      else recordFiltered(metrics, functionLogs.get(activity.functionName), line, activity.at);
      return;
    }
    const { at, duration, status } = activity;
    const record = (name: string, value: number) =>
      metrics.record({ namespace: 'AWS/ApiGateway', name, dimensions: { ApiId } }, at, [value]);
    record('Latency', duration);
    record('Count', 1);
    record('4xx', Number(status >= 400 && status < 500));
    record('5xx', Number(status >= 500));
    recordFiltered(metrics, accessLog, parseLogLine(activity.accessLog ?? ''), at);
  };
}

function recordFiltered(
  metrics: MetricStore,
  filters: readonly MetricFilter[] = [],
  line: LogLine | undefined,
  readAt: number,
): void {
  if (line === undefined) return;
  const at = Date.parse(line.timestamp ?? '') || readAt;
  for (const { metric, value, matches } of filters) if (matches(line)) metrics.record(metric, at, [value]);
}

function countInvocation(activity: InvocationActivity, metrics: MetricStore): void {
  const { at, duration } = activity;
  const record = (name: string, value: number) =>
    metrics.record({ namespace: 'AWS/Lambda', name, dimensions: { FunctionName: activity.functionName } }, at, [value]);
  record('Invocations', 1);
  record('Duration', duration);
  record('Errors', Number(activity.failed));
  record('Throttles', 0);
  record('ConcurrentExecutions', 1);
}

/** What metrics call the template's queues. */
function namesIn(template: Template, resources: ResourceNames) {
  const queues = resourcesOf(template, 'AWS::SQS::Queue');
  const queueName = (hasRedrive: boolean) => {
    const [id] = queues.find(([, properties]) => 'RedrivePolicy' in properties === hasRedrive)!;
    return resources.get(id)!.attributes.QueueName!;
  };
  return { events: queueName(true), deadLetters: queueName(false) };
}
