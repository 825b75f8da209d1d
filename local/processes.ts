// The processes that the local stack forks, bundled: loading TypeScript would take most of the time that they need to start.

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '../lib/package-root.js';

/** Inside `node_modules`, so that Node finds the packages that a bundle imports. */
const FOLDER = join(packageRoot, 'node_modules', '.cache', 'stripe-partner-sync');

/**
 * @param entry relative to `local/`
 * @returns the JavaScript file to fork
 */
export async function bundleProcess(entry: 'function-process.ts' | 'emulators/process.ts'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(packageRoot, 'local', entry)],
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    write: false,
    logLevel: 'warning',
  });
  const file = join(FOLDER, `${basename(entry, '.ts')}.mjs`);
  mkdirSync(FOLDER, { recursive: true });
  // Another stack may be reading the file now: a rename replaces it as a whole.
  writeFileSync(`${file}.${process.pid}`, outputFiles[0]!.contents);
  renameSync(`${file}.${process.pid}`, file);
  return file;
}
