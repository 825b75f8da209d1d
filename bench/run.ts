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
  if (wants('cold')) add('cold starts', await coldStarts(bundles, quick ? 3 : 15));
  const ingest = wants('functions') ? await ingestCosts(bundles, emulators, quick ? 200 : 3000) : undefined;
  if (ingest) add('ingest', ingest.results);
  const worker = wants('functions')
    ? await workerCosts(bundles, emulators, quick ? 150 : 3000, quick ? 100 : 3000)
    : undefined;
  if (worker) add('worker', worker.results);
  const counts = wants('counts') ? await workerCounts(bundles, emulators, quick ? 100 : 2000) : undefined;
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
  if (wants('correctness'))
    add(
      'correctness',
      await fieldsWrong(bundles, emulators, quick ? { customers: 6, histories: 2 } : { customers: 150, histories: 25 }),
    );
  if (wants('growth')) {
    const sizes = [10_000, 100_000, 1_000_000].filter((size) => size <= (quick ? 10_000 : rows));
    add('growth', await growth(bundles, emulators, sizes, quick ? 3 : 24));
  }
  if (wants('charges')) {
    add('many charges', await manyCharges(bundles, emulators, quick ? 1_000 : 100_000));
  }
  if (wants('backlog')) add('backlog', await backlog(bundles, emulators, quick ? 500 : 100_000));
  if (wants('end-to-end')) add('end to end', await endToEnd(quick ? 300 : 5000));
  if (wants('console')) add('console', await firstPages(quick ? 10_000 : rows, quick ? 1 : 5));
  if (wants('latency')) add('latency', await latencies(quick ? [10] : [1, 10, 100], quick ? 2 : 20));
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
