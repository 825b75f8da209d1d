// How fast a backlog of events drains: per batch that is processed at the same time, here and on AWS.

import type { Bundles } from './bundles.js';
import { durationOf, ROUND_TRIPS_OF_A_BATCH } from './cost.js';
import type { Emulators } from './emulators.js';
import { sqsEvents, standardMix } from './events.js';
import { inBatches, type Result, result, sum } from './measure.js';
import { startProbe } from './probe.js';

const BATCH = 100;
/** Events that are made at once. */
const PORTION = 5_000;

interface Drain {
  /** Events a second. */
  readonly rate: number;
  /** Milliseconds of an event. */
  readonly cpu: number;
}

/** @param events in the backlog, roughly */
export async function backlog(bundles: Bundles, emulators: Emulators, events: number): Promise<Result[]> {
  const one = await drain(bundles, emulators, events, 1);
  const two = await drain(bundles, emulators, events, 2);
  const name = `a backlog of ${events.toLocaleString('en')} events`;
  return [
    result({ name: `${name}, one batch at a time, here`, unit: 'events/s', ours: one.rate }),
    result({
      name: `${name}, two batches at a time, here`,
      unit: 'events/s',
      ours: two.rate,
      reference: one.rate,
      referenceName: 'one batch at a time',
    }),
    result({
      name: `${name}, for each unit of workerConcurrency, computed for AWS`,
      unit: 'events/s',
      ours: BATCH / (durationOf(one.cpu * BATCH, ROUND_TRIPS_OF_A_BATCH) / 1000),
    }),
  ];
}

/** Each worker takes the next batches when it has processed its last ones, as Lambda's pollers do. */
async function drain(bundles: Bundles, emulators: Emulators, about: number, atOnce: number): Promise<Drain> {
  const tables = await emulators.tables();
  const workers = await Promise.all(
    Array.from({ length: atOnce }, async () => ({
      probe: await startProbe(bundles.folder('worker'), tables.worker('straight')),
      events: 0,
      wall: 0,
      cpu: 0,
    })),
  );
  await Promise.all(
    workers.map(({ probe }, i) => probe.run(sqsEvents(standardMix(900 + i, Math.min(1_000, about / 4)), BATCH))),
  );
  let left = about;
  for (let seed = 1; left > 0; seed++) {
    const mix = standardMix(seed, Math.min(PORTION, left));
    left -= mix.length;
    const portion = inBatches(mix, 5 * BATCH).values();
    await Promise.all(
      workers.map(async (worker) => {
        for (const events of portion) {
          const { cpu, wall, results, thrown } = await worker.probe.run(sqsEvents(events, BATCH));
          if (thrown > 0 || results.some(failed)) throw new Error('the worker did not apply everything');
          worker.events += events.length;
          worker.wall += wall;
          worker.cpu += cpu;
        }
      }),
    );
  }
  await Promise.all(workers.map(({ probe }) => probe.stop()));
  return {
    rate: sum(workers.map(({ events, wall }) => events / (wall / 1000))),
    cpu: sum(workers.map(({ cpu }) => cpu)) / sum(workers.map(({ events }) => events)) / 1000,
  };
}

function failed(response: unknown): boolean {
  return (response as { batchItemFailures: unknown[] }).batchItemFailures.length > 0;
}
