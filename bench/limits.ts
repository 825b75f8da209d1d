// `npm run bench:limits -- FILE …`: the table of docs/limits.md that says what to set for how many events a second, from a file that
// `npm run bench -- --json FILE` wrote (`--only functions,counts,backlog` is enough).

import { DEFAULT_WORKER_CONCURRENCY } from '../lib/queues.js';
import { DEFAULT_THROTTLE } from '../lib/webhook-api.js';
import { durationOf } from './cost.js';
import { readResults } from './results-file.js';
import { writeTable } from './written-table.js';

const RATES = [10, 100, 300, 1_000, 3_000, 10_000];
/** How many times the rate the stack should be able to process: what is beyond the rate drains a backlog. */
const RESERVE = 2;
const BACKLOG = 100_000;

const COMMAND = 'bench:limits';
const { paths, results } = readResults(COMMAND);
const perUnit = figure(/^a backlog of .*, for each unit of workerConcurrency, computed for AWS$/);
const writeUnits = figure(/^write units an event with indexes, batches of 100$/);
const ingest = durationOf(figure(/^ingest CPU an event, warm$/), 1);
const whole = (value: number) => Math.ceil(value).toLocaleString('en');

writeTable('limits.md', 'what to set', COMMAND, [
  [
    'events a second',
    '`workerConcurrency`',
    '`throttle.rate`',
    'concurrent executions',
    'write units a second',
    `${whole(BACKLOG)} waiting events take`,
  ],
  ...RATES.map((rate) => {
    const units = Math.max(DEFAULT_WORKER_CONCURRENCY, Math.ceil((RESERVE * rate) / perUnit));
    return [
      whole(rate),
      units === DEFAULT_WORKER_CONCURRENCY ? `${units} (default)` : whole(units),
      RESERVE * rate <= DEFAULT_THROTTLE.rate ? `${whole(DEFAULT_THROTTLE.rate)} (default)` : whole(RESERVE * rate),
      whole(units + (rate * ingest) / 1000),
      whole(rate * writeUnits),
      `${whole(BACKLOG / (units * perUnit - rate))} s`,
    ];
  }),
]);

function figure(name: RegExp): number {
  const found = results.find((each) => name.test(each.name));
  if (!found) throw new Error(`${paths} says nothing about ${name.source}`);
  return found.ours;
}
