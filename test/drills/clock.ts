// CloudWatch on a virtual clock. The periods of an alarm take minutes and hours; a drill fills each in as long as it needs, and all that the
// stack does in that time counts for the period. The values are real, their times are not.

import { alarmStates } from '../../console/dashboard/alarms.js';
import type { MetricName } from '../../console/dashboard/metric-names.js';
import { createMetricStore } from '../../console/dashboard/metrics.js';
import { counter } from '../../console/dashboard/watch.js';
import { parseLogLine } from '../../contract/log-line.js';
import type { Activity, InvocationActivity, LineActivity } from '../../local/activity.js';
import { type ResolvedResource, resourcesOf, type Template } from '../../local/template.js';
import type { ThrottledRequest } from './dynamodb-proxy.js';
import { type MessageCounts, queueId } from './stack.js';

export interface VirtualCloudWatch {
  record(activity: Activity): void;
  throttled(request: ThrottledRequest): void;
  /** The queues must be counted again. */
  queuesChanged(): void;
  /** Runs one period. @returns the alarm's state at its end, judged by the template's own definition */
  period(work: () => Promise<unknown>): Promise<'OK' | 'ALARM'>;
  /** Runs what still belongs to the period that has just ended. */
  late(work: () => Promise<unknown>): Promise<void>;
}

export interface Judged {
  readonly template: Template;
  readonly resources: ReadonlyMap<string, ResolvedResource>;
  readonly counts: () => Promise<MessageCounts>;
}

/** Instances that the account has left, in the drill of Lambda's throttles. Without it, as many as are needed. */
export type Concurrency = { left: number };

export function createVirtualCloudWatch(
  alarm: { readonly id: string; readonly periodSeconds: number },
  { template, resources, counts }: Judged,
  concurrency: Concurrency,
): VirtualCloudWatch {
  const store = createMetricStore();
  const names = namesIn(template, resources);
  const count = counter(template, store);
  const length = alarm.periodSeconds * 1000;
  let start = 0;
  let invocations: InvocationActivity[] = [];
  const waitingSince: Record<'events' | 'deadLetters', number | undefined> = {
    events: undefined,
    deadLetters: undefined,
  };
  const value = (namespace: string, name: string, dimensions: MetricName['dimensions'], number: number) =>
    store.record({ namespace, name, dimensions }, start, [number]);

  /** Whether something may have changed the queues since they were last counted. */
  let changed = true;
  let counted: MessageCounts = { events: 0, inFlight: 0, deadLetters: 0, sourceDeadLetters: 0, feedFailures: 0 };
  /** Since when the change feed has a change that it could not send. */
  let unsentSince: number | undefined;

  /** Queues are sampled at the end of each period; the age of their oldest message is counted by the virtual clock. */
  const sampleQueues = async () => {
    if (changed) counted = await counts();
    changed = counted.events > 0;
    for (const queue of ['events', 'deadLetters'] as const) {
      waitingSince[queue] = counted[queue] === 0 ? undefined : (waitingSince[queue] ?? start);
      const age = waitingSince[queue] === undefined ? 0 : (start + length - waitingSince[queue]) / 1000;
      value('AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: names[queue] }, counted[queue]);
      value('AWS/SQS', 'ApproximateAgeOfOldestMessage', { QueueName: names[queue] }, age);
    }
    for (const queue of ['sourceDeadLetters', 'feedFailures'] as const)
      value('AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: names[queue] ?? queue }, counted[queue]);
  };

  const noteFeed = (line: string) => {
    if (line.includes('"outcome":"failed"')) unsentSince ??= start;
    if (line.includes('"outcome":"sent"')) unsentSince = undefined;
  };
  const sampleFeed = () => {
    const age = unsentSince === undefined ? 0 : start + length - unsentSince;
    value('AWS/Lambda', 'IteratorAge', { FunctionName: 'feed' }, age);
  };

  const countThrottles = () => {
    for (const { functionName } of throttled(invocations, concurrency.left))
      value('AWS/Lambda', 'Throttles', { FunctionName: functionName }, 1);
    invocations = [];
  };

  const alone = withOneAlarm(template, alarm.id);
  const judge = () => alarmStates(alone, resources, store, start)[0]!.state;

  return {
    record(activity) {
      changed = true;
      if (activity.kind === 'invocation') invocations.push(activity);
      if (activity.kind === 'line' && activity.functionName === 'feed') noteFeed(activity.line);
      count(activity.kind === 'line' ? atTime(activity, start) : { ...activity, at: start });
    },
    throttled({ kind, table }) {
      value('AWS/DynamoDB', `${kind}ThrottleEvents`, { TableName: table }, 1);
    },
    queuesChanged() {
      changed = true;
    },
    async period(work) {
      await work();
      countThrottles();
      await sampleQueues();
      sampleFeed();
      start += length;
      return judge();
    },
    async late(work) {
      start -= length;
      await work();
      countThrottles();
      changed = true;
      start += length;
    },
  };
}

/** Of these invocations, those that started while all instances were busy: Lambda would have throttled them. */
function throttled(invocations: readonly InvocationActivity[], instances: number): InvocationActivity[] {
  return invocations.filter(({ functionName, at }) => {
    const running = invocations.filter(
      (each) => each.functionName === functionName && each.at <= at && at < each.at + each.duration,
    );
    return running.length > instances;
  });
}

function withOneAlarm(template: Template, id: string): Template {
  const others = resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([other]) => other);
  const kept = Object.entries(template.Resources).filter(([other]) => other === id || !others.includes(other));
  return { ...template, Resources: Object.fromEntries(kept) };
}

/** A line may carry its own time. */
function atTime(activity: LineActivity, at: number): LineActivity {
  const { timestamp: _, _aws, ...parsed } = parseLogLine(activity.line) ?? {};
  const line = JSON.stringify({ ...parsed, ...(_aws ? { _aws: { ..._aws, Timestamp: at } } : {}) });
  return { ...activity, at, line };
}

/** What metrics call the template's queues. */
function namesIn(template: Template, resources: ReadonlyMap<string, ResolvedResource>) {
  const queueName = (path: string) => {
    const id = queueId(template, path);
    return id === undefined ? undefined : resources.get(id)?.attributes.QueueName;
  };
  return {
    events: queueName('QueuesEvents')!,
    deadLetters: queueName('QueuesDeadLetters')!,
    sourceDeadLetters: queueName('EventBridgeSourceDeadLetters'),
    feedFailures: queueName('ChangeFeedFailures'),
  };
}
