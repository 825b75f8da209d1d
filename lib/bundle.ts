// Bundles the functions with esbuild: minified ESM with source maps, nothing left to install on Lambda.

import { join } from 'node:path';
import { build } from 'esbuild';
import { bundleFolder, entryFile, FUNCTION_NAMES } from './functions.js';
import { packageRoot } from './package-root.js';

/** Writes every function's bundle under `dist/functions/`, in well under a second. */
export async function bundleFunctions(): Promise<void> {
  await Promise.all(
    FUNCTION_NAMES.map((name) =>
      build({
        entryPoints: [entryFile(name)],
        outfile: join(bundleFolder(name), 'index.mjs'),
        bundle: true,
        minify: true,
        keepNames: true,
        sourcemap: true,
        sourcesContent: false,
        platform: 'node',
        target: 'node20',
        format: 'esm',
        mainFields: ['module', 'main'],
        legalComments: 'none',
        // CommonJS packages in an ESM bundle ask for Node's own modules by `require`.
        banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
        absWorkingDir: packageRoot,
        logLevel: 'warning',
      }),
    ),
  );
}

/** Writes the operators' tools to `dist/bin/cli.mjs`: the packages that they use stay packages. */
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
