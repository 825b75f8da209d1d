// What workers do: the store's real code, run once for each series of answers that a worker can get, and remembered.
//
// Points that a worker goes on from in the same way are one point. `docs/decisions/interleavings.md` says what a worker forgets,
// and `verifyMerges` checks it.

import type { Settings } from '../../../contract/settings.js';
import { processBatch } from '../../../functions/worker/process-batch.js';
import type { Event } from '../builders/history.js';
import type { MemoryEngine } from '../emulators/memory-engine.js';
import { type Footprint, isAboutRows, isLinkOrEvidence } from './footprint.js';
import type { Answer, Request, ValueTables } from './tables.js';

export interface Scenario {
  readonly settings: Settings;
  /** Events that were applied before. */
  readonly before: readonly Event[];
  /** The events that each worker processes at the same time. */
  readonly workers: readonly (readonly Event[])[];
}

/** The events that a worker receives together. Workers that receive the same events are alike. */
export interface Batch {
  readonly events: readonly Event[];
  readonly text: string;
}

/** A request that waits. Its label tells it from an equal one that another part of the worker sends at the same time. */
export interface Waiting {
  readonly label: number;
  readonly request: Request;
}

/** Where a worker is. */
export interface Point {
  readonly id: number;
  /** What the worker still knows, and what it waits for. */
  readonly text: string;
  readonly batch: Batch;
  /** None: it is done. */
  readonly waiting: readonly Waiting[];
  readonly isStarted: boolean;
  /** Whether it writes no link and no evidence any more. */
  readonly isSettling: boolean;
  /** The answers that led here first. */
  readonly history: readonly Answered[];
  /** What followed each answer so far. */
  readonly next: Map<number, Answered & { readonly point: Point }>;
}

interface Answered {
  readonly label: number;
  readonly answer: Answer;
}

export interface CourseOptions {
  /** Forgets nothing that a worker was answered. */
  readonly remember: boolean;
}

export type Courses = ReturnType<typeof coursesOf>;

export function coursesOf(
  settings: Settings,
  { tables: names }: MemoryEngine,
  tables: ValueTables,
  { remember }: CourseOptions,
) {
  const numbers = new Map<string, number>();
  const points = new Map<string, Point>();
  const starts = new Map<string, Point>();
  const merged: { readonly history: readonly Answered[]; readonly into: Point }[] = [];

  const numberOf = (text: string) => {
    const number = numbers.get(text) ?? numbers.size + 1;
    numbers.set(text, number);
    return number;
  };
  const rerun = async (batch: Batch, history: readonly Answered[]) => {
    const run = startRun({ settings, names, tables, batch, numberOf, remember });
    await settled();
    for (const { label, answer } of history) await run.answer(label, answer);
    return run;
  };
  const pointOf = async (batch: Batch, history: readonly Answered[]): Promise<Point> => {
    const run = await rerun(batch, history);
    const text = run.text();
    const known = points.get(text);
    if (known) {
      if (known.waiting.length > 0) merged.push({ history, into: known });
      return known;
    }
    const waiting = run.waiting.map(({ label, request }) => ({ label, request }));
    const { isStarted, isSettling } = run;
    const point = { id: points.size, text, batch, waiting, isStarted, isSettling, history, next: new Map() };
    points.set(text, point);
    return point;
  };

  return {
    async start(events: readonly Event[]): Promise<Point> {
      const text = JSON.stringify(events);
      const point = starts.get(text) ?? (await pointOf({ events, text }, []));
      starts.set(text, point);
      return point;
    },
    /** Where a worker is after an answer that it was given before. */
    known: (point: Point, label: number, answer: Answer) => point.next.get(nextKey(label, answer))?.point,
    async answered(point: Point, label: number, answer: Answer): Promise<Point> {
      const next = await pointOf(point.batch, [...point.history, { label, answer }]);
      point.next.set(nextKey(label, answer), { label, answer, point: next });
      return next;
    },
    /**
     * Runs workers again that were merged into another's point, on a random course that the other took, until they are done.
     *
     * @returns how many it ran
     * @throws if one does anything else than the other
     */
    async verifyMerges(random: () => number, atMost: number): Promise<number> {
      const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
      const count = Math.min(atMost, merged.length);
      for (let i = 0; i < count; i++) {
        const { history, into } = pick(merged);
        const run = await rerun(into.batch, history);
        for (let at = into; at.next.size > 0; ) {
          const { label, answer, point } = pick([...at.next.values()]);
          await run.answer(label, answer);
          at = point;
          if (run.text() !== at.text) throw new Error(`a worker forgot what matters: ${run.text()} is not ${at.text}`);
        }
      }
      return count;
    },
  };
}

function nextKey(label: number, answer: Answer): number {
  return answer.id * 2 ** 26 + label;
}

