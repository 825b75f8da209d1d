// The process of one function: loads its bundle as Lambda would, and answers invocations that come over IPC.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Context } from 'aws-lambda';

export interface Invocation {
  readonly id: string;
  readonly event: unknown;
  /** Milliseconds since the epoch at which the function times out. */
  readonly deadline: number;
}

export interface InvocationResult {
  readonly id: string;
  readonly result?: unknown;
  readonly error?: string;
}

const [folder, handlerName] = process.argv.slice(2) as [string, string];
const [file, exported] = handlerName.split('.') as [string, string];

process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));

const module = await import(pathToFileURL(join(folder, `${file}.mjs`)).href);
const handler: (event: unknown, context: Partial<Context>) => Promise<unknown> = module[exported];

process.on('message', async ({ id, event, deadline }: Invocation) => {
  const context: Partial<Context> = {
    awsRequestId: id,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME ?? '',
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  let answer: InvocationResult;
  try {
    answer = { id, result: await handler(event, context) };
  } catch (error) {
    answer = { id, error: error instanceof Error ? error.name : 'Error' };
  }
  if (process.connected) process.send?.(answer);
});
// The stack may have stopped in the meantime.
if (process.connected) process.send?.({ id: 'ready' } satisfies InvocationResult);
