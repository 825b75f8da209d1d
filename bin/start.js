#!/usr/bin/env node
// `npm start`: the whole stack on this machine. It bundles its TypeScript and runs the bundle, which is faster than to load file by file.

import { mkdirSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const root = join(import.meta.dirname, '..');
// Inside `node_modules`, so that Node finds the packages that the bundle requires.
const folder = join(root, 'node_modules', '.cache', 'stripe-partner-sync');
const file = join(folder, 'local-stack.cjs');
const written = `${file}.${process.pid}`;

mkdirSync(folder, { recursive: true });
await build({
  entryPoints: [join(root, 'bin', 'local-stack.ts')],
  outfile: written,
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20',
  // Node imports from a CommonJS package by reading all that it exports, and so loads each module of the CDK; `require` loads those in use.
  format: 'cjs',
  define: { 'import.meta.url': 'bundleUrl' },
  banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  logLevel: 'warning',
});
// Another stack may be reading the file now: a rename replaces it as a whole.
renameSync(written, file);
createRequire(import.meta.url)(file);
