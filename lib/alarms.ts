// The alarms of one construct, and the topic that they notify.

import { Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { type AlarmId, type AlarmRule, type AlarmRulesProps, alarmRules } from './alarm-rules.js';
import { qualifiedName } from './qualified-name.js';

export interface SyncAlarmsProps extends AlarmRulesProps {
  readonly topic: ITopic;
}

export class SyncAlarms extends Construct {
  readonly all: readonly Alarm[];
  private readonly byId: ReadonlyMap<AlarmId, Alarm>;

  constructor(scope: Construct, id: string, props: SyncAlarmsProps) {
    super(scope, id);
    this.byId = new Map(
      alarmRules(props).map((rule) => [rule.id, this.alarm(rule, qualifiedName(scope), props.topic)]),
    );
    this.all = [...this.byId.values()];
  }

  /** @throws if the deployment has no such alarm */
  get(id: AlarmId): Alarm {
    const alarm = this.byId.get(id);
    if (!alarm) throw new Error(`this deployment has no alarm ${id}`);
    return alarm;
  }

  private alarm(rule: AlarmRule, owner: string, topic: ITopic): Alarm {
    const alarm = new Alarm(this, rule.id, {
      alarmName: `${owner}/${rule.id}`,
      metric: rule.metric,
      threshold: rule.threshold,
      evaluationPeriods: rule.periods,
      datapointsToAlarm: rule.breachingPeriods ?? rule.periods,
      comparisonOperator: rule.operator ?? ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: rule.missing ?? TreatMissingData.NOT_BREACHING,
      alarmDescription: describe(rule),
    });
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
    return alarm;
  }
}

/** The runbook has one section for each alarm, under the alarm's name. */
function describe({ id, impact, causes, command }: AlarmRule): string {
  return `IMPACT: ${impact}\nCAUSES: ${causes}\nFIRST: ${command}\nREAD: docs/runbook.md#${id.toLowerCase()}`;
}

export interface AlarmTopicProps {
  readonly email?: string;
  readonly encryptionKey?: IKey;
}

/** A topic that CloudWatch may publish to, also when it is encrypted with your own key. */
export function createAlarmTopic(scope: Construct, { email, encryptionKey }: AlarmTopicProps): Topic {
  const topic = new Topic(scope, 'AlarmTopic', {
    enforceSSL: true,
    ...(encryptionKey ? { masterKey: encryptionKey } : {}),
  });
  const fromThisAccount = {
    principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
    conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
  };
  // Any policy on a topic replaces the default one, which lets CloudWatch publish.
  topic.addToResourcePolicy(
    new PolicyStatement({ ...fromThisAccount, actions: ['sns:Publish'], resources: [topic.topicArn] }),
  );
  encryptionKey?.addToResourcePolicy(
    new PolicyStatement({ ...fromThisAccount, actions: ['kms:Decrypt', 'kms:GenerateDataKey*'], resources: ['*'] }),
    true,
  );
  if (email) topic.addSubscription(new EmailSubscription(email));
  return topic;
}
