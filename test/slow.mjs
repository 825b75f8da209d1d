// `npm run test:slow`: the slow tests, named `*.slow.test.ts`.

import { runJest } from './run-jest.mjs';

runJest(['.slow.test', ...process.argv.slice(2)]);
