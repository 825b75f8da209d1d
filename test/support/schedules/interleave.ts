// Explores every order in which the requests of several workers can reach the tables, and every point at which a worker can die.
// Writes that a dead worker had in flight take effect at any later time, or never; SQS delivers its messages again together or one
// by one.
//
// A state is what the tables hold, where each worker is, and which writes of dead workers are still in flight. `tables.ts` and
// `workers.ts` remember what each request and each answer leads to, so no order is run from the start again.
// `docs/decisions/interleavings.md` says which states are left out, and why no end is lost. `interleave.test.ts` compares the ends
// with those of every order, on tables where races do end differently.

import { seeded } from '../builders/workload.js';
import { type MemoryEngine, memoryEngine } from '../emulators/memory-engine.js';
import type { Rows } from '../model/rows.js';
import { type Choice, choicesOf, describe, isHopeless, type State } from './states.js';
import { type ValueTables, valueTables } from './tables.js';
import { type Courses, coursesOf, type Point, type Scenario } from './workers.js';

export interface Exploration {
  /** Distinct states. */
  readonly states: number;
  /** Distinct states in which every worker is done. The rows of each are checked. */
  readonly ends: number;
  /** Workers that died in distinct states, and whose messages were delivered again. */
  readonly crashes: number;
  /** Whether every state was explored. */
  readonly exhaustive: boolean;
  readonly courses: Courses;
}

export interface ExploreOptions {
  /** How many workers may die on the way. */
  readonly crashes?: number;
  /** How many states at most. */
  readonly limit?: number;
  /** Leaves no state out: to see that no end is lost. */
  readonly everyOrder?: boolean;
  /** Tables other than the memory engine's. */
  readonly engineOf?: () => MemoryEngine;
}

interface Path {
  readonly choice: Choice;
  readonly before: Path | undefined;
}

/**
 * @param check called with the rows of each end, and the choices that led there; throws if they are wrong
 */
export async function explore(
  scenario: Scenario,
  check: (rows: Rows, choices: readonly string[]) => void,
  { crashes = 0, limit = Number.POSITIVE_INFINITY, everyOrder = false, engineOf = memoryEngine }: ExploreOptions = {},
): Promise<Exploration> {
  const engine = engineOf();
  const tables = valueTables(engine);
  const courses = coursesOf(scenario.settings, engine, tables, { remember: everyOrder });
  const random = seeded(1);
  const isNew = newStates();
  const found = { states: 0, ends: 0, crashes: 0, exhaustive: true, courses };
  const left: { readonly state: State; readonly path: Path | undefined }[] = [];
  const reach = (reached: State, path: Path | undefined) => {
    const state = everyOrder ? reached : canonical(reached, tables);
    if (!isNew(state)) return;
    found.states++;
    left.push({ state, path });
  };
  reach(await startOf(scenario, tables, courses), undefined);
  for (let before = 0; left.length > 0; ) {
    if (found.states > limit) return { ...found, exhaustive: false };
    // Deepest first, which needs the least memory; with a limit, from anywhere after each end, so that choices made early count too.
    const isStuck = left.length <= before && Number.isFinite(limit);
    const at = isStuck ? Math.floor(random() * left.length) : left.length - 1;
    const { state, path } = left[at]!;
    left[at] = left.at(-1)!;
    left.pop();
    before = left.length;
    if (state.workers.length === 0) {
      found.ends++;
      check(tables.rows(state.content), choicesTo(path));
    }
    for (const choice of choicesOf(state, state.deaths < crashes, everyOrder)) {
      if (choice.kind === 'death' && !choice.isApart) found.crashes++;
      reach(await take(state, choice, tables, courses), { choice, before: path });
    }
  }
  return found;
}

/** The workers before they have sent anything, after the events that were applied before. */
async function startOf({ before, workers }: Scenario, tables: ValueTables, courses: Courses): Promise<State> {
  let content = tables.empty;
  for (const event of before) {
    for (let point = await courses.start([event]); point.waiting.length > 0; ) {
      const { label, request } = point.waiting[0]!;
      const step = tables.step(request, content);
      content = step.content;
      point = await courses.answered(point, label, step.answer);
    }
  }
  return {
    content,
    workers: await Promise.all(workers.map((events) => courses.start(events))),
    late: [],
    deaths: 0,
  };
}

/** The state after a choice. */
async function take(state: State, choice: Choice, tables: ValueTables, courses: Courses): Promise<State> {
  const { content, workers, late, deaths } = state;
  if (choice.kind === 'late') {
    const { request } = choice;
    const at = late.indexOf(request);
    return { ...state, content: tables.step(request, content).content, late: late.filter((_, i) => i !== at) };
  }
  const { worker, point } = choice;
  if (choice.kind === 'answer') {
    const { label, request } = choice.waiting;
    const step = tables.step(request, content);
    const next = courses.known(point, label, step.answer) ?? (await courses.answered(point, label, step.answer));
    return { content: step.content, workers: replaced(workers, worker, [next]), late, deaths };
  }
  const inFlight = point.waiting.map(({ request }) => request).filter(({ footprint }) => footprint.writes.length > 0);
  const { events } = point.batch;
  const batches = choice.isApart ? events.map((event) => [event]) : [events];
  const again = await Promise.all(batches.map((batch) => courses.start(batch)));
  return { content, workers: replaced(workers, worker, again), late: [...late, ...inFlight], deaths: deaths + 1 };
}

/** Workers that are done are left out. */
function replaced(workers: readonly Point[], gone: number, come: readonly Point[]): Point[] {
  return [...workers.slice(0, gone), ...come.filter(({ waiting }) => waiting.length > 0), ...workers.slice(gone + 1)];
}

/** The same state for all that differ only in which of several alike workers is where, or in writes that change nothing any more. */
function canonical({ content, workers, late, deaths }: State, tables: ValueTables): State {
  return {
    content,
    workers: [...workers].sort((a, b) => a.id - b.id),
    late:
      late.length === 0
        ? late
        : late.filter((request) => !isHopeless(request, content, tables)).sort((a, b) => a.id - b.id),
    deaths,
  };
}

function newStates() {
  const numbers = new Map<string, number>();
  const visited = new Map<number, Set<number>>();
  return ({ content, workers, late, deaths }: State): boolean => {
    let text = String(deaths);
    for (const { id } of workers) text += `,${id}`;
    for (const { id } of late) text += `;${id}`;
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    const known = visited.get(content) ?? new Set();
    visited.set(content, known);
    if (known.has(number)) return false;
    known.add(number);
    return true;
  };
}

function choicesTo(path: Path | undefined): string[] {
  const choices: string[] = [];
  for (let each = path; each; each = each.before) choices.unshift(describe(each.choice));
  return choices;
}
