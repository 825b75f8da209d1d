// `npm run test:slow`: the tests that take minutes, mostly of waiting.

import { runJest } from './run-jest.mjs';

runJest(['.slow.test', ...process.argv.slice(2)]);
