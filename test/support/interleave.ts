// Every order in which the requests of several workers can reach the tables, and every point at which one can die.
//
// Workers run the store's real code on the memory engine, and each request waits until the explorer lets it through. The
// explorer goes through the choices by running again with a longer prefix of choices; a state that was seen
// (tables, and what each worker has been answered) is not gone into twice.

import { createHash } from 'node:crypto';
import type { Settings } from '../../contract/settings.js';
import { processBatch } from '../../functions/worker/process-batch.js';
import type { Event } from './history.js';
import { memoryEngine } from './memory-engine.js';
import { seeded } from './workload.js';

export interface Scenario {
  readonly settings: Settings;
  /** How many times the usual number of runs it is worth. */
  readonly effort?: number;
  /** Events that were applied before. */
  readonly before: readonly Event[];
  /** What each worker has in hand at the same time. */
  readonly workers: readonly (readonly Event[])[];
}

export interface Exploration {
  /** Distinct states gone through. */
  readonly states: number;
  /** Runs that went to the end, each checked. */
  readonly ends: number;
  /** States in which a worker was stopped dead, and its messages delivered again. */
  readonly crashes: number;
  /** Whether every state was gone into. */
  readonly exhaustive: boolean;
}

interface Worker {
  readonly events: readonly Event[];
  /** Requests that wait to be let through. */
  pending: { readonly what: string; readonly letThrough: () => void }[];
  /** What it was answered so far, for the state's hash. */
  seen: string;
  done: boolean;
  dead: boolean;
}

/** A choice: let through the n-th waiting request of a worker, or stop the worker dead. */
type Choice = { readonly worker: number; readonly request: number } | { readonly worker: number; readonly crash: true };

/**
 * @param check called with the rows of each end, and the choices that led there; throws where they are wrong
 * @param crashes how many workers may die on the way
 * @param limit how many runs at most
 */
export async function explore(
  scenario: Scenario,
  check: (rows: ReturnType<ReturnType<typeof memoryEngine>['rows']>, choices: readonly Choice[]) => void,
  { crashes = 0, limit = Number.POSITIVE_INFINITY }: { readonly crashes?: number; readonly limit?: number } = {},
): Promise<Exploration> {
  const visited = new Set<string>();
  const random = seeded(1);
  const prefixes: Choice[][] = [[]];
  const found = { states: 0, ends: 0, crashes: 0, exhaustive: true };
  for (let runs = 0; prefixes.length > 0; runs++) {
    if (runs >= limit) return { ...found, exhaustive: false };
    // Not the deepest first: under a limit, choices made early count as much as those made late.
    const at = Math.floor(random() * prefixes.length);
    const prefix = prefixes[at]!;
    prefixes[at] = prefixes.at(-1)!;
    prefixes.pop();
    const run = await startRun(scenario);
    for (const choice of prefix) await run.take(choice);
    const taken = [...prefix];
    for (;;) {
      const choices = run.choices(taken.filter((choice) => 'crash' in choice).length < crashes);
      if (choices.length === 0) {
        found.ends++;
        check(run.rows(), taken);
        break;
      }
      const state = run.state(taken);
      if (visited.has(state)) break;
      visited.add(state);
      found.states++;
      const [first, ...others] = choices;
      for (const other of others) {
        if ('crash' in other) found.crashes++;
        prefixes.push([...taken, other]);
      }
      await run.take(first!);
      taken.push(first!);
    }
  }
  return found;
}

async function startRun(scenario: Scenario) {
  const engine = memoryEngine();
  for (const event of scenario.before) await processBatch(engine, scenario.settings, [toMessage(event)]);
  const workers: Worker[] = [];

  const start = (events: readonly Event[]) => {
    const worker: Worker = { events, pending: [], seen: '', done: false, dead: false };
    const client = {
      send: async (command: never) => {
        const what = JSON.stringify((command as { input: unknown }).input);
        await new Promise<void>((resolve) => worker.pending.push({ what, letThrough: resolve }));
        try {
          const output = await engine.client.send(command);
          worker.seen = hash(`${worker.seen}${JSON.stringify(output)}`);
          return output;
        } catch (error) {
          worker.seen = hash(`${worker.seen}${(error as Error).name}`);
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
      const alive = workers.map((worker, i) => ({ worker, i })).filter(({ worker }) => !worker.done && !worker.dead);
      return [
        ...alive.flatMap(({ worker, i }) => worker.pending.map((_, request): Choice => ({ worker: i, request }))),
        ...(mayCrash
          ? alive.filter(({ worker }) => worker.seen !== '').map(({ i }): Choice => ({ worker: i, crash: true }))
          : []),
      ];
    },
    async take(choice: Choice) {
      const worker = workers[choice.worker]!;
      if ('crash' in choice) {
        // What it had asked for and was not let through never happens; its messages come again.
        worker.dead = true;
        worker.pending = [];
        start(worker.events);
      } else {
        const [request] = worker.pending.splice(choice.request, 1);
        request!.letThrough();
      }
      await settled();
    },
    state: (taken: readonly Choice[]) =>
      hash(
        engine.state() +
          JSON.stringify(
            workers.map(({ seen, done, dead, pending }) => [seen, done, dead, pending.map(({ what }) => what)]),
          ) +
          taken.filter((choice) => 'crash' in choice).length,
      ),
  };
}

/** With no I/O behind it, whatever a worker does between two requests is over when the event loop comes round. */
async function settled() {
  await new Promise((resolve) => setImmediate(resolve));
}

function toMessage(event: Event) {
  return { messageId: event.id, body: JSON.stringify(event) };
}

function hash(text: string): string {
  return createHash('sha1').update(text).digest('base64');
}
