// `npm run chaos -- --seed N --events N --minutes N`: the chaos test with another seed, size and time.

import { parseArgs } from 'node:util';
import { runJest } from './run-jest.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    events: { type: 'string', default: '100000' },
    minutes: { type: 'string', default: '0' },
  },
});
runJest(['test/chaos'], {
  CHAOS_SEED: values.seed,
  CHAOS_EVENTS: values.events,
  CHAOS_MINUTES: values.minutes,
});
