// What every command has in common: it works on one stack, prints through one output, and can be interrupted.

import type { Argv } from 'yargs';
import { OperatorError } from './errors.js';
import { createOutput, type Output } from './output.js';
import { findTarget, type Target, type TargetOptions } from './target.js';

export interface GlobalOptions extends TargetOptions {
  readonly json?: boolean;
}

/** Adds one command to the command line. */
export type Register = (yargs: Argv<GlobalOptions>) => Argv<GlobalOptions>;

/** Finds the stack, runs the command on it, and closes its connections. */
export async function onTarget(
  options: GlobalOptions,
  command: (target: Target, output: Output) => Promise<void>,
): Promise<void> {
  const target = await findTarget(options);
  try {
    await command(target, createOutput(options.json ?? false));
  } catch (error) {
    throw missingResource(error as Error, target) ?? error;
  } finally {
    target.close();
  }
}

/** AWS does not say which table, queue or secret it did not find. */
function missingResource({ name, message }: Error, { tables, queueUrl, deadLetterQueueUrl }: Target) {
  const where = 'check the names, the AWS account and AWS_REGION';
  if (name === 'QueueDoesNotExist') {
    const queues = [queueUrl, deadLetterQueueUrl].filter(Boolean);
    return new OperatorError(`one of these queues does not exist: ${queues.join(', ')}; ${where}`);
  }
  if (name !== 'ResourceNotFoundException') return undefined;
  if (/secret/i.test(message))
    return new OperatorError(`the secret that holds the signing secrets does not exist; ${where}`);
  if (/log/i.test(message)) return new OperatorError(`a log group does not exist: ${message}`);
  const names = [...new Set(Object.values(tables).filter(Boolean))];
  const which =
    names.length === 1 ? `there is no table ${names[0]}` : `one of these tables does not exist: ${names.join(', ')}`;
  return new OperatorError(`${which}; ${where}`);
}

/** Ctrl-C between two pages: progress is saved after each page, so nothing is left half done. */
export async function resumable<T>(work: () => Promise<T>): Promise<T> {
  const interrupted = () => {
    process.stderr.write('\nStopped. Progress is saved: run the same command again to continue.\n');
    process.exit(1);
  };
  process.once('SIGINT', interrupted);
  try {
    return await work();
  } finally {
    process.off('SIGINT', interrupted);
  }
}
