// `npm run chaos -- --seed N --events N --minutes N`: the chaos test with a seed, a size and a time of one's own.

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    events: { type: 'string', default: '100000' },
    minutes: { type: 'string', default: '0' },
  },
});
const { status } = spawnSync('npx', ['jest', 'test/chaos'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: {
    ...process.env,
    SLOW_TESTS: '1',
    CHAOS_SEED: values.seed,
    CHAOS_EVENTS: values.events,
    CHAOS_MINUTES: values.minutes,
  },
});
process.exit(status ?? 1);
