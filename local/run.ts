// The command line of `npm start`: starts the stack, prints one line for each event, and ends cleanly.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConsoleFactory } from './console-server.js';
import { LocalStackError } from './error.js';
import { eventLine } from './event-line.js';
import { firstScreen } from './first-screen.js';
import { type Flags, HELP, parseFlags, STATE_FOLDER } from './flags.js';
import { type LocalStack, startLocalStack } from './stack.js';

/** Runs until a signal stops it. Ends the process: 0 after a clean stop, 1 if it could not start, 2 for wrong flags. */
export async function runLocalStack(args: readonly string[], console: ConsoleFactory): Promise<void> {
  let flags: Flags | undefined;
  try {
    flags = parseFlags(args, temporaryStackFile);
  } catch (error) {
    return fail(2, (error as Error).message);
  }
  if (!flags) return print(HELP);
  const { quiet, ...options } = flags;
  surviveFullDisk();
  if (options.rewardsFile) await checkRewards(options.rewardsFile);

  let stack: LocalStack | undefined;
  let stopping = false;
  const stop = async () => {
    // A second Ctrl-C: stop without waiting.
    if (stopping) process.exit(1);
    stopping = true;
    if (stack) await end(stack, options.stateFolder !== undefined);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  stopWithParent(stop);

  try {
    stack = await startLocalStack({
      ...options,
      console,
      onLine: (name, line) => {
        const text = eventLine(name, line, quiet);
        if (text) print(`${text}\n`);
      },
      onNotice: (text) => print(`  ${text}\n`),
    });
  } catch (error) {
    return fail(1, error instanceof LocalStackError ? error.message : String((error as Error).stack ?? error));
  }
  if (stopping) await end(stack, options.stateFolder !== undefined);
  print(firstScreen(stack, options));
}

/** A mistake in the rules is reported at the start, not when the page is opened. */
async function checkRewards(file: string) {
  const { readRulesFile } = await import('../cli/read-rewards.js');
  try {
    readRulesFile(file);
  } catch (error) {
    fail(2, (error as Error).message);
  }
}

async function end(stack: LocalStack, isKept: boolean): Promise<never> {
  print('\nStopping: no more events are accepted; those in the queue are applied first.\n');
  const left = await stack.stop();
  if (left !== 0) {
    const count = Number.isNaN(left) ? 'Some' : left;
    print(
      isKept
        ? `${count} events could not be applied in time; they wait in ${STATE_FOLDER}/ for the next start.\n`
        : `${count} events could not be applied in time and are gone with this ephemeral stack.\n`,
    );
  }
  process.exit(0);
}

/** A terminal or npm that dies ends its own children, and not always its grandchildren. */
function stopWithParent(stop: () => void) {
  const parent = process.ppid;
  if (!process.env.npm_lifecycle_event) return;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, 500).unref();
}

/** Output may go to a file on a full disk: then a line is lost, and nothing else. */
function surviveFullDisk() {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOSPC') throw error;
    });
}

/** Only its owner can read the folder: the stack file holds signing secrets. */
function temporaryStackFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stripe-partner-sync-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'stack.json');
}

function print(text: string) {
  process.stdout.write(text);
}

function fail(code: number, message: string): never {
  process.stderr.write(`${message.trimEnd()}\n`);
  process.exit(code);
}
