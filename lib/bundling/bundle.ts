// Bundles the functions with esbuild: minified ESM with source maps, nothing left to install on Lambda.

import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { BUNDLES_FOLDER, entryFile, FUNCTION_NAMES, type FunctionName, LOADED_LATER } from '../functions.js';
import { packageRoot } from '../package-root.js';

/** Writes each function's bundle to a folder inside this one, in well under a second. */
export async function bundleFunctions(
  folder: string = BUNDLES_FOLDER,
  names: readonly FunctionName[] = FUNCTION_NAMES,
): Promise<void> {
  const entries = names.flatMap((name) => [
    { in: entryFile(name), out: `${name}/index` },
    ...(LOADED_LATER[name] ?? []).map((module) => ({ in: entryFile(name, module), out: `${name}/${module}` })),
  ]);
  // All at once: esbuild reads and parses what they have in common only once.
  await bundleEntries(entries, folder, ONLY_WHAT_LAMBDA_USES);
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

/** Writes the bundle of one entry file, `index.mjs`, and its source map to a folder. @param alias files that replace packages */
export function bundle(entry: string, folder: string, alias: Readonly<Record<string, string>> = {}): Promise<void> {
  return bundleEntries([{ in: entry, out: 'index' }], folder, alias);
}

async function bundleEntries(
  entryPoints: { in: string; out: string }[],
  outdir: string,
  alias: Readonly<Record<string, string>>,
): Promise<void> {
  await build({
    alias: { ...alias },
    entryPoints,
    outdir,
    outExtension: { '.js': '.mjs' },
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
