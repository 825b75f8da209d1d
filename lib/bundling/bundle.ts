// Bundles the functions with esbuild: minified ESM with source maps, nothing left to install on Lambda.

import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { bundleFolder, entryFile, FUNCTION_NAMES, LOADED_LATER } from '../functions.js';
import { packageRoot } from '../package-root.js';

/** Writes every function's bundle to `dist/functions/`, in well under a second. */
export async function bundleFunctions(): Promise<void> {
  await Promise.all(
    FUNCTION_NAMES.flatMap((name) => [
      bundle(entryFile(name), bundleFolder(name), ONLY_WHAT_LAMBDA_USES),
      ...(LOADED_LATER[name] ?? []).map((module) =>
        bundle(entryFile(name, module), bundleFolder(name), ONLY_WHAT_LAMBDA_USES, `${module}.mjs`),
      ),
    ]),
  );
}

/** Leaves the handler's `import()` of such a module to run time, where it finds the bundle next to its own. */
const LEAVE_LATER: Plugin = {
  name: 'leave-later',
  setup({ onResolve }) {
    const modules = Object.values(LOADED_LATER).flat().join('|');
    onResolve({ filter: new RegExp(`^\\./(${modules})\\.js$`) }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path: path.replace(/\.js$/, '.mjs'), external: true } : undefined,
    );
  },
};

/**
 * Lambda passes credentials in the environment. The SDK's other sources (profiles, single sign-on, instance metadata, and the clients
 * that these need) would be a quarter of the bundle and of its load time.
 */
export const ONLY_WHAT_LAMBDA_USES: Readonly<Record<string, string>> = {
  '@aws-sdk/credential-provider-node': join(packageRoot, 'lib', 'bundling', 'environment-credentials.ts'),
};

/** Writes the bundle of one entry file and its source map to a folder. @param alias files that replace packages */
export async function bundle(
  entry: string,
  folder: string,
  alias: Readonly<Record<string, string>> = {},
  name = 'index.mjs',
): Promise<void> {
  await build({
    alias: { ...alias },
    entryPoints: [entry],
    outfile: join(folder, name),
    plugins: [LEAVE_LATER],
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
