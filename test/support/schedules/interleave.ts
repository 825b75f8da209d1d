// Explores every order in which the requests of several workers can reach the tables, and every point at which a worker can die.
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
// - A request that commutes with everything that others will ever do goes first, unless a worker may still die (a persistent set of
//   one). A worker touches rows of `customers`, and writes evidence, only for what its own events name: so that holds for a row of
//   `customers` that no other worker's events name, and for a read of evidence about what they do not name.
//
// `interleave.test.ts` compares the ends with those of every order, on tables where races do end differently.

import { createHash } from 'node:crypto';
import type { Settings } from '../../../contract/settings.js';
import { processBatch } from '../../../functions/worker/process-batch.js';
import type { Event } from '../builders/history.js';
import { seeded } from '../builders/workload.js';
import { type MemoryEngine, memoryEngine } from '../emulators/memory-engine.js';
import type { Rows } from '../model/rows.js';

export interface Scenario {
  readonly settings: Settings;
  /** Events that were applied before. */
  readonly before: readonly Event[];
  /** The events that each worker processes at the same time. */
  readonly workers: readonly (readonly Event[])[];
}

export interface Exploration {
  /** Distinct states. */
  readonly states: number;
  /** Runs that reached an end, each checked. */
  readonly ends: number;
  /** States in which a worker died, and its messages were delivered again. */
  readonly crashes: number;
  /** Whether every state was explored. */
  readonly exhaustive: boolean;
}

/** A choice: let a waiting request of a worker through, or let the worker die. */
interface Choice {
  readonly worker: number;
  /** The request; absent for a death. */
  readonly what?: string;
  readonly footprint: Footprint;
}

/** The items that a request reads or writes; a query reads all items that begin with a text. */
interface Footprint {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly prefix?: string;
}

interface Pending {
  readonly what: string;
  readonly footprint: Footprint;
  readonly letThrough: () => void;
}

