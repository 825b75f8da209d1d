// A function of the stack: its process, started again whenever it dies, and a way to invoke it.

import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Invocation, InvocationResult } from './function-process.js';
import { bundleProcess } from './processes.js';

export interface FunctionOptions {
  readonly name: string;
  /** The folder of its bundle. */
  readonly folder: string;
  /** As in the template: `index.handler`. */
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Called with each line that the function prints. */
  readonly onLine: (line: string) => void;
  /** Called with the id of each new process. */
  readonly onStart: (pid: number) => void;
}

export interface LocalFunction {
  /** @throws {InvocationError} when it throws, times out or dies */
  invoke(event: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

export class InvocationError extends Error {
  override readonly name = 'InvocationError';
}

/** Between the death of a process and the start of the next one, in milliseconds. */
const RESTART_DELAY = 200;

export async function startFunction(options: FunctionOptions): Promise<LocalFunction> {
  const pending = new Map<string, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  let stopped = false;
  let child: ChildProcess;
  let ready: Promise<void>;
  const program = await bundleProcess('function-process.ts');

  const start = () => {
    child = fork(program, [options.folder, options.handler], {
      execArgv: [],
      env: { PATH: process.env.PATH, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Events are JSON inside of strings, which JSON would escape once more.
      serialization: 'advanced',
    });
    for (const stream of [child.stdout!, child.stderr!]) createInterface(stream).on('line', options.onLine);
    ready = new Promise((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', () => reject(new InvocationError(`${options.name} ended before it was ready`)));
    });
    ready.catch(() => {});
    child.on('message', ({ id, result, error }: InvocationResult) => {
      const waiting = pending.get(id);
      pending.delete(id);
      if (error) waiting?.reject(new InvocationError(`${options.name} threw ${error}`));
      else waiting?.resolve(result);
    });
    child.once('exit', () => {
      for (const { reject } of pending.values())
        reject(new InvocationError(`${options.name} ended in the middle of its work`));
      pending.clear();
      if (!stopped) setTimeout(() => stopped || start(), RESTART_DELAY);
    });
    options.onStart(child.pid!);
  };
  start();
  await ready!;

  return {
    async invoke(event) {
      const deadline = Date.now() + options.timeoutSeconds * 1000;
      while (true) {
        try {
          await ready;
          break;
        } catch (error) {
          // Between the death of one process and the start of the next.
          if (stopped || Date.now() >= deadline) throw error;
          await new Promise((resolve) => setTimeout(resolve, RESTART_DELAY / 4));
        }
      }
      const id = randomUUID();
      const answer = new Promise((resolve, reject) => pending.set(id, { resolve, reject }));
      // Ends an invocation at its timeout, as Lambda does.
      const running = child;
      const timer = setTimeout(() => running.kill('SIGKILL'), options.timeoutSeconds * 1000);
      running.send({ id, event, deadline } satisfies Invocation, (error) => {
        if (!error) return;
        pending.get(id)?.reject(new InvocationError(`${options.name} is not there`));
        pending.delete(id);
      });
      return answer.finally(() => clearTimeout(timer));
    },
    async stop() {
      stopped = true;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.disconnect();
      await ended;
    },
  };
}
