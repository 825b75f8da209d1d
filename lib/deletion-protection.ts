// The last step of a deployment: turns on the deletion protection of the tables. See docs/decisions/deletion-protection.md.

import { createHash } from 'node:crypto';
import { type CfnResource, CustomResource, Duration, Lazy, Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct, type IConstruct } from 'constructs';
import { FunctionWithRole } from './function-with-role.js';

export interface DeletionProtectionProps {
  readonly tables: readonly Table[];
  /** What must have succeeded before. */
  readonly after: readonly IConstruct[];
  readonly metricsNamespace: string;
  readonly logRetention: RetentionDays;
}

export class DeletionProtection extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { tables, after, metricsNamespace, logRetention }: DeletionProtectionProps,
  ) {
    super(scope, id);
    const protect = new FunctionWithRole(this, 'Protect', {
      name: 'protect',
      description: 'Protects the tables against deletion, as the last step of a deployment',
      timeout: Duration.minutes(3),
      memorySize: 256,
      environment: {},
      metricsNamespace,
      logRetention,
      retainLogs: false,
    });
    protect.grant(
      ['dynamodb:DescribeTable', 'dynamodb:UpdateTable'],
      tables.map(({ tableArn }) => tableArn),
    );
    protect.grant(['cloudformation:DescribeStacks'], [Stack.of(this).stackId]);
    const protection = new CustomResource(this, 'Protection', {
      resourceType: 'Custom::DeletionProtection',
      serviceToken: protect.function.functionArn,
      // Lambda repeats a request twice that ends without an answer.
      serviceTimeout: Duration.minutes(15),
      properties: {
        Tables: tables.map(({ tableName }) => tableName),
        // CloudFormation may turn the protection off when it updates a table, so it is turned on again after every such update.
        Definitions: Lazy.string({ produce: () => digest(Stack.of(this), tables) }),
      },
    });
    protection.node.addDependency(protect, ...after);
  }
}

/** Of all that the template says about the tables. */
function digest(stack: Stack, tables: readonly Table[]): string {
  const definitions = tables.map(({ node }) => (node.defaultChild as CfnResource)._toCloudFormation());
  return createHash('sha256')
    .update(JSON.stringify(stack.resolve(definitions)))
    .digest('hex');
}
