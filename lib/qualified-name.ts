// Names that no other stack or construct in the same account and region has: for metrics, alarms, saved queries and log groups.

import { createHash } from 'node:crypto';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Leaves room for a suffix: CloudWatch allows 255 characters for a namespace, an alarm and a saved query. */
const MAX_LENGTH = 200;

/**
 * The stack's name and the construct's path in it, such as `stripe-partner-sync-prod/Sync`. The same input always gives the same
 * name. A name that is too long, or has characters that CloudWatch does not allow, is shortened and gets a hash.
 */
export function qualifiedName(scope: Construct): string {
  let stack = Stack.of(scope);
  // The name of a nested stack is only known after deployment.
  while (stack.nestedStackParent) stack = stack.nestedStackParent;
  const { scopes } = scope.node;
  const ids = scopes.slice(scopes.indexOf(stack) + 1).map(({ node }) => node.id);
  const name = [stack.stackName, ...ids].join('/');
  const allowed = name.replaceAll(/[^A-Za-z0-9._/-]/g, '-');
  if (allowed === name && name.length <= MAX_LENGTH) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${allowed.slice(0, MAX_LENGTH - hash.length - 1)}-${hash}`;
}
