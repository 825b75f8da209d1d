// The stack that the demo runs against: the one that is running, or one for the demo alone.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readStackFile, type StackFile } from '../../contract/stack-file.js';
import { packageRoot } from '../../lib/package-root.js';

export interface DemoStack {
  readonly file: StackFile;
  /** Ends what was started for the demo. */
  stop(): Promise<void>;
}

/** @returns undefined if no stack runs that wrote the file */
export async function runningStack(stackFile: string): Promise<DemoStack | undefined> {
  if (!existsSync(stackFile)) return undefined;
  const file = readStackFile(stackFile);
  const answers = await fetch(file.webhookUrl).then(
    () => true,
    () => false,
  );
  return answers ? { file, stop: async () => {} } : undefined;
}

export async function ownStack(): Promise<DemoStack> {
  const folder = mkdtempSync(join(tmpdir(), 'stripe-partner-sync-demo-'));
  const stackFile = join(folder, 'stack.json');
  const start = join(packageRoot, 'bin', 'start.js');
  // One second rather than the default of two: the demo waits for each chapter's batch.
  const flags = ['--port', '0', '--ephemeral', '--quiet', '--batch-window', '1', '--stack-file', stackFile];
  const child = spawn(process.execPath, [start, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  while (!existsSync(stackFile)) {
    if (child.exitCode !== null) throw new Error('the stack did not start');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    file: readStackFile(stackFile),
    async stop() {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
