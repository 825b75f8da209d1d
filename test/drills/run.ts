// `npm run drills`: sets off every alarm of the template for its real cause. Those of the change feed need `--dynamodb URL` of an engine
// that has streams, such as Amazon's DynamoDB Local. `--write` puts the table into docs/runbook.md; without it, the rows there must be the
// same. `--only` takes names of alarms, separated by commas.

import { parseArgs } from 'node:util';
import type { Activity } from '../../local/activity.js';
import { resourcesOf, type Template } from '../../local/template.js';
import { createVirtualCloudWatch, type VirtualCloudWatch } from './clock.js';
import { allIsWell, type Drill, type DrillContext, drillsOf, FEED_ALARMS, NOT_DRILLED } from './drills.js';
import { startStackUnderDrill } from './stack.js';
import { checkRunbook, type DrillResult, printTable, rowOf, rowOfOther, writeRunbook } from './table.js';

const { values } = parseArgs({
  options: { write: { type: 'boolean' }, only: { type: 'string' }, dynamodb: { type: 'string' } },
});
const only = values.only?.split(',');

/** A dead letter waits for five days before its alarm goes off. */
const LONGEST_SECONDS = 6 * 24 * 3600;

interface AlarmOfTemplate {
  readonly id: string;
  readonly name: string;
  readonly periodSeconds: number;
  readonly evaluationPeriods: number;
}

let cloudwatch: VirtualCloudWatch | undefined;
const seen: Activity[] = [];
const stack = await startStackUnderDrill({
  dynamodb: values.dynamodb,
  activity(activity) {
    seen.push(activity);
    cloudwatch?.record(activity);
  },
  throttle: (request) => cloudwatch?.throttled(request),
  queues: () => cloudwatch?.queuesChanged(),
});
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stack.stop().finally(() => process.exit(1)));
try {
  process.exitCode = await main();
} finally {
  await stack.stop();
}

async function main(): Promise<number> {
  const drills = drillsOf(values.dynamodb !== undefined);
  const alarms = alarmsOf(stack.template);
  expectSame(
    alarms.map(({ name }) => name),
    [...drills.map(({ alarm }) => alarm), ...Object.keys(NOT_DRILLED)],
  );
  if (values.dynamodb === undefined) say(`skipped: ${FEED_ALARMS.join(', ')}, no --dynamodb with streams was given`);
  const rows = new Map<string, string>();
  for (const alarm of alarms) {
    if (only !== undefined && !only.includes(alarm.name)) continue;
    const found = drills.find((each) => each.alarm === alarm.name);
    if (!found) {
      rows.set(alarm.name, rowOfOther(alarm.name, NOT_DRILLED[alarm.name]!));
      continue;
    }
    const begin = Date.now();
    const result = await drill(alarm, found);
    rows.set(alarm.name, rowOf(result));
    const seconds = ((Date.now() - begin) / 1000).toFixed(1);
    say(
      `✔ ${alarm.name}: off after ${result.offAfter} × ${result.period}, clear after ${result.clearAfter} (${seconds} s)`,
    );
  }
  say(`\n${printTable([...rows.values()])}`);
  if (values.write) writeRunbook(rows);
  return checkRunbook(rows) ? 0 : 1;
}

function expectSame(alarms: readonly string[], drilled: readonly string[]): void {
  const missing = alarms.filter((name) => !drilled.includes(name));
  const unknown = drilled.filter((name) => !alarms.includes(name));
  if (missing.length + unknown.length > 0)
    throw new Error(`no drill for ${missing.join(', ') || 'nothing'}; no alarm for ${unknown.join(', ') || 'nothing'}`);
}

/** @throws if the alarm does not go off, goes off without a cause, or does not clear */
async function drill(alarm: AlarmOfTemplate, { cause, end, did, ended, values: source }: Drill): Promise<DrillResult> {
  const concurrency = { left: Number.POSITIVE_INFINITY };
  const watch = createVirtualCloudWatch(alarm, { ...stack, counts: stack.counts }, concurrency);
  const context: DrillContext = { stack, concurrency, failures, lines };
  await allIsWell(context);
  cloudwatch = watch;
  try {
    const before = await watch.period(() => allIsWell(context));
    if (before !== 'OK') throw new Error(`${alarm.name} goes off although all is well`);
    const offAfter = await periodsUntil('ALARM', alarm, (n) => watch.period(() => cause(context, n === 1)));
    if (end) await watch.late(() => end(context));
    const clearAfter = await periodsUntil('OK', alarm, (n) =>
      watch.period(() => (n === 1 ? allIsWell(context) : idle())),
    );
    const period = inWords(alarm.periodSeconds);
    return { alarm: alarm.name, did, ended, offAfter, clearAfter, period, source };
  } finally {
    cloudwatch = undefined;
  }
}

async function periodsUntil(
  state: 'OK' | 'ALARM',
  { name, periodSeconds, evaluationPeriods }: AlarmOfTemplate,
  period: (n: number) => Promise<'OK' | 'ALARM'>,
): Promise<number> {
  const most = state === 'OK' ? evaluationPeriods : LONGEST_SECONDS / periodSeconds;
  for (let n = 1; n <= most; n++) if ((await period(n)) === state) return n;
  throw new Error(`${name} is not ${state} after ${most} periods`);
}

async function idle(): Promise<void> {}

function failures(functionName: string): number {
  return seen.filter((each) => each.kind === 'invocation' && each.failed && each.functionName === functionName).length;
}

function lines(outcome: string): number {
  return seen.filter((each) => each.kind === 'line' && each.line.includes(`"outcome":"${outcome}"`)).length;
}

function alarmsOf(template: Template): AlarmOfTemplate[] {
  return resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([id, properties]) => {
    const path = String(template.Resources[id]?.Metadata?.['aws:cdk:path']);
    const queries = (properties.Metrics as { MetricStat?: { Period: number } }[] | undefined) ?? [];
    const period = properties.Period ?? queries.find(({ MetricStat }) => MetricStat)?.MetricStat?.Period;
    return {
      id,
      name: path.split('/').at(-2)!,
      periodSeconds: Number(period),
      evaluationPeriods: Number(properties.EvaluationPeriods),
    };
  });
}

function inWords(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return `${seconds / 60} min`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
