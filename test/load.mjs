// `npm run load -- --seconds N --rate N`: the load test with another burst and rate.

import { parseArgs } from 'node:util';
import { runJest } from './run-jest.mjs';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, rate: { type: 'string', default: '40' } },
});
runJest(['test/load'], { LOAD_SECONDS: values.seconds, LOAD_RATE: values.rate });
