// A state of an exploration, what can happen in it, and what of that has to be explored.

import { type Footprint, isLinkOrEvidence } from './footprint.js';
import type { Request, ValueTables } from './tables.js';
import type { Batch, Point, Waiting } from './workers.js';

export interface State {
  /** What the tables hold. */
  readonly content: number;
  /** Where each worker is that is not done. */
  readonly workers: readonly Point[];
  /** Writes that their workers did not live to see answered: each takes effect at any time after the death, or never. */
  readonly late: readonly Request[];
  readonly deaths: number;
}

export type Choice =
  | { readonly kind: 'answer'; readonly worker: number; readonly point: Point; readonly waiting: Waiting }
  /** `isApart`: the worker's messages come again one by one. */
  | { readonly kind: 'death'; readonly worker: number; readonly point: Point; readonly isApart: boolean }
  | { readonly kind: 'late'; readonly request: Request };

/** What has to be explored in a state. */
export function choicesOf(state: State, mayCrash: boolean, everyOrder: boolean): Choice[] {
  const { workers, late } = state;
  const first = everyOrder ? undefined : firstPrivate(state, mayCrash);
  if (first) return [first];
  const choices: Choice[] = [];
  for (const [worker, point] of workers.entries()) {
    if (!everyOrder && workers.indexOf(point) < worker) continue;
    for (const waiting of point.waiting) choices.push({ kind: 'answer', worker, point, waiting });
    if (!mayCrash || !point.isStarted) continue;
    choices.push({ kind: 'death', worker, point, isApart: false });
    if (point.batch.events.length > 1) choices.push({ kind: 'death', worker, point, isApart: true });
  }
  for (const request of late) choices.push({ kind: 'late', request });
  return choices;
}

function firstPrivate(state: State, mayCrash: boolean): Choice | undefined {
  for (const [worker, point] of state.workers.entries()) {
    const waiting = point.waiting.find(({ request }) => isPrivate(state, worker, request, mayCrash));
    if (waiting) return { kind: 'answer', worker, point, waiting };
  }
  return undefined;
}

export function describe(choice: Choice): string {
  if (choice.kind === 'late') return `late ${choice.request.what}`;
  const worker = choice.point.batch.events.map(({ type }) => type).join();
  if (choice.kind === 'answer') return `${worker}: ${choice.waiting.request.what}`;
  return `${worker}: ${choice.isApart ? 'dies, and its messages come again one by one' : 'dies'}`;
}

/** Whether a late write will change nothing, whenever it arrives: revisions only grow, and no item is deleted. */
export function isHopeless(request: Request, content: number, tables: ValueTables): boolean {
  const { answer, content: after } = tables.step(request, content);
  return answer.error !== undefined || (request.name === 'BatchWriteCommand' && after === content);
}

/** Whether a request commutes with everything that others will ever do, and so may go first. */
function isPrivate({ workers, late }: State, worker: number, request: Request, mayCrash: boolean): boolean {
  const { reads, writes } = request.footprint;
  if (writes.length > 0 && (mayCrash || workers[worker]!.waiting.length > 1)) return false;
  if (late.some((other) => touches(request.footprint, other.footprint.writes))) return false;
  const others = workers.filter((_, i) => i !== worker);
  const query = request.footprint.prefix;
  return [...reads, ...writes, ...(query === undefined ? [] : [query])].every((item) => {
    const [table, key] = item.split('\u0000') as [string, string];
    if (table === 'customers') return !others.some(({ batch }) => isNamed(batch, key));
    // A query of a whole partition of evidence finds nothing else in it.
    const isEvidence = item === query ? /^(charge|payment_intent|invoice)#/.test(key) : isLinkOrEvidence(item);
    if (!isEvidence || writes.length > 0) return false;
    const id = key.slice(key.indexOf('#') + 1);
    return !others.some((other) => mayWrite(other, item, id));
  });
}

/** Whether a worker may still write a link or evidence. After its first read it only writes those that it is busy with. */
function mayWrite({ batch, isStarted, isSettling, waiting }: Point, item: string, id: string): boolean {
  if (isSettling || !isNamed(batch, id)) return false;
  return !isStarted || waiting.some(({ request }) => touches(request.footprint, [item]));
}

const named = new WeakMap<Batch, Map<string, boolean>>();

/** Whether the events of a batch name an ID. */
function isNamed(batch: Batch, id: string): boolean {
  const answers = named.get(batch) ?? new Map<string, boolean>();
  named.set(batch, answers);
  const answer = answers.get(id) ?? batch.text.includes(JSON.stringify(id));
  answers.set(id, answer);
  return answer;
}

/** @param items may be the beginnings of items, too */
function touches({ reads, writes, prefix }: Footprint, items: readonly string[]): boolean {
  return items.some(
    (item) =>
      (prefix !== undefined && item.startsWith(prefix)) || [...reads, ...writes].some((own) => own.startsWith(item)),
  );
}
