// `npm run bench`: compares this project with a textbook implementation of the same job, in one run on one machine.

import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { table } from '../cli/output.js';
import { backlog } from './backlog.js';
import { buildBundles } from './bundles.js';
import { coldStarts } from './cold-start.js';
import { firstPages } from './console.js';
import { fieldsWrong } from './correctness.js';
import { costs, costsByEventBridge, costsOfSmallBatches, ROUND_TRIPS_OF_A_BATCH } from './cost.js';
import { startEmulators } from './emulators.js';
import { endToEnd, latencies } from './end-to-end.js';
import { largestEvent } from './events.js';
import { ingestCosts, workerCosts, workerCounts } from './functions.js';
import { growth, manyCharges } from './growth.js';
import type { Result } from './measure.js';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    json: { type: 'string' },
    only: { type: 'string' },
    rows: { type: 'string' },
    dynamodb: { type: 'string' },
  },
});
const quick = values.quick ?? false;
const rows = Number(values.rows ?? 1_000_000);
/** How much each part does: events unless it says otherwise. */
const SIZE = quick
  ? {
      coldPairs: 3,
      ingest: 200,
      worker: 150,
      workerWarmUp: 100,
      counts: 100,
      correctness: { customers: 6, histories: 2 },
      growthSizes: [10_000],
      growthRounds: 3,
      charges: 1_000,
      backlog: 500,
      endToEnd: { events: 300, rounds: 1 },
      console: { rows: 10_000, starts: 1 },
      latency: { rates: [10], seconds: 2 },
    }
  : {
      coldPairs: 15,
      ingest: 3_000,
      worker: 3_000,
      workerWarmUp: 3_000,
      counts: 2_000,
      correctness: { customers: 150, histories: 25 },
      growthSizes: [10_000, 100_000, 1_000_000].filter((size) => size <= rows),
      growthRounds: 24,
      charges: 100_000,
      backlog: 100_000,
      endToEnd: { events: 3_000, rounds: 5 },
      console: { rows, starts: 5 },
      latency: { rates: [1, 10, 100], seconds: 20 },
    };
const wants = (part: string) => values.only === undefined || values.only.split(',').includes(part);
const begin = Date.now();
const say = (text: string) =>
  process.stderr.write(`${((Date.now() - begin) / 1000).toFixed(0).padStart(4)} s  ${text}\n`);

const results: Result[] = [];
const add = (part: string, some: readonly Result[]) => {
  for (const each of some) results.push(each);
  say(part);
};
const bundles = await buildBundles();
const emulators = await startEmulators(values.dynamodb);
try {
  if (wants('cold')) add('cold starts', await coldStarts(bundles, SIZE.coldPairs));
  const ingest = wants('functions') ? await ingestCosts(bundles, emulators, SIZE.ingest) : undefined;
  if (ingest) add('ingest', ingest.results);
  const worker = wants('functions') ? await workerCosts(bundles, emulators, SIZE.worker, SIZE.workerWarmUp) : undefined;
  if (worker) add('worker', worker.results);
  const counts = wants('counts') ? await workerCounts(bundles, emulators, SIZE.counts) : undefined;
  if (counts) add('requests and units', counts.results);
  if (ingest && worker && counts) {
    const counted = counts.events;
    const ours = {
      ingest: ingest.ingest,
      worker: worker.worker,
      counts: counts.ours,
      counted,
      batchSize: 100,
      messagesPerReceive: 10,
      workerRoundTrips: ROUND_TRIPS_OF_A_BATCH,
    };
    const small = { ...ours, messagesPerReceive: 1 };
    const lines = [
      ...costs(ours, {
        ingest: ingest.textbookIngest,
        worker: worker.textbookWorker,
        counts: counts.textbook,
        counted,
        batchSize: 100,
        messagesPerReceive: 10,
        workerRoundTrips: 500,
      }),
      ...costsByEventBridge(ours, largestEvent()),
      ...costsOfSmallBatches(
        { ...small, worker: worker.workerOfTen, counts: counts.ours10, batchSize: 10 },
        largestEvent(),
      ),
      ...costsOfSmallBatches(
        { ...small, worker: worker.workerOfOne, counts: counts.ours1, batchSize: 1 },
        largestEvent(),
      ),
    ];
    add('cost', lines);
  }
  if (wants('correctness')) add('correctness', await fieldsWrong(bundles, emulators, SIZE.correctness));
  if (wants('growth')) add('growth', await growth(bundles, emulators, SIZE.growthSizes, SIZE.growthRounds));
  if (wants('charges')) add('many charges', await manyCharges(bundles, emulators, SIZE.charges));
  if (wants('backlog')) add('backlog', await backlog(bundles, emulators, SIZE.backlog));
  if (wants('end-to-end')) add('end to end', await endToEnd(SIZE.endToEnd.events, SIZE.endToEnd.rounds));
  if (wants('console')) add('console', await firstPages(SIZE.console.rows, SIZE.console.starts));
  if (wants('latency')) add('latency', await latencies(SIZE.latency.rates, SIZE.latency.seconds));
} finally {
  await emulators.stop();
  bundles.remove();
}
say('done');
const cell = (value: number | null) =>
  value === null ? '–' : value < 10 ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0);
process.stdout.write(
  `${table([
    ['', 'unit', 'ours', 'reference', 'ratio', 'goal', ''],
    ...results.map((each) => [
      each.name,
      each.unit,
      cell(each.ours),
      each.reference === null ? '–' : `${cell(each.reference)} ${each.referenceName}`,
      cell(each.ratio),
      each.goal ?? '–',
      each.met === null ? '' : each.met ? 'met' : 'NOT MET',
    ]),
  ])}\n`,
);
if (values.json) {
  const machine = { node: process.version, cpus: cpus().length, memory: totalmem(), date: new Date().toISOString() };
  writeFileSync(values.json, `${JSON.stringify({ machine, results }, undefined, 2)}\n`);
}
