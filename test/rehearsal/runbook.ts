// Runs the commands of docs/runbook.md as they are printed there.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './shell.js';
import type { Account } from './stage.js';

const RUNBOOK = join(import.meta.dirname, '..', '..', 'docs', 'runbook.md');

/** @returns the first block of commands under a heading @throws if there is none */
export function commandsUnder(heading: string): string {
  const section = readFileSync(RUNBOOK, 'utf8').split(`\n## ${heading}\n`)[1]?.split('\n## ')[0];
  const [, commands] = /^```sh\n([\s\S]*?)^```$/m.exec(section ?? '') ?? [];
  if (commands === undefined) throw new Error(`docs/runbook.md has no commands under “${heading}”`);
  return commands;
}

/** Pastes commands into a shell that finds the AWS CLI. @throws {CommandError} if one of them fails */
export function paste({ programs, project }: Account, commands: string): Promise<string> {
  const env = { ...process.env, PATH: `${programs}:${process.env.PATH}` };
  return run('bash', ['-euo', 'pipefail', '-c', commands], { cwd: project, env });
}
