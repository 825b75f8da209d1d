// `npm run bench:guard`: compares the figures that are the same in every run with those that were last accepted (guard.json). Fails if
// one got worse; `--update` accepts the current ones.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../cli/output.js';
import { buildBundles } from './bundles.js';
import { startEmulators } from './emulators.js';
import { ingestCosts, workerCosts, workerCounts } from './functions.js';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

/** Bytes change slightly with each release of the SDK. */
const SLACK = 1.01;
/** By how much the engine's own count may differ from the one by the sizes of items. */
const CROSS_CHECK = 0.01;

const { values } = parseArgs({ options: { update: { type: 'boolean' }, dynamodb: { type: 'string' } } });
const file = join(import.meta.dirname, 'guard.json');

const bundles = await buildBundles();
const emulators = await startEmulators(values.dynamodb);
const figures: Record<string, number> = {};
let reported = 0;
try {
  for (const name of ['ingest', 'worker'] as const) figures[`${name} bundle, bytes`] = bundles.bytes(name);
  figures['ingest log bytes an event'] = (await ingestCosts(bundles, emulators, 300)).ingest.logBytes;
  figures['worker log bytes an event'] = (await workerCosts(bundles, emulators, 300, 100)).worker.logBytes;
  const { ours, ours1, events, results } = await workerCounts(bundles, emulators, 1000);
  for (const { name, ours: value } of results.filter(({ name }) => name.startsWith('DynamoDB requests')))
    figures[name] = value;
  figures['write units an event, batches of 100'] = ours.written / events;
  figures['write units an event, batches of 1'] = ours1.written / events;
  figures['read units an event, batches of 100'] = ours.read / events;
  reported = (values.dynamodb ? ours.reported : ours.reported + ours.writtenToIndexes) / ours.written;
} finally {
  await emulators.stop();
  bundles.remove();
}

const accepted: Record<string, number> = values.update ? figures : JSON.parse(readFileSync(file, 'utf8'));
if (values.update) {
  const rounded = Object.entries(figures).map(([name, value]) => [name, Math.round(value * 1000) / 1000]);
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(rounded), undefined, 2)}\n`);
}
const rows = Object.entries(figures).map(([name, value]) => {
  const limit = (accepted[name] ?? 0) * SLACK;
  return { name, value, accepted: accepted[name] ?? 0, worse: value > limit + 0.001 };
});
process.stdout.write(
  `${table([
    ['', 'now', 'accepted', ''],
    ...rows.map((row) => [row.name, row.value.toFixed(2), row.accepted.toFixed(2), row.worse ? 'WORSE' : 'ok']),
  ])}\n`,
);
const engine = values.dynamodb ? 'the engine' : 'the engine, and the sizes of index entries,';
process.stdout.write(
  `Write units as ${engine} counts them: ${(reported * 100).toFixed(2)} % of those by the sizes of items\n`,
);
if (Math.abs(reported - 1) > CROSS_CHECK) {
  process.stderr.write('The two ways to count write units differ: bench/units.ts is wrong, or the engine is.\n');
  process.exitCode = 1;
}
if (rows.some(({ worse }) => worse)) {
  process.stderr.write(
    'Something costs more than it did. If it has to, say why and run `npm run bench:guard -- --update`.\n',
  );
  process.exitCode = 1;
}
