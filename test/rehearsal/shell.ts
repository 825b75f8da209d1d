// Runs a program to its end.

import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly cwd?: string;
  /** The program's whole environment. Default: this process's. */
  readonly env?: Readonly<NodeJS.ProcessEnv>;
}

export interface Ran {
  readonly code: number | null;
  /** Standard output and standard error, as they came. */
  readonly output: string;
}

/** A program ended with another code than 0. The message holds the end of what it printed. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  constructor(
    command: string,
    readonly ran: Ran,
  ) {
    super(`${command} ended with code ${ran.code}:\n${ran.output.split('\n').slice(-40).join('\n')}`);
  }
}

/** @returns how the program ended, whatever its code */
export async function tryRun(command: string, args: readonly string[], { cwd, env }: RunOptions = {}): Promise<Ran> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd ? { cwd } : {}),
    env: env ?? process.env,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, output };
}

/** @throws {CommandError} if the program ends with another code than 0 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const ran = await tryRun(command, args, options);
  if (ran.code !== 0) throw new CommandError([command, ...args].join(' '), ran);
  return ran.output;
}
