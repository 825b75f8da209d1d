// A Stripe customer with very many dependents is swept page by page: the worker's memory does not grow with their number.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const run = promisify(execFile);

/** The worker's memory in lib/, in MiB. */
const WORKER_MEMORY = 256;

async function sweep(dependents: number): Promise<{ assigned: number; puts: number; maxRssMiB: number }> {
  const file = join(__dirname, 'sweep-process.ts');
  const { stdout } = await run(process.execPath, ['--import', 'tsx', file, String(dependents)]);
  return JSON.parse(stdout);
}

test('200,000 dependents are assigned within the memory of the worker', async () => {
  const few = await sweep(1_000);
  const many = await sweep(200_000);
  process.stdout.write(
    `sweep: ${few.maxRssMiB.toFixed(0)} MiB for 1,000 dependents, ${many.maxRssMiB.toFixed(0)} MiB for 200,000\n`,
  );
  expect(many).toMatchObject({ assigned: 200_000, puts: 200_000 });
  expect(many.maxRssMiB).toBeLessThan(WORKER_MEMORY);
}, 300_000);
