// Starts the process of the emulators, and starts it again on the same ports whenever it dies.

import { type ChildProcess, fork } from 'node:child_process';
import { LocalStackError } from '../error.js';
import { bundleProcess } from '../processes.js';
import type { EmulatorsReady, EmulatorsRequest } from './process.js';

export interface Emulators extends EmulatorsReady {
  stop(): Promise<void>;
}

export interface EmulatorsWatcher {
  /** Called once they run again: their queues are gone and have to be created. */
  readonly onRestart: () => Promise<void>;
  /** Called with notices for the user. */
  readonly onNotice: (text: string) => void;
}

/** Between two attempts to start them, in milliseconds. */
const RESTART_DELAY = 500;

/** @throws {LocalStackError} if they cannot start: the state folder is in use, or cannot be read */
export async function startEmulators(request: EmulatorsRequest, watcher: EmulatorsWatcher): Promise<Emulators> {
  if (!request.dynamodb && !request.sqs) return { outstanding: {}, stop: async () => {} };
  let stopping = false;
  const program = await bundleProcess('emulators/process.ts');
  let running = await launch(program, request);
  const { ready } = running;
  if (ready.error) throw startError(ready.error, request.stateFolder);
  const ports = { dynamodb: portOf(ready.dynamodbEndpoint), sqs: portOf(ready.sqsEndpoint) };

  const watch = async () => {
    const complaint = await running.ended;
    if (!stopping) await restart(complaint);
  };
  const restart = async (complaint: string) => {
    watcher.onNotice(
      `The emulators of DynamoDB and SQS stopped (${firstLine(complaint)}). Until they run again, events are answered with 503, and Stripe sends them again.`,
    );
    do {
      await new Promise((resolve) => setTimeout(resolve, RESTART_DELAY));
      if (stopping) return;
      running = await launch(program, { ...request, ports });
    } while (running.ready.error);
    watch();
    // If they die in the middle of this, the next restart repeats it.
    await watcher.onRestart().catch(() => {});
    watcher.onNotice('The emulators run again.');
  };
  watch();
  return {
    ...ready,
    async stop() {
      stopping = true;
      disconnect(running.child);
      await running.ended;
    },
  };
}

interface Launched {
  readonly child: ChildProcess;
  readonly ready: EmulatorsReady;
  /** Resolves once the process has ended, with its last output. */
  readonly ended: Promise<string>;
}

async function launch(program: string, request: EmulatorsRequest): Promise<Launched> {
  const child = fork(program, [JSON.stringify(request)], {
    execArgv: [],
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr!.on('data', (chunk) => {
    complaint = `${complaint}${chunk}`.slice(-2000);
  });
  const ended = new Promise<string>((resolve) => child.once('exit', () => resolve(complaint || 'killed')));
  const ready = await Promise.race([
    new Promise<EmulatorsReady>((resolve) => child.once('message', (message) => resolve(message as EmulatorsReady))),
    ended.then((error): EmulatorsReady => ({ outstanding: {}, error })),
  ]);
  if (ready.error) {
    disconnect(child);
    await ended;
  }
  return { child, ready, ended };
}

function disconnect(child: ChildProcess) {
  if (child.connected) child.disconnect();
}

function startError(error: string, stateFolder: string | undefined): LocalStackError {
  if (stateFolder === undefined) return new LocalStackError(`the emulators did not start: ${error}`);
  if (/lock|already held/i.test(error)) {
    return new LocalStackError(`another local stack is using ${stateFolder}: stop it, or start with --ephemeral`);
  }
  return new LocalStackError(
    `the state in ${stateFolder} cannot be read (${firstLine(error)}): move the folder away, or start with --ephemeral`,
  );
}

function portOf(endpoint: string | undefined): number {
  return endpoint === undefined ? 0 : Number(new URL(endpoint).port);
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]!;
}
