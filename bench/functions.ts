// What an event costs in each function: CPU, requests, write units, log bytes, memory.

import { INGEST_METRICS } from '../contract/metrics.js';
import type { Bundles } from './bundles.js';
import type { Counts } from './counter.js';
import type { Emulators } from './emulators.js';
import { gatewayEvent, sqsEvents, stampedNow, standardMix } from './events.js';
import { inBatches, type Result, result, sum } from './measure.js';
import { type Cost, type Probe, startProbe } from './probe.js';

const MEBIBYTE = 1024 * 1024;
/** Two thirds of the memory of the stack's functions. */
const MEMORY_GOAL = Math.floor((256 * 2) / 3);

export interface Figures {
  /** Milliseconds of CPU per event. */
  readonly cpu: number;
  readonly logBytes: number;
  /** Custom metrics that were emitted, each with its dimensions. */
  readonly metrics: number;
}

export async function ingestCosts(bundles: Bundles, emulators: Emulators, about: number) {
  const names = ['ingest', 'sqsClient', 'textbookIngest'] as const;
  const probes = await Promise.all(names.map((name) => startProbe(bundles.folder(name), emulators.ingest)));
  const costs: Cost[][] = names.map(() => []);
  const mix = stampedNow(standardMix(1, about));
  const events = mix.length;
  for (const probe of probes) await probe.run(standardMix(2, 300).map(gatewayEvent));
  for (const round of inBatches(mix, 100)) {
    for (const [i, probe] of probes.entries()) costs[i]!.push(await probe.run(round.map(gatewayEvent)));
  }
  await Promise.all(probes.map((probe) => probe.stop()));
  requireAnswers(costs[0]!);
  requireAnswers(costs[2]!);
  const cpu = costs.map((each) => sum(each.map((cost) => cost.cpu)) / events / 1000);
  const [ours, , textbook] = costs.map((each) => figures(each, events));
  return {
    results: [
      result({
        name: 'ingest CPU an event, warm',
        unit: 'ms',
        ours: cpu[0]!,
        reference: cpu[1]!,
        referenceName: 'a bare SendMessage',
        goal: { bound: '<=', value: 1.15 },
      }),
      result({
        name: 'ingest log bytes an event',
        unit: 'bytes',
        ours: ours!.logBytes,
        reference: textbook!.logBytes,
        referenceName: 'textbook',
      }),
      memory('ingest peak memory', costs[0]!),
    ],
    ingest: ours!,
    textbookIngest: textbook!,
  };
}

function requireAnswers(costs: readonly Cost[]) {
  for (const { results, thrown } of costs) {
    const wrong = results.filter((each) => (each as { statusCode?: number } | null)?.statusCode !== 200);
    if (thrown > 0 || wrong.length > 0) throw new Error('the function did not answer 200: nothing was measured');
  }
}

function figures(costs: readonly Cost[], events: number): Figures {
  const lines = costs.flatMap((cost) => cost.lines);
  return {
    cpu: sum(costs.map(({ cpu }) => cpu)) / events / 1000,
    // Line breaks are billed too.
    logBytes: sum(lines.map((line) => Buffer.byteLength(line) + 1)) / events,
    metrics: new Set(lines.flatMap(metricsIn)).size,
  };
}

/** The custom metrics of a line in the embedded format, each combination of dimensions is one; or the one that a metric filter counts it in. */
function metricsIn(line: string): string[] {
  const members = JSON.parse(line);
  if (members._aws === undefined && Object.hasOwn(INGEST_METRICS, members.outcome)) return [members.outcome];
  return (members._aws?.CloudWatchMetrics ?? []).flatMap(
    ({ Dimensions, Metrics }: { Dimensions: string[][]; Metrics: { Name: string }[] }) =>
      Dimensions.flatMap((names) =>
        Metrics.map(({ Name }) => JSON.stringify([Name, ...names.map((name) => members[name])])),
      ),
  );
}

function memory(name: string, costs: readonly Cost[]): Result {
  return result({
    name,
    unit: 'MiB',
    ours: Math.max(...costs.map(({ rss }) => rss)) / MEBIBYTE,
    goal: { bound: '<=', value: MEMORY_GOAL },
  });
}

