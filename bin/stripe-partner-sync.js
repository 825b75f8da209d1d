#!/usr/bin/env node
// Starts the tools: in a checkout from their source, in the package as they were built into it.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

if (existsSync(join(import.meta.dirname, 'cli.ts'))) {
  const { register } = await import('tsx/esm/api');
  register();
  await import('./cli.ts');
} else {
  await import('../dist/bin/cli.mjs');
}