interface Worker {
  readonly events: readonly Event[];
  pending: Pending[];
  /** A sum of hashes of its answers so far: the same in any order. */
  seen: bigint;
  started: boolean;
  done: boolean;
  dead: boolean;
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
      if (choices.length === 0) {
        found.ends++;
        check(run.rows(), taken.map(idOf));
        break;
      }
      const awake = wake(run.state(taken), choices, sleep, visited, found);
      const own = mayCrash || everyOrder ? undefined : choices.find(run.isPrivate);
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

function isDeath({ what }: Choice): boolean {
  return what === undefined;
}

function idOf({ worker, what }: Choice): string {
  return `worker ${worker + 1} ${what ?? 'dies'}`;
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

async function startRun(scenario: Scenario, engine: MemoryEngine) {
  for (const event of scenario.before) await processBatch(engine, scenario.settings, [toMessage(event)]);
  const workers: Worker[] = [];
  const text = scenario.workers.map((events) => JSON.stringify(events));

  const start = (events: readonly Event[]) => {
    const worker: Worker = { events, pending: [], seen: 0n, started: false, done: false, dead: false };
    const client = {
      send: async (command: { readonly constructor: { readonly name: string }; readonly input: unknown }) => {
        const what = `${command.constructor.name.replace('Command', '')} ${JSON.stringify(command.input)}`;
        const footprint = footprintOf(command.input as never);
        await new Promise<void>((resolve) => worker.pending.push({ what, footprint, letThrough: resolve }));
        worker.started = true;
        try {
          const output = engine.answer(command.constructor.name, command.input);
          worker.seen += hash(`${what}${JSON.stringify(output)}`);
          return output;
        } catch (error) {
          worker.seen += hash(`${what}${(error as Error).name}`);
          throw error;
        }
      },
    };
    workers.push(worker);
    processBatch({ tables: engine.tables, client: client as never }, scenario.settings, events.map(toMessage)).then(
      (results) => {
        const undone = results.filter(({ outcome }) => outcome === 'failed' || outcome === 'not_understood');
        if (undone.length > 0) throw new Error(`not applied: ${JSON.stringify(undone)}`);
        worker.done = true;
      },
    );
  };
  for (const events of scenario.workers) start(events);
  await settled();

  return {
    rows: engine.rows,
    choices(mayCrash: boolean): Choice[] {
      const alive = workers.flatMap((worker, i) => (worker.done || worker.dead ? [] : [{ worker, i }]));
      const nothing: Footprint = { reads: [], writes: [] };
      return [
        ...alive.flatMap(({ worker, i }) =>
          worker.pending.map(({ what, footprint }): Choice => ({ worker: i, what, footprint })),
        ),
        ...(mayCrash
          ? alive.filter(({ worker }) => worker.started).map(({ i }): Choice => ({ worker: i, footprint: nothing }))
          : []),
      ];
    },
    /** Whether a request commutes with everything that others will ever do. */
    isPrivate({ worker, footprint: { reads, writes, prefix } }: Choice): boolean {
      const own = workers[worker]!;
      if (writes.length > 0 && own.pending.length > 1) return false;
      const others = scenario.workers.flatMap((events, i) => (events === own.events ? [] : [text[i]!]));
      const isOwn = (id: string | undefined) => !others.some((events) => events.includes(JSON.stringify(id)));
      return [...reads, ...writes, ...(prefix === undefined ? [] : [prefix])].every((item) => {
        const [table, key] = item.split('\u0000');
        if (table === 'customers') return isOwn(key);
        const [, id] = /^(?:charge|payment_intent|invoice)#(.*)$/.exec(key!) ?? [];
        return table === 'links' && writes.length === 0 && id !== undefined && isOwn(id);
      });
    },
    async take({ worker: index, what }: Choice) {
      const worker = workers[index]!;
      if (what === undefined) {
        // What it had asked for and was not let through never happens; its messages come again.
        worker.dead = true;
        worker.pending = [];
        start(worker.events);
      } else {
        const at = worker.pending.findIndex((request) => request.what === what);
        const [request] = worker.pending.splice(at, 1);
        request!.letThrough();
      }
      await settled();
    },
    state: (taken: readonly Choice[]) =>
      hash(
        engine.state() +
          JSON.stringify(
            workers.map(({ seen, done, dead, pending }) => [
              String(seen),
              done,
              dead,
              pending.map(({ what }) => what).sort(),
            ]),
          ) +
          taken.filter(isDeath).length,
      ).toString(36),
  };
}

type Keyed = Readonly<Record<string, string>>;

function footprintOf(input: {
  readonly TableName?: string;
  readonly Item?: Keyed;
  readonly Key?: Keyed;
  readonly RequestItems?: Readonly<
    Record<string, { readonly Keys: Keyed[] } | { readonly PutRequest: { Item: Keyed } }[]>
  >;
  readonly ExpressionAttributeValues?: Keyed;
}): Footprint {
  const { TableName: table, Item, Key, RequestItems, ExpressionAttributeValues: values } = input;
  const reads: string[] = [];
  const writes: string[] = [];
  for (const [name, requests] of Object.entries(RequestItems ?? {})) {
    if (Array.isArray(requests)) writes.push(...requests.map(({ PutRequest }) => itemText(name, PutRequest.Item)));
    else reads.push(...requests.Keys.map((key) => itemText(name, key)));
  }
  const written = Item ?? Key;
  if (written) writes.push(itemText(table!, written));
  if (RequestItems || written) return { reads, writes };
  return { reads, writes, prefix: [table, values![':pk'], values![':prefix'] ?? ''].join('\u0000') };
}

function itemText(table: string, item: Keyed): string {
  const key =
    table === 'links' ? [item.pk, item.sk] : [table === 'customers' ? item.customer_key : item.transaction_id];
  return [table, ...key].join('\u0000');
}

/** With no I/O behind it, whatever a worker does between two requests is over when no microtask is left. */
function settled() {
  return new Promise<void>((resolve) => process.nextTick(resolve));
}

function toMessage(event: Event) {
  return { messageId: event.id, body: JSON.stringify(event) };
}

function hash(text: string): bigint {
  return createHash('sha1').update(text).digest().readBigUInt64LE();
}
