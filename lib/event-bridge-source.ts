// Stripe's events by way of Amazon EventBridge, straight into the queue: a bus for Stripe's partner event source, and one rule.
// https://docs.stripe.com/event-destinations/eventbridge

import { Duration, Fn, Stack } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { EventBus, type IRuleTarget, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Settings } from '../contract/settings.js';
import { subscribedTypes } from '../functions/domain/decide.js';
import { PERIOD } from './metric-source.js';
import { createDeadLetters } from './queues.js';

/** What Stripe calls the source that it makes for an event destination. */
export const SOURCE_NAME = /^aws\.partner\/stripe\.com\/[\w/-]+$/;

/** As long as EventBridge allows. What the queue does not accept by then becomes a dead letter. */
const RETRIES = { maximumEventAgeInSeconds: Duration.hours(24).toSeconds(), maximumRetryAttempts: 185 };

export interface EventBridgeSourceProps {
  /** The partner event source's name, `aws.partner/stripe.com/ed_…`. */
  readonly source: string;
  readonly settings: Settings;
  /** Let thin events through as well. */
  readonly thinEvents: boolean;
  readonly queue: Queue;
  /** Keep the dead letters when the stack is deleted. */
  readonly retain: boolean;
  readonly encryptionKey?: IKey;
}

export class EventBridgeSource extends Construct {
  readonly bus: EventBus;
  /** Holds the EventBridge events, envelope and all, that the queue did not accept. */
  readonly deadLetters: Queue;
  private readonly rule: Rule;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: EventBridgeSourceProps,
  ) {
    super(scope, id);
    const { source, queue, encryptionKey } = props;
    this.bus = new EventBus(this, 'Bus', { eventSourceName: source });
    this.deadLetters = createDeadLetters(this, 'SourceDeadLetters', props);
    this.rule = new Rule(this, 'Rule', {
      description: 'Sends the Stripe events that the settings want to the queue',
      eventBus: this.bus,
      eventPattern: pattern(props),
    });
    this.rule.addTarget(toQueue(queue, this.deadLetters));
    for (const target of [queue, this.deadLetters]) this.letRuleSend(target);
    if (encryptionKey) this.letRuleUse(encryptionKey);
  }

  /** How many events the rule sent to the queue, or tried to. */
  metricEvents(period = PERIOD): Metric {
    return this.metric('Invocations', period, 'from EventBridge');
  }

  /** Events that reached neither the queue nor the dead letters. */
  metricLost(): readonly [failed: Metric, notDeadLettered: Metric] {
    return [
      this.metric('FailedInvocations', PERIOD, 'failed'),
      this.metric('InvocationsFailedToBeSentToDlq', PERIOD, 'not sent to the dead letters'),
    ];
  }

  /** From the ARN, `…:rule/BUS/RULE`: on a bus that is not the default one, a rule's `Ref` is `BUS|RULE`. */
  private get ruleName(): string {
    return Fn.select(1 + this.props.source.split('/').length, Fn.split('/', this.rule.ruleArn));
  }

  private metric(metricName: string, period: Duration, label: string): Metric {
    return new Metric({
      namespace: 'AWS/Events',
      metricName,
      dimensionsMap: { EventBusName: this.props.source, RuleName: this.ruleName },
      statistic: Stats.SUM,
      period,
      label,
    });
  }

  /** This rule alone, and not whatever rule somebody else makes in EventBridge. */
  private letRuleSend(queue: Queue): void {
    queue.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [queue.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': this.rule.ruleArn } },
      }),
    );
  }

  /** By account and not by rule: the queue names the key and the rule names the queue, so the key's policy cannot name the rule. */
  private letRuleUse(key: IKey): void {
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('events.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      true,
    );
  }
}

/** `detail-type` is the Stripe event's type, and `detail` the whole event. */
function pattern({ source, settings, thinEvents }: EventBridgeSourceProps) {
  const types = subscribedTypes(settings);
  return {
    source: [source],
    detailType: thinEvents ? [...types, ...types.map((type) => `v1.${type}`)] : types,
    ...(settings.livemode === 'both' ? {} : { detail: { livemode: [settings.livemode === 'live'] } }),
  };
}

/** CDK's own target for queues limits the sender to the rule only where the queue has no key. */
function toQueue(queue: Queue, deadLetters: Queue): IRuleTarget {
  return {
    bind: () => ({
      arn: queue.queueArn,
      // The message that ingest makes: the Stripe event and nothing around it.
      input: RuleTargetInput.fromEventPath('$.detail'),
      deadLetterConfig: { arn: deadLetters.queueArn },
      retryPolicy: RETRIES,
    }),
  };
}