interface Pending extends Waiting {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface RunOptions extends CourseOptions {
  readonly settings: Settings;
  readonly names: MemoryEngine['tables'];
  readonly tables: ValueTables;
  readonly batch: Batch;
  readonly numberOf: (text: string) => number;
}

function startRun({ settings, names, tables, batch, numberOf, remember }: RunOptions) {
  /** Sorted: parts of a worker that run at the same time do not affect each other, so their order does not matter. */
  let known: string[] = [];
  const stages = new Set<Stage>();
  /** The label of the request whose answer caused those that follow; 0 if the worker waited for no other. */
  let cause = 0;
  let answered: Footprint | undefined;
  let isDone = false;
  let failure: Error | undefined;
  const run = {
    waiting: [] as Pending[],
    isStarted: false,
    isSettling: false,
    async answer(label: number, answer: Answer) {
      const at = run.waiting.findIndex((each) => each.label === label);
      const [{ request, resolve, reject }] = run.waiting.splice(at, 1) as [Pending];
      const isAlone = run.waiting.length === 0;
      const { footprint } = request;
      if (!remember && isAlone && batch.events.length === 1 && isAboutRows(footprint)) known = [];
      known = [...known, remember ? `${label} ${answer.id}` : factOf({ label, request }, answer, stages)].sort();
      if (isAlone) known = [String(numberOf(known.join()))];
      cause = isAlone ? 0 : label;
      answered = run.isStarted ? footprint : undefined;
      run.isStarted = true;
      if (answer.error) reject(answer.error);
      else resolve(answer.output);
      await settled();
    },
    text() {
      if (failure) throw failure;
      if (isDone) return 'done';
      return JSON.stringify([batch.text, known, run.isSettling, run.waiting.map(({ label }) => label)]);
    },
  };
  const send = (command: { readonly constructor: { readonly name: string }; readonly input: unknown }) =>
    new Promise<unknown>((resolve, reject) => {
      const request = tables.request(command.constructor.name, command.input);
      const { footprint } = request;
      // The first read of a worker is about rows too.
      if (run.isStarted && (isAboutRows(footprint) || footprint.prefix !== undefined)) run.isSettling = true;
      if (run.isStarted) requireForeseen(footprint, run.isSettling, answered);
      const stage = stageOf(footprint, stages);
      if (stage && !stages.has(stage)) {
        stages.add(stage);
        if (!remember) known = [];
      }
      const isTaken = (label: number) => run.waiting.some((each) => each.label === label);
      let label = numberOf(`${cause} ${request.id}`);
      for (let i = 1; isTaken(label); i++) label = numberOf(`${cause} ${request.id} ${i}`);
      run.waiting.push({ label, request, resolve, reject });
      run.waiting.sort((a, b) => a.label - b.label);
    });
  processBatch({ tables: names, client: { send: send as never } }, settings, batch.events.map(toMessage)).then(
    (results) => {
      const undone = results.filter(({ outcome }) => outcome === 'failed' || outcome === 'not_understood');
      if (undone.length > 0) failure = new Error(`not applied: ${JSON.stringify(undone)}`);
      isDone = true;
    },
  );
  return run;
}

type Stage = 'sweep' | 'search for invoices' | 'rows of invoices';

/** The stage that a request begins or belongs to. What a worker knew before each, it reads again. */
function stageOf(footprint: Footprint, stages: ReadonlySet<Stage>): Stage | undefined {
  const { prefix } = footprint;
  if (prefix?.startsWith('links\u0000customer#')) return 'sweep';
  if (prefix !== undefined) return 'search for invoices';
  return stages.has('search for invoices') && isAboutRows(footprint) ? 'rows of invoices' : undefined;
}

/** What of an answer the worker goes by. */
function factOf({ label, request }: Waiting, answer: Answer, stages: ReadonlySet<Stage>): string {
  if (answer.error) return `${request.footprint.writes} failed`;
  const isSearch = stages.has('search for invoices') && !stages.has('rows of invoices');
  if (!isSearch) return `${label} ${answer.id}`;
  const { Items } = answer.output as { readonly Items: readonly Record<string, unknown>[] };
  return `${label} ${JSON.stringify(Items.map(({ sk, related, paid }) => [sk, related, paid !== undefined]))}`;
}

/** Which requests may go first rests on this: a worker that has read writes those links and evidence only that it is busy with. */
function requireForeseen({ writes }: Footprint, isSettling: boolean, answered: Footprint | undefined) {
  for (const item of writes.filter(isLinkOrEvidence)) {
    const isBusy = !answered || [...answered.reads, ...answered.writes].includes(item);
    if (isSettling || !isBusy) throw new Error(`a write that the explorer does not foresee: ${item}`);
  }
}

/** With no I/O behind it, whatever a worker does between two requests is over when no microtask is left. */
function settled() {
  return new Promise<void>((resolve) => process.nextTick(resolve));
}

function toMessage(event: Event) {
  return { messageId: event.id, body: JSON.stringify(event) };
}
