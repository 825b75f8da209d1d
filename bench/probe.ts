// A function in a separate process, and what its invocations cost.

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

export interface Cost {
  readonly results: readonly unknown[];
  /** Invocations that threw. */
  readonly thrown: number;
  /** CPU time of the process, in microseconds. */
  readonly cpu: number;
  /** Milliseconds. */
  readonly wall: number;
  /** The process's peak so far, in bytes. */
  readonly rss: number;
  /** What was printed. */
  readonly lines: readonly string[];
}

export interface Probe {
  /** Invokes the function once for each, one after the other. */
  run(invocations: readonly unknown[]): Promise<Cost>;
  stop(): Promise<void>;
}

export async function startProbe(folder: string, environment: Readonly<Record<string, string>>): Promise<Probe> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'probe-process.mjs'), [folder], {
    env: {
      PATH: process.env.PATH,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...environment,
    },
    // The flags with which Lambda starts Node for a function of 256 MB; otherwise the heap would grow larger.
    execArgv: ['--max-semi-space-size=12', '--max-old-space-size=230'],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let printed = '';
  child.stdout!.setEncoding('utf8').on('data', (chunk) => {
    printed += chunk;
  });
  const waiting = new Map<string, (message: never) => void>();
  child.on('message', (message: { id: string }) => waiting.get(message.id)?.(message as never));
  const answer = (id: string) =>
    new Promise<Omit<Cost, 'lines'>>((resolve, reject) => {
      waiting.set(id, resolve);
      child.once('exit', () => reject(new Error(`the function in ${folder} ended`)));
    });
  child.setMaxListeners(0);
  await answer('ready');
  let count = 0;
  return {
    async run(invocations) {
      printed = '';
      const id = String(++count);
      const answered = answer(id);
      child.send({ id, invocations });
      const cost = await answered;
      waiting.delete(id);
      // Output and answer arrive through different channels.
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { ...cost, lines: printed.split('\n').filter(Boolean) };
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.disconnect();
      await ended;
    },
  };
}
