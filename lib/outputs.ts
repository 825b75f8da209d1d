// The stack outputs that the command line tools and the runbook use.

import { CfnOutput, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/**
 * Adds one stack output for each value. On the stack itself an output has the plain name (`WebhookUrl`). On a construct, the ids
 * of its path come first (`PartnersWebhookUrl`), so that several constructs fit into one stack.
 */
export function addOutputs(scope: Construct, values: Readonly<Record<string, string>>): void {
  const { scopes } = scope.node;
  const ids = scopes.slice(scopes.indexOf(Stack.of(scope)) + 1).map(({ node }) => node.id);
  const prefix = ids.join('').replaceAll(/[^A-Za-z0-9]/g, '');
  const group = new Construct(scope, 'Outputs');
  for (const [name, value] of Object.entries(values)) {
    new CfnOutput(group, name, { value }).overrideLogicalId(`${prefix}${name}`);
  }
}
