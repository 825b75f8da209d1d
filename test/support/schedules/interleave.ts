// Explores every order in which the requests of several workers can reach the tables, and every point at which a worker can die.
// Writes that a dead worker had in flight take effect at any later time, or never; SQS delivers its messages again together or one
// by one.
//
// Workers run the store's real code on the memory engine, and each request waits until the explorer lets it through. The explorer
// tries each choice by running the scenario again with a longer prefix of choices.
//
// Three reductions leave out orders that lead to no other result:
// - A state that was reached before is not explored twice. A state is the tables, what waits, and what each worker was answered:
//   the set of its answers, because a worker that has several requests in flight waits for all of them.
// - Two requests commute if neither writes what the other reads or writes. Of such orders one is explored
//   (sleep sets; Godefroid, "Partial-Order Methods", 1996, section 5): a choice that was explored before another one, and commutes
//   with it, sleeps until something that does not commute with it happens. A state that is reached again with fewer choices
//   asleep is explored for those that sleep no more.
// - A request that commutes with everything that others will ever do goes first (a persistent set of one). A worker touches rows of
//   `customers`, and writes links and evidence, only for what its own events name, and writes those before it touches any row of
//   `transactions` or queries a partition. So that holds for a row of `customers` that no other worker's events name, and for a read
//   of a link or of evidence that every other worker has written already or will not write. If a worker may still die, only a read
//   goes first: a worker that dies before a read leaves what one leaves that dies after it.
//
// What a worker was answered is forgotten where its further course does not depend on it: when it is done or dies; when it begins
// to sweep dependents or to settle invoices, which reads everything again; and, for a worker with a single event, at each answer
// about rows, because it computes what comes next from the row and from what it reads after it.
//
// `interleave.test.ts` compares the ends with those of every order, on tables where races do end differently.

import { seeded } from '../builders/workload.js';
import { type MemoryEngine, memoryEngine } from '../emulators/memory-engine.js';
import type { Rows } from '../model/rows.js';
import { type Choice, type Footprint, isDeath, type Scenario, startRun } from './workers.js';

export interface Exploration {
  /** Distinct states. */
  readonly states: number;
  /** How often a run came to rest; the rows are checked each time. */
  readonly ends: number;
  /** States in which a worker died, and its messages were delivered again. */
  readonly crashes: number;
  /** Whether every state was explored. */
  readonly exhaustive: boolean;
}

export interface ExploreOptions {
  /** How many workers may die on the way. */
  readonly crashes?: number;
  /** How many runs at most. */
  readonly limit?: number;
  /** Every order, also of requests that commute: to see that the reductions lose no end. */
  readonly everyOrder?: boolean;
  /** Tables other than the memory engine's. */
  readonly engineOf?: () => MemoryEngine;
}

/**
 * @param check called with the rows of each end, and the choices that led there; throws if they are wrong
 */
export async function explore(
  scenario: Scenario,
  check: (rows: Rows, choices: readonly string[]) => void,
  { crashes = 0, limit = Number.POSITIVE_INFINITY, everyOrder = false, engineOf = memoryEngine }: ExploreOptions = {},
): Promise<Exploration> {
  /** Each state, and the choices that were asleep there. */
  const visited = new Map<string, ReadonlySet<string>>();
  const random = seeded(1);
  const left: { readonly prefix: readonly Choice[]; readonly sleep: readonly Choice[] }[] = [{ prefix: [], sleep: [] }];
  const found = { states: 0, ends: 0, crashes: 0, exhaustive: true };
  for (let runs = 0; left.length > 0; runs++) {
    if (runs >= limit) return { ...found, exhaustive: false };
    // Without a limit the deepest first, which needs the least memory; with one, choices made early count as much as late ones.
    const at = Number.isFinite(limit) ? Math.floor(random() * left.length) : left.length - 1;
    const { prefix, sleep: asleep } = left[at]!;
    left[at] = left.at(-1)!;
    left.pop();
    const run = await startRun(scenario, engineOf());
    for (const choice of prefix) await run.take(choice);
    const taken = [...prefix];
    for (let sleep = asleep; ; ) {
      const mayCrash = taken.filter(isDeath).length < crashes;
      const choices = run.choices(mayCrash);
      if (run.isAtRest()) {
        found.ends++;
        check(run.rows(), taken.map(idOf));
      }
      if (choices.length === 0) break;
      const awake = wake(run.state(taken), choices, sleep, visited, found);
      const own = everyOrder ? undefined : choices.find((choice) => run.isPrivate(choice, mayCrash));
      const explored = own ? awake.filter((choice) => idOf(choice) === idOf(own)) : awake;
      if (explored.length === 0) break;
      const successors = explored.map((choice, i) => ({
        prefix: [...taken, choice],
        sleep: [...sleep, ...explored.slice(0, i)].filter((other) => !everyOrder && commute(other, choice)),
      }));
      for (const choice of explored) if (isDeath(choice)) found.crashes++;
      left.push(...successors.slice(1));
      await run.take(explored[0]!);
      taken.push(explored[0]!);
      sleep = successors[0]!.sleep;
    }
  }
  return found;
}

/** The choices that have to be explored in this state, now that these sleep. */
function wake(
  state: string,
  choices: readonly Choice[],
  sleep: readonly Choice[],
  visited: Map<string, ReadonlySet<string>>,
  found: { states: number },
): Choice[] {
  const asleep = new Set(sleep.map(idOf));
  const before = visited.get(state);
  if (!before) {
    found.states++;
    visited.set(state, asleep);
    return choices.filter((choice) => !asleep.has(idOf(choice)));
  }
  visited.set(state, new Set([...before].filter((id) => asleep.has(id))));
  return choices.filter((choice) => before.has(idOf(choice)) && !asleep.has(idOf(choice)));
}

function idOf({ worker, what, apart }: Choice): string {
  return `worker ${worker + 1} ${what ?? (apart ? 'dies, and its messages come again one by one' : 'dies')}`;
}

/** Whether two choices lead to the same state in either order. */
function commute(a: Choice, b: Choice): boolean {
  // The number of crashes is limited, so one crash can prevent another. A dead worker makes no requests.
  if (isDeath(a) || isDeath(b)) return a.worker !== b.worker && isDeath(a) !== isDeath(b);
  return !disturbs(a.footprint, b.footprint) && !disturbs(b.footprint, a.footprint);
}

function disturbs(writer: Footprint, { reads, writes, prefix }: Footprint): boolean {
  return writer.writes.some(
    (item) => reads.includes(item) || writes.includes(item) || (prefix !== undefined && item.startsWith(prefix)),
  );
}
