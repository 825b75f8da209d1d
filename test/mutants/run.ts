// `npm run mutants`: makes each edit in a copy of the project, one at a time, and checks that the test it names fails.
// `npm run mutants -- TEXT` makes only those whose description, file or test contains the text.

import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MUTANTS, type Mutant } from './mutants.js';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDERS = ['contract', 'functions', 'lib', 'local', 'cli', 'reader', 'rewards', 'bin', 'test', 'docs', 'dist'];
const COPIED = [...FOLDERS, 'package.json', 'package-lock.json', 'tsconfig.json', 'jest.config.js'].filter((name) =>
  existsSync(join(ROOT, name)),
);
const AT_ONCE = 2;
const MINUTES = 3;
/** For all the tests together, without an edit. */
const BASELINE_MINUTES = 15;

const wanted = process.argv[2] ?? '';
const mutants = MUTANTS.filter(({ what, file, breaks }) => [what, file, breaks].some((text) => text.includes(wanted)));

for (const { file, find } of MUTANTS) {
  const found = readFileSync(join(ROOT, file), 'utf8').split(find).length - 1;
  if (found !== 1) throw new Error(`${file} holds ${found} times, not once: ${find}`);
}
const copies = await Promise.all(Array.from({ length: AT_ONCE }, copyProject));
try {
  const files = [...new Set(mutants.map(({ breaks }) => breaks))];
  if (!(await passes(copies[0]!, files, BASELINE_MINUTES)))
    throw new Error('the tests fail without any edit: fix them first');
  const survivors: Mutant[] = [];
  const queue = mutants.values();
  await Promise.all(
    copies.map(async (copy) => {
      for (const mutant of queue) {
        const killed = await isKilled(copy, mutant);
        if (!killed) survivors.push(mutant);
        process.stdout.write(`${killed ? 'killed  ' : 'SURVIVED'}  ${mutant.what}  (${mutant.breaks})\n`);
      }
    }),
  );
  process.stdout.write(`mutants: ${mutants.length - survivors.length} of ${mutants.length} killed\n`);
  process.exitCode = survivors.length === 0 ? 0 : 1;
} finally {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
}

async function copyProject(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mutants-'));
  for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

async function isKilled(copy: string, { file, find, replace, breaks }: Mutant): Promise<boolean> {
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  try {
    return !(await passes(copy, [breaks]));
  } finally {
    writeFileSync(path, source);
  }
}

/** A test that runs into the time limit has failed too: an edit may remove what ends a loop. */
async function passes(copy: string, testFiles: readonly string[], minutes = MINUTES): Promise<boolean> {
  const jest = join(copy, 'node_modules', 'jest', 'bin', 'jest.js');
  const environment = join(copy, 'test', 'mutants', 'first-failure.cjs');
  const child = spawn(process.execPath, [jest, '--silent', '--runInBand', `--env=${environment}`, ...testFiles], {
    cwd: copy,
    // A fixed seed, so that a mutant which is killed today is killed tomorrow.
    env: {
      ...process.env,
      WAITING_CHARGES: '30',
      PERMUTATION_SEED: '42',
      PERMUTATION_RUNS: '8000',
      SIMULATOR_TEST_HISTORIES: '150',
      INTERLEAVING_STATES: '2000',
      REWARD_RUNS: '300',
    },
    stdio: 'ignore',
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), minutes * 60_000);
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  clearTimeout(timer);
  return code === 0;
}
