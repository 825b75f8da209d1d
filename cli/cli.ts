// The command line: registers the commands and turns errors into a line and an exit code. 0: done, 1: a check failed or a service
// refused, 2: wrong usage.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import yargs, { type Argv } from 'yargs';
import { printableLines } from '../contract/printable.js';
import { packageRoot } from '../lib/package-root.js';
import type { GlobalOptions, Register } from './command.js';
import { registerBackfill } from './commands/backfill.js';
import { registerConnect } from './commands/connect.js';
import { registerDisconnect } from './commands/disconnect.js';
import { registerErase } from './commands/erase.js';
import { registerOwed } from './commands/owed.js';
import { registerReconcile } from './commands/reconcile.js';
import { registerRedrive } from './commands/redrive.js';
import { registerReport } from './commands/report.js';
import { registerResync } from './commands/resync.js';
import { registerRewards } from './commands/rewards.js';
import { registerShow } from './commands/show.js';
import { registerStatement } from './commands/statement.js';
import { registerTrace } from './commands/trace.js';
import { registerVerify } from './commands/verify.js';
import { explain, OperatorError } from './errors.js';
import { TARGET_OPTIONS } from './target.js';

const COMMANDS: readonly Register[] = [
  registerConnect,
  registerDisconnect,
  registerVerify,
  registerBackfill,
  registerReconcile,
  registerResync,
  registerErase,
  registerRedrive,
  registerTrace,
  registerShow,
  registerReport,
  registerOwed,
  registerRewards,
  registerStatement,
];

/** Runs one command and sets the process's exit code. */
export async function runCli(args: readonly string[]): Promise<void> {
  // The reader of the output may have seen enough, as `head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    await parser(args).parseAsync();
  } catch (error) {
    const { message, exitCode } = explain(error);
    if (args.includes('--json')) process.stdout.write(`${JSON.stringify({ error: message })}\n`);
    process.stderr.write(`${printableLines(message)}\n`);
    process.exitCode = exitCode;
  }
}

function parser(args: readonly string[]): Argv<GlobalOptions> {
  const options: Argv<GlobalOptions> = yargs([...args])
    .scriptName('stripe-partner-sync')
    .usage(
      'npx $0 <command>\n\nWorks on a stack in AWS (--stage or --stack-name) or on this machine (--local).\nCommands that call Stripe read the API key from STRIPE_API_KEY or ask for it.',
    )
    .options(TARGET_OPTIONS)
    .option('json', { type: 'boolean', describe: 'print one JSON object per line' });
  return COMMANDS.reduce((all, register) => register(all), options)
    .completion('completion', 'print a script that completes commands in bash or zsh')
    .demandCommand(1, 'Name a command.')
    .strictCommands()
    .strict()
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .version(JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')).version)
    .fail((message, error) => {
      if (error) throw error;
      throw new OperatorError(`${message}\n\nSee --help.`, 2);
    })
    .exitProcess(false);
}
