#!/usr/bin/env node
// `npm run build`: the functions' bundles and the operators' tools, under dist/.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFunctions, bundleTools } from '../lib/bundling/bundle.js';
import { bundleFolder, FUNCTION_NAMES } from '../lib/functions.js';

await Promise.all([bundleFunctions(), bundleTools()]);
for (const name of FUNCTION_NAMES) {
  const kilobytes = Math.round(statSync(join(bundleFolder(name), 'index.mjs')).size / 1024);
  process.stdout.write(`dist/functions/${name}/index.mjs  ${kilobytes} KB\n`);
}
