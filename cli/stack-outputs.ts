// The outputs of a stack in AWS, which say what its tables, queues and secrets are called.

import { OperatorError } from './errors.js';

/** Every stack that contains the construct has an output with this name, alone or after the construct's ID. */
const MARK = 'TransactionsTable';

/**
 * @param construct the construct's ID, or the IDs of its path; needed if the stack contains several
 * @returns reads one output by its plain name; an output that does not exist is an empty string
 * @throws {OperatorError} if there is no such stack or construct
 */
export async function readStackOutputs(
  stackName: string,
  construct: string | undefined,
): Promise<(name: string) => string> {
  const outputs = await describe(stackName);
  const prefix = prefixOf(stackName, [...outputs.keys()], construct);
  return (name) => outputs.get(`${prefix}${name}`) ?? '';
}

async function describe(stackName: string): Promise<ReadonlyMap<string, string>> {
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const client = new CloudFormationClient({});
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
    return new Map(
      (Stacks?.[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
    );
  } catch (error) {
    if ((error as Error).name !== 'ValidationError') throw error;
    throw new OperatorError(
      `CloudFormation has no stack ${stackName} in this account and region: check the name, AWS_PROFILE and AWS_REGION`,
    );
  } finally {
    client.destroy();
  }
}

/** The construct's outputs begin with the IDs of its path (`lib/outputs.ts`); those of this repository's own app have no prefix. */
function prefixOf(stackName: string, names: readonly string[], construct: string | undefined): string {
  const prefixes = names.filter((name) => name.endsWith(MARK)).map((name) => name.slice(0, -MARK.length));
  const wanted = construct?.replaceAll(/[^A-Za-z0-9]/g, '');
  const found = wanted === undefined ? prefixes : prefixes.filter((prefix) => prefix === wanted);
  if (found.length === 1) return found[0]!;
  const list = prefixes.map((prefix) => prefix || '(without an ID)').join(', ');
  if (prefixes.length === 0) {
    throw new OperatorError(
      `stack ${stackName} has no outputs of this construct: deploy it without \`outputs: false\`, or name its resources (see --help)`,
    );
  }
  if (wanted === undefined) {
    throw new OperatorError(
      `stack ${stackName} contains several constructs: choose one with --construct, of: ${list}`,
      2,
    );
  }
  throw new OperatorError(`stack ${stackName} has no construct ${construct}; it has: ${list}`, 2);
}
