// `npm run rehearse`: starts an AWS emulator and deploys to it. Needs Python 3 and PyPI; ends with code 69 if PyPI cannot be reached.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Emulator, installEmulator, startEmulator, UnreachableError } from './emulator.js';
import { copyProject } from './project.js';
import { tryRun } from './shell.js';

/** EX_UNAVAILABLE in sysexits.h: a service that is needed is not there. */
const SKIPPED = 69;

const scratch = mkdtempSync(join(tmpdir(), 'rehearsal-'));
let emulator: Emulator | undefined;
const cleanUp = async () => {
  await emulator?.stop();
  rmSync(scratch, { recursive: true, force: true });
};
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => cleanUp().finally(() => process.exit(1)));

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof UnreachableError) process.stdout.write(`skipped: ${error.message}\n`);
  else process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = error instanceof UnreachableError ? SKIPPED : 1;
} finally {
  await cleanUp();
}

async function main(): Promise<number> {
  const begin = Date.now();
  const programs = await installEmulator(join(scratch, 'python'));
  emulator = await startEmulator(programs, join(scratch, 'ministack'));
  const project = join(scratch, 'project');
  copyProject(project);
  const [store, code] = await Promise.all([storeSuite(emulator), tellStory(emulator, programs, project)]);
  const seconds = ((Date.now() - begin) / 1000).toFixed(0);
  if (code !== 0) process.stderr.write(`The emulator’s log ends so:\n${emulator.log()}\n`);
  process.stdout.write(`rehearsal: ${code === 0 && store ? 'every step held' : 'FAILED'} (${seconds} s)\n`);
  return code === 0 && store ? 0 : 1;
}

/** The store's tests on the emulator's DynamoDB: a third engine, after dynalite and Amazon's DynamoDB Local. */
async function storeSuite({ environment, endpoint }: Emulator): Promise<boolean> {
  const jest = join('node_modules', 'jest', 'bin', 'jest.js');
  const env = { ...environment, TEST_DYNAMODB_ENDPOINT: endpoint };
  const { code, output } = await tryRun(process.execPath, [jest, '--maxWorkers=1', 'test/store'], { env });
  const counted = /^Tests:\s+(.*)$/m.exec(output)?.[1] ?? output;
  process.stdout.write(`${code === 0 ? '✔' : '✘'} the store’s tests on the emulator’s DynamoDB: ${counted}\n`);
  if (code !== 0) process.stderr.write(output);
  return code === 0;
}

async function tellStory({ environment, endpoint }: Emulator, programs: string, project: string): Promise<number> {
  const tell = join(import.meta.dirname, 'tell.ts');
  const args = ['--import', 'tsx', tell, programs, project, scratch, `${endpoint}/_aws/execute-api`];
  const child = spawn(process.execPath, args, { stdio: 'inherit', env: environment });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
