// The progress of a long command, kept in a file, so that it continues where it stopped, and only one run is in progress.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from './errors.js';

const FOLDER = '.stripe-partner-sync';

export interface StateFile<T> {
  /** The progress of an earlier run that stopped; undefined if there was none, or it finished. */
  readonly stopped: T | undefined;
  save(state: T): void;
  /** The work is done: the next run starts from the beginning. */
  finish(): void;
  /** Lets another run start. */
  close(): void;
}

/**
 * @param name the command and its stack: another stack has another file
 * @throws {OperatorError} if the same command is already running on the same stack
 */
export function openStateFile<T>(name: string): StateFile<T> {
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${name.replaceAll(/[^\w-]+/g, '-')}.json`);
  const lock = `${file}.lock`;
  takeLock(lock, name);
  let stopped: T | undefined;
  try {
    stopped = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  } catch {
    rmSync(lock, { force: true });
    throw new OperatorError(`${file} cannot be read: delete it to start from the beginning`);
  }
  return {
    stopped,
    save(state) {
      writeFileSync(`${file}.new`, JSON.stringify(state));
      renameSync(`${file}.new`, file);
    },
    finish: () => rmSync(file, { force: true }),
    close: () => rmSync(lock, { force: true }),
  };
}

function takeLock(lock: string, name: string): void {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
  } catch {
    const owner = Number(readFileSync(lock, 'utf8'));
    if (isRunning(owner))
      throw new OperatorError(`${name} is already running (process ${owner}): wait for it, or stop it first`);
    // Its owner was killed.
    writeFileSync(lock, String(process.pid));
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
