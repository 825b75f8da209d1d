// Bundles the functions with esbuild: minified ESM with source maps, nothing left to install on Lambda.

import { join } from 'node:path';
import { build } from 'esbuild';
import { bundleFolder, entryFile, FUNCTION_NAMES } from '../functions.js';
import { packageRoot } from '../package-root.js';

/** Writes every function's bundle to `dist/functions/`, in well under a second. */
export async function bundleFunctions(): Promise<void> {
  await Promise.all(FUNCTION_NAMES.map((name) => bundle(entryFile(name), bundleFolder(name), ONLY_WHAT_LAMBDA_USES)));
}

/**
 * Lambda passes credentials in the environment. The SDK's other sources (profiles, single sign-on, instance metadata, and the clients
 * that these need) would be a quarter of the bundle and of its load time.
 */
export const ONLY_WHAT_LAMBDA_USES: Readonly<Record<string, string>> = {
  '@aws-sdk/credential-provider-node': join(packageRoot, 'lib', 'bundling', 'environment-credentials.ts'),
};

/** Writes the bundle of one entry file, `index.mjs`, and its source map to a folder. @param alias files that replace packages */
export async function bundle(
  entry: string,
  folder: string,
  alias: Readonly<Record<string, string>> = {},
): Promise<void> {
  await build({
    alias: { ...alias },
    entryPoints: [entry],
    outfile: join(folder, 'index.mjs'),
    bundle: true,
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    // CommonJS packages in an ESM bundle load Node's own modules with `require`.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    absWorkingDir: packageRoot,
    logLevel: 'warning',
  });
}

/** Writes the command line tools to `dist/bin/cli.mjs`. The packages that they use are not bundled. */
export async function bundleTools(): Promise<void> {
  await build({
    entryPoints: [join(packageRoot, 'bin', 'cli.ts')],
    outfile: join(packageRoot, 'dist', 'bin', 'cli.mjs'),
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    absWorkingDir: packageRoot,
    logLevel: 'warning',
  });
}
