// Where each function's code is: its entry file in this repository, or the bundle that the package ships.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './package-root.js';

export const FUNCTION_NAMES = ['ingest', 'worker', 'reconcile', 'feed', 'protect'] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** Modules of a function that its handler imports only when it needs them: each has a separate bundle. */
export const LOADED_LATER: Readonly<Partial<Record<FunctionName, readonly string[]>>> = { worker: ['snapshots'] };

/** The source file that a function is bundled from. */
export function entryFile(name: FunctionName, module = 'handler'): string {
  return join(packageRoot, 'functions', name, `${module}.ts`);
}

/** Holds a folder for each function. */
export const BUNDLES_FOLDER = join(packageRoot, 'dist', 'functions');

/** The folder that is uploaded to Lambda: `index.mjs`, what it loads later, and their source maps. */
export function bundleFolder(name: FunctionName): string {
  return join(BUNDLES_FOLDER, name);
}

/** @throws {Error} if the function has not been bundled */
export function requireBundle(name: FunctionName): string {
  const folder = bundleFolder(name);
  if (!existsSync(join(folder, 'index.mjs'))) throw new Error(`no bundle in ${folder}: run \`npm run build\``);
  return folder;
}