/** @param warmUp events before the worker is measured; the textbook gets a fifth of them, which takes as long */
export async function workerCosts(bundles: Bundles, emulators: Emulators, about: number, warmUp: number) {
  const results: Result[] = [];
  const mix = stampedNow(standardMix(1, about));
  const events = mix.length;
  const run = async (bundle: 'worker' | 'textbookWorker', size: number) => {
    const tables = await emulators.tables();
    const probe = await startProbe(bundles.folder(bundle), tables.worker('straight'));
    // The same warm-up time for both, not the same number of events.
    await probe.run(sqsEvents(standardMix(2, bundle === 'worker' ? warmUp : Math.ceil(warmUp / 5)), size));
    return { probe, costs: [] as Cost[] };
  };
  const figuresOf = new Map<string, Figures>();
  const peaks: Cost[] = [];
  for (const size of [100, 10]) {
    const ours = await run('worker', size);
    const textbook = await run('textbookWorker', size);
    for (const round of inBatches(mix, 500)) {
      ours.costs.push(await ours.probe.run(sqsEvents(round, size)));
      textbook.costs.push(await textbook.probe.run(sqsEvents(round, size)));
    }
    await Promise.all([ours.probe.stop(), textbook.probe.stop()]);
    requireApplied(ours.costs);
    requireApplied(textbook.costs);
    const cpu = [ours, textbook].map(({ costs }) => sum(costs.map((cost) => cost.cpu)) / events / 1000);
    results.push(
      result({
        name: `worker CPU an event, batches of ${size}`,
        unit: 'ms',
        ours: cpu[0]!,
        reference: cpu[1]!,
        referenceName: 'textbook',
        goal: { bound: '<=', value: 0.5 },
      }),
    );
    if (size === 100)
      results.push(
        result({
          name: 'worker CPU an event, batches of 100, by itself',
          unit: 'ms',
          ours: cpu[0]!,
          goal: { bound: '<=', value: 0.45 },
        }),
      );
    figuresOf.set(`worker ${size}`, figures(ours.costs, events));
    figuresOf.set(`textbook ${size}`, figures(textbook.costs, events));
    peaks.push(...ours.costs);
  }
  const alone = await run('worker', 1);
  const few = mix.slice(0, Math.ceil(events / 3));
  alone.costs.push(await alone.probe.run(sqsEvents(few, 1)));
  await alone.probe.stop();
  requireApplied(alone.costs);
  results.push(
    result({
      name: 'worker log bytes an event, batches of 100',
      unit: 'bytes',
      ours: figuresOf.get('worker 100')!.logBytes,
      reference: figuresOf.get('textbook 100')!.logBytes,
      referenceName: 'textbook',
    }),
    memory('worker peak memory', peaks),
  );
  return {
    results,
    worker: figuresOf.get('worker 100')!,
    workerOfTen: figuresOf.get('worker 10')!,
    workerOfOne: figures(alone.costs, few.length),
    textbookWorker: figuresOf.get('textbook 100')!,
  };
}

function requireApplied(costs: readonly Cost[]) {
  for (const { results, thrown } of costs) {
    const failed = results.some((each) => (each as { batchItemFailures?: unknown[] }).batchItemFailures?.length !== 0);
    if (thrown > 0 || failed) throw new Error('the worker did not apply everything: nothing was measured');
  }
}

/** Requests and units of the standard mix: the same in every run. */
export async function workerCounts(bundles: Bundles, emulators: Emulators, about: number) {
  const mix = standardMix(1, about);
  const events = mix.length;
  const count = async (bundle: 'worker' | 'textbookWorker', size: number) => {
    const tables = await emulators.tables();
    const probe: Probe = await startProbe(bundles.folder(bundle), tables.worker('counted'));
    const costs: Cost[] = [];
    const counts = await emulators.counter.during(async () => {
      for (const round of inBatches(mix, 500)) costs.push(await probe.run(sqsEvents(round, size)));
    });
    await probe.stop();
    requireApplied(costs);
    return counts;
  };
  const [at100, at10, at1] = [await count('worker', 100), await count('worker', 10), await count('worker', 1)];
  const textbook = await count('textbookWorker', 100);
  const each = (value: number) => value / events;
  const requests = (size: number, counts: Counts, goal?: number) =>
    result({
      name: `DynamoDB requests an event, batches of ${size}`,
      unit: 'requests',
      ours: each(counts.requests),
      reference: each(textbook.requests),
      referenceName: 'textbook',
      ...(goal ? { goal: { bound: '<=', value: goal, of: 'value' } as const } : {}),
    });
  const written = (size: number, counts: Counts, goal: number) =>
    result({
      name: `write units an event with indexes, batches of ${size}`,
      unit: 'units',
      ours: each(counts.written),
      reference: each(textbook.written),
      referenceName: 'textbook',
      goal: { bound: '<=', value: goal, of: 'value' },
    });
  return {
    results: [
      requests(100, at100, 1),
      requests(10, at10),
      requests(1, at1),
      result({
        name: 'textbook: DynamoDB requests an event',
        unit: 'requests',
        ours: each(textbook.requests),
        goal: { bound: '>=', value: 4 },
      }),
      written(100, at100, 1.3),
      written(1, at1, 2),
      result({
        name: 'read units an event, batches of 100',
        unit: 'units',
        ours: each(at100.read),
        reference: each(textbook.read),
        referenceName: 'textbook',
      }),
    ],
    ours: at100,
    ours10: at10,
    ours1: at1,
    textbook,
    events,
  };
}
