// The local stack, started as a user starts it, in a new folder.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StackFile } from '../contract/stack-file.js';
import { packageRoot } from '../lib/package-root.js';
import { sleep } from './measure.js';

export const AWS = { region: 'us-east-1', credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' } };

export interface RunningStack {
  readonly file: StackFile;
  readonly folder: string;
  /** Keeps the folder, for the next start in it. */
  stop(): Promise<void>;
  /** Stops it, and removes the folder. */
  remove(): Promise<void>;
}

/** @param folder of an earlier run; without it a new one */
export async function startStack(
  flags: readonly string[] = [],
  folder = mkdtempSync(join(tmpdir(), 'bench-stack-')),
): Promise<RunningStack> {
  const stackFile = join(folder, 'stack.json');
  const args = [join(packageRoot, 'bin', 'start.js'), '--port', '0', '--quiet', '--stack-file', stackFile, ...flags];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  while (!existsSync(stackFile)) {
    if (child.exitCode !== null) throw new Error('the stack did not start');
    await sleep(50);
  }
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return {
    file: JSON.parse(readFileSync(stackFile, 'utf8')),
    folder,
    stop,
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
