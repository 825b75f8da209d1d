// Loading the CDK and synthesizing takes seconds, so what comes of it is kept from test to test, and from run to run, until the code that
// it comes from changes.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../lib/package-root.js';

const FOLDER = join(packageRoot, 'node_modules', '.cache', 'stripe-partner-sync');
const DAY = 24 * 60 * 60 * 1000;

/**
 * @param key what the value depends on besides the code
 * @param sources the folders whose code it depends on
 * @returns a separate copy for each caller
 */
export function cached<T>(name: string, key: string, sources: readonly string[], make: () => T): T {
  const file = join(FOLDER, `${name}-${hashOf(key, sources)}.json`);
  if (!existsSync(file)) {
    const value = make();
    mkdirSync(FOLDER, { recursive: true });
    // Another test may be reading the file now: a rename replaces it as a whole.
    writeFileSync(`${file}.${process.pid}`, JSON.stringify(value));
    renameSync(`${file}.${process.pid}`, file);
    removeOld(name);
  }
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Removes what was made more than a day ago, most of it from code that has changed since. */
function removeOld(name: string) {
  for (const file of readdirSync(FOLDER).filter((each) => each.startsWith(`${name}-`)))
    if (Date.now() - (statSync(join(FOLDER, file), { throwIfNoEntry: false })?.mtimeMs ?? 0) > DAY)
      rmSync(join(FOLDER, file), { force: true });
}

function hashOf(key: string, sources: readonly string[]): string {
  const hash = createHash('sha256').update(key);
  for (const folder of sources)
    for (const name of readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' }).sort())
      if (name.endsWith('.ts')) hash.update(name).update(readFileSync(join(packageRoot, folder, name)));
  for (const name of ['package-lock.json', 'test/support/stack/template.ts'])
    hash.update(readFileSync(join(packageRoot, name)));
  return hash.digest('hex').slice(0, 16);
}
