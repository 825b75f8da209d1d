// `npm run load -- --seconds N --rate N`: the load test with a burst and a rate of one's own.

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, rate: { type: 'string', default: '40' } },
});
const { status } = spawnSync('npx', ['jest', 'test/load'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: { ...process.env, SLOW_TESTS: '1', LOAD_SECONDS: values.seconds, LOAD_RATE: values.rate },
});
process.exit(status ?? 1);
