// Runs Jest with the slow tests, and exits with its code.

import { spawnSync } from 'node:child_process';

/** @param environment variables in addition to the process's own */
export function runJest(args, environment = {}) {
  const { status } = spawnSync('npx', ['jest', ...args], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, SLOW_TESTS: '1', ...environment },
  });
  process.exit(status ?? 1);
}
