// The stack file: how tools, tests and benchmarks find a local stack that is running.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Settings } from './settings.js';

/** Where the local stack writes it by default. */
export const DEFAULT_STACK_FILE = '.local/stack.json';

export interface StackFile {
  readonly webhookUrl: string;
  readonly consoleUrl: string | null;
  readonly signingSecrets: readonly string[];
  readonly region: string;
  readonly dynamodbEndpoint: string;
  readonly sqsEndpoint: string;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** Table names. */
  readonly tables: {
    readonly customers: string;
    readonly transactions: string;
    readonly links: string;
    readonly statements: string;
  };
  /** Process IDs by function name. */
  readonly pids: Readonly<Record<string, number>>;
  readonly settings: Settings;
  readonly secretsManagerEndpoint: string;
  readonly signingSecretArn: string;
  /** The file of the functions' log lines; null if state is not kept. */
  readonly logFile: string | null;
  /** The rules of what partners are owed, if the stack was started with `--rewards`. */
  readonly rewardsFile?: string;
}

/** @throws {Error} if the file is missing or not JSON */
export function readStackFile(path: string): StackFile {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Replaces the file in one step, so that a reader never sees half of it. It holds secrets: only its owner can read it. */
export function writeStackFile(path: string, content: StackFile): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
