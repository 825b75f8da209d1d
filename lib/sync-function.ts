// One function of the pipeline: an alias invokes it, which deployments move step by step.

import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaDeploymentConfig, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { Alias } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { FunctionWithRole, type FunctionWithRoleProps } from './function-with-role.js';

/** How a new version takes over: ten percent of the traffic for five minutes and then the rest, or all traffic immediately. */
export type Rollout = 'canary' | 'all-at-once';

export class SyncFunction extends FunctionWithRole {
  /** What the API, the event source and the schedule invoke. */
  readonly alias: Alias;

  constructor(scope: Construct, id: string, props: FunctionWithRoleProps) {
    super(scope, id, props);
    this.alias = new Alias(this, 'Live', { aliasName: 'live', version: this.function.currentVersion });
  }

  /** Lets a new version take over, and rolls it back if one of the alarms goes off during the deployment. */
  rollOut(rollout: Rollout, alarms: readonly Alarm[], watchAlarms: boolean): void {
    new LambdaDeploymentGroup(this, 'Deployment', {
      alias: this.alias,
      alarms: [...alarms],
      ignoreAlarmConfiguration: !watchAlarms,
      deploymentConfig:
        rollout === 'canary' ? LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES : LambdaDeploymentConfig.ALL_AT_ONCE,
    });
  }
}
