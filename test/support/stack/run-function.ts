// Invokes a function's bundle in a separate process, as the local stack does.

import { type ChildProcess, fork } from 'node:child_process';
import { bundleFunctions } from '../../../lib/bundling/bundle.js';
import { bundleFolder, type FunctionName } from '../../../lib/functions.js';
import type { Invocation, InvocationResult } from '../../../local/function-process.js';
import { bundleProcess } from '../../../local/processes.js';

/** The process of a function's bundle, which must be there; it says `ready` and then answers invocations. */
export async function forkFunction(
  name: FunctionName,
  environment: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const program = await bundleProcess('function-process.ts');
  return fork(program, [bundleFolder(name), 'index.handler'], {
    execArgv: [],
    env: {
      PATH: process.env.PATH,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: name,
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      POWERTOOLS_SERVICE_NAME: name,
      POWERTOOLS_METRICS_NAMESPACE: 'StripePartnerSync/test/Sync',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

let bundled: Promise<void> | undefined;

/** @returns what it answered or threw, and the lines that it printed */
export async function runFunction(
  name: FunctionName,
  environment: Readonly<Record<string, string>>,
  event: unknown = {},
): Promise<InvocationResult & { readonly lines: string[] }> {
  bundled ??= bundleFunctions();
  await bundled;
  const child = await forkFunction(name, environment);
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const messages: InvocationResult[] = [];
  const answered = new Promise<InvocationResult>((resolve) => {
    child.on('message', (message: InvocationResult) => {
      messages.push(message);
      if (message.id === 'ready') child.send({ id: 'one', event, deadline: Date.now() + 60_000 } satisfies Invocation);
      else resolve(message);
    });
  });
  const result = await answered;
  await new Promise((resolve) => setTimeout(resolve, 50));
  child.disconnect();
  return { ...result, lines: output.split('\n').filter(Boolean) };
}
