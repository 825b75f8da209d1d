// `npm run simulate`: random histories under random schedules, each end compared with the independent model.
//
//   --minutes N     how long (1)            --profile NAME    one of the profiles (all of them, in turn)
//   --histories N   of each profile         --source NAME     charge or invoice (both, in turn)
//   --seed N        where to begin; without --minutes and --histories that one seed alone
//   --processes N   in parallel (one for each core)

import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { withoutClock } from './pauses.js';
import { PROFILES } from './profiles.js';
import { reportOf } from './report.js';
import { shrink } from './shrink.js';
import { type Case, isRight, record } from './simulate.js';
import { type Counts, noCounts } from './world.js';

const SOURCES = ['charge', 'invoice'] as const;
/** Histories of one profile and source before the next has its turn. */
const TURN = 100;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string' },
    histories: { type: 'string' },
    profile: { type: 'string' },
    source: { type: 'string' },
    processes: { type: 'string' },
    'keep-going': { type: 'boolean' },
  },
});

/** What one process does: every `step`-th seed from `first` on. */
interface Task {
  readonly first: number;
  readonly step: number;
  /** Until when, in milliseconds since 1970, and how many histories of each profile and source. */
  readonly until: number;
  readonly histories: number;
  readonly profiles: readonly string[];
  readonly sources: readonly (typeof SOURCES)[number][];
  readonly keepGoing: boolean;
}

/** What became of it, by profile. */
type Totals = Record<string, Counts & { histories: number; wrong: number }>;

const children: ChildProcess[] = [];

if (process.send) process.once('message', (task: Task) => runTask(task).then((totals) => process.send!(totals)));
else await main();

async function main() {
  const alone = values.seed !== undefined && values.minutes === undefined && values.histories === undefined;
  const processes = alone ? 1 : number('processes', availableParallelism());
  const minutes = number('minutes', values.histories === undefined && !alone ? 1 : Number.MAX_SAFE_INTEGER / 1e6);
  const seed = number('seed', Date.now() % 1e9);
  const sources = oneOf('source', SOURCES);
  const task = (i: number): Task => ({
    first: seed + i,
    step: processes,
    until: Date.now() + minutes * 60_000,
    histories: alone ? 1 : Math.ceil(number('histories', Number.MAX_SAFE_INTEGER) / processes / sources.length),
    profiles: oneOf('profile', Object.keys(PROFILES)),
    sources,
    keepGoing: values['keep-going'] === true || alone,
  });
  const begin = Date.now();
  const all = await Promise.all(Array.from({ length: processes }, (_, i) => inProcess(task(i))));
  const wrong = print(merge(all), (Date.now() - begin) / 1000, seed);
  process.exitCode = wrong === 0 ? 0 : 1;
}

function number(name: 'seed' | 'minutes' | 'histories' | 'processes', byDefault: number): number {
  const value = values[name] === undefined ? byDefault : Number(values[name]);
  if (!(value >= 0)) throw new Error(`--${name} is ${values[name]}; use a number`);
  return value;
}

function oneOf<T extends string>(name: 'profile' | 'source', valid: readonly T[]): readonly T[] {
  const value = values[name] as T | undefined;
  if (value === undefined) return valid;
  if (!valid.includes(value)) throw new Error(`--${name} is ${value}; use one of: ${valid.join(', ')}`);
  return [value];
}

/** A child that ends without its totals has died. */
function inProcess(task: Task): Promise<Totals> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, [], { execArgv: process.execArgv });
    children.push(child);
    child.send(task);
    child.once('message', (totals: Totals) => {
      child.disconnect();
      // One failure is enough: the others stop too.
      if (!task.keepGoing && Object.values(totals).some(({ wrong }) => wrong > 0))
        for (const each of children) each.kill();
      resolve(totals);
    });
    child.once('exit', (code, signal) =>
      signal === 'SIGTERM' ? resolve({}) : reject(new Error(`a process ended with ${code ?? signal}`)),
    );
  });
}

async function runTask(task: Task): Promise<Totals> {
  // Conditions fail all the time, and building their stack traces is slow.
  Error.stackTraceLimit = 0;
  const totals: Totals = {};
  const turns = task.profiles.flatMap((profile) => task.sources.map((source) => ({ profile, source })));
  const perTurn = Math.min(TURN, task.histories);
  await withoutClock(async () => {
    for (let done = 0; done < task.histories; done += perTurn) {
      for (const { profile, source } of turns) {
        totals[profile] ??= { ...noCounts(), histories: 0, wrong: 0 };
        for (let i = done; i < done + perTurn; i++) {
          if (Date.now() > task.until) return;
          const one = { seed: task.first + i * task.step, profile, source };
          totals[profile].histories++;
          if (await isRight(one, totals[profile])) continue;
          totals[profile].wrong++;
          await tell(one);
          if (!task.keepGoing) return;
        }
      }
      // Lets a signal through.
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  return totals;
}

async function tell(one: Case) {
  const found = await record(one);
  if (!found) throw new Error(`seed ${one.seed} is wrong once and right once: the simulator is not deterministic`);
  process.stdout.write(`${reportOf(one, await shrink(found))}\n`);
}

function merge(all: readonly Totals[]): Totals {
  const sum: Totals = {};
  for (const totals of all) {
    for (const [profile, counts] of Object.entries(totals)) {
      sum[profile] ??= { ...noCounts(), histories: 0, wrong: 0 };
      const known = sum[profile];
      for (const name of Object.keys(counts) as (keyof typeof counts)[]) known[name] += counts[name];
    }
  }
  return sum;
}

function print(totals: Totals, seconds: number, seed: number): number {
  let [histories, wrong] = [0, 0];
  for (const [profile, counts] of Object.entries(totals)) {
    histories += counts.histories;
    wrong += counts.wrong;
    const named = Object.entries(counts).filter(([, count]) => count > 0);
    process.stdout.write(`${profile}: ${named.map(([name, count]) => `${count} ${name}`).join(', ')}\n`);
  }
  process.stdout.write(
    `simulate: ${histories} histories from seed ${seed} on, ${wrong} wrong, ${Math.round(histories / seconds)} a second\n`,
  );
  return wrong;
}
