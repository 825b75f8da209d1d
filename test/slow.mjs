// `npm run test:slow`: the tests that take minutes, mostly of waiting.

import { spawnSync } from 'node:child_process';

const { status } = spawnSync('npx', ['jest', '.slow.test', ...process.argv.slice(2)], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: { ...process.env, SLOW_TESTS: '1' },
});
process.exit(status ?? 1);
