// What another team would make to hear of changes: a queue, and a rule on the feed's bus that sends them there.

import {
  DeleteRuleCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { ChangeFeedEvent } from '../../reader/reader.js';
import { until } from './checks.js';
import { unique } from './rows.js';
import type { Stage } from './stage.js';

export interface Consumer {
  /** What has arrived so far, in this order. */
  readonly received: readonly ChangeFeedEvent[];
  /** Waits until this many have arrived in all. */
  receive(count: number): Promise<void>;
  /** Without its rule the bus can be deleted. */
  leave(): Promise<void>;
}

const events = new EventBridgeClient({});
const sqs = new SQSClient({});

/** @param id of the row whose events are wanted */
export async function startConsumer({ outputs }: Stage, id: string): Promise<Consumer> {
  const bus = outputs.ChangeFeedBusArn!.split('/').at(-1)!;
  const Name = unique('rehearsal-consumer');
  const rule = { EventBusName: bus, Name };
  const EventPattern = JSON.stringify({ source: ['stripe-partner-sync'], detail: { id: [id] } });
  const { RuleArn } = await events.send(new PutRuleCommand({ ...rule, EventPattern }));
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: Name, Attributes: { Policy: policy(RuleArn!) } }),
  );
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const target = { Id: 'queue', Arn: Attributes!.QueueArn! };
  await events.send(new PutTargetsCommand({ EventBusName: bus, Rule: Name, Targets: [target] }));
  const received: ChangeFeedEvent[] = [];
  return {
    received,
    receive: (count) =>
      until(`event ${count} in the consumer’s queue`, 60, async () => {
        const receive = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 };
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(receive));
        for (const { Body, ReceiptHandle } of Messages) {
          received.push(JSON.parse(Body!));
          await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        }
        return received.length >= count;
      }),
    async leave() {
      await events.send(new RemoveTargetsCommand({ EventBusName: bus, Rule: Name, Ids: [target.Id] }));
      await events.send(new DeleteRuleCommand(rule));
      await sqs.send(new DeleteQueueCommand({ QueueUrl }));
      events.destroy();
      sqs.destroy();
    },
  };
}

function policy(ruleArn: string): string {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: '*',
    Condition: { ArnEquals: { 'aws:SourceArn': ruleArn } },
  };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}
