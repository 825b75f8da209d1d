// The protocol of docs/decisions/protocol.md as a model, small enough to read in ten minutes. It has one row and what the row is
// computed from: the charge's newest snapshot, the link of its Stripe customer, and the evidence of its refunds and disputes. Each
// of the three is a number that only grows; a row remembers which numbers it was computed from. `explore` visits every state that
// workers, crashes, redeliveries and late requests can reach. `test/proofs/protocol-model.slow.test.ts` runs it, and checks requests of
// the real store against the same rules.

/** A row, the numbers it was computed from, and how often it has been written. */
export interface Row {
  readonly revision: number;
  readonly charge: number;
  readonly link: number;
  readonly evidence: number;
}

/** An event says that one of the three numbers is at least this. */
export type Event = readonly ['charge' | 'link' | 'evidence', number];

/** "Put this row if the stored one still has this revision"; 0 if there must be none. */
interface Put {
  readonly expected: number;
  readonly row: Row;
}

type Step = 'first read' | 'write input' | 'read row' | 'read inputs' | 'put';

interface Worker {
  /** The position of its message. */
  readonly message: number;
  readonly step: Step;
  /** The row as the worker last read or wrote it; null if there was none. */
  readonly row: Row | null;
  readonly put?: Put;
}

interface State {
  readonly row: Row | null;
  /** Every state that the row has had: an eventually consistent read may return any. */
  readonly past: readonly Row[];
  readonly link: number;
  readonly evidence: number;
  /** The charge is listed under its Stripe customer. */
  readonly dependent: boolean;
  readonly workers: readonly Worker[];
  readonly acknowledged: readonly boolean[];
  /** Requests that may still take effect although no worker waits for them. */
  readonly late: readonly Put[];
  readonly crashes: number;
  readonly copies: number;
}

/** What the model does without one of its rules: each variant must reach a wrong end. */
export type Without =
  | 'revision'
  | 'fresh first read'
  | 'second read'
  | 'row before inputs'
  | 'dependent'
  | 'remembered inputs';

export interface Bounds {
  readonly events: readonly Event[];
  /** How many workers may die. */
  readonly crashes: number;
  /** How many messages may be handed out twice, and how many requests may be sent twice. */
  readonly copies: number;
  readonly without?: Without;
}

const EMPTY = { row: null, past: [], link: 0, evidence: 0, dependent: false, workers: [], late: [] };

/** @returns how many states there are, and the first wrong end, if any */
export function explore(bounds: Bounds): { readonly states: number; readonly ends: number; readonly wrong?: unknown } {
  const { crashes, copies } = bounds;
  const start: State = { ...EMPTY, crashes, copies, acknowledged: bounds.events.map(() => false) };
  const seen = new Set([JSON.stringify(start)]);
  const pending = [start];
  let ends = 0;
  for (let state = pending.pop(); state; state = pending.pop()) {
    if (state.workers.length === 0 && state.acknowledged.every(Boolean)) {
      ends++;
      if (!isRight(state, bounds.events)) return { states: seen.size, ends, wrong: state };
    }
    for (const next of nextStates(state, bounds)) {
      // Workers and late requests are sets: their order makes no state.
      const text = JSON.stringify({ ...next, workers: sorted(next.workers), late: sorted(next.late) });
      if (seen.has(text)) continue;
      seen.add(text);
      pending.push(next);
    }
  }
  return { states: seen.size, ends };
}

/** When all is done, the row is the one that all events say. */
function isRight({ row }: State, events: readonly Event[]): boolean {
  const newest = (kind: Event[0]) => Math.max(0, ...events.filter(([name]) => name === kind).map(([, n]) => n));
  if (newest('charge') === 0) return row === null;
  return row?.charge === newest('charge') && row.link === newest('link') && row.evidence === newest('evidence');
}

function nextStates(state: State, bounds: Bounds): State[] {
  const next: State[] = [];
  // The queue delivers a message that is not acknowledged; a second copy at the same time only while copies are left.
  state.acknowledged.forEach((done, message) => {
    const isInFlight = state.workers.some((worker) => worker.message === message);
    if (done || (isInFlight && state.copies === 0)) return;
    const step = bounds.events[message]![0] === 'charge' ? 'first read' : 'write input';
    const workers = [...state.workers, { message, step, row: null } as const];
    next.push({ ...state, workers, copies: state.copies - Number(isInFlight) });
  });
  // A request that no worker waits for takes effect.
  for (const put of state.late)
    next.push({ ...landed(state, put, bounds), late: state.late.filter((other) => other !== put) });
  state.workers.forEach((worker, i) => {
    const become = (changed: State, ...replaced: Worker[]) =>
      next.push({ ...changed, workers: [...state.workers.slice(0, i), ...replaced, ...state.workers.slice(i + 1)] });
    // A worker dies. Its message is delivered again unless a copy of it was acknowledged; its request may still arrive.
    if (state.crashes > 0)
      become({ ...state, crashes: state.crashes - 1, late: worker.put ? [...state.late, worker.put] : state.late });
    takeStep(state, worker, bounds, become);
  });
  return next;
}

function takeStep(state: State, worker: Worker, bounds: Bounds, become: (state: State, ...workers: Worker[]) => void) {
  const [kind, n] = bounds.events[worker.message]!;
  const own = kind === 'charge' ? n : 0;
  const finish = () =>
    become({ ...state, acknowledged: state.acknowledged.map((done, i) => done || i === worker.message) });
  const putOrFinish = (row: Row | null, link: number, evidence: number) => {
    const wanted = { charge: Math.max(own, row?.charge ?? 0), link, evidence };
    if (wanted.charge === 0 || (row && isSame(row, wanted, bounds))) return finish();
    const put = { expected: row?.revision ?? 0, row: { revision: (row?.revision ?? 0) + 1, ...wanted } };
    // The charge is listed under its Stripe customer before the link is read for the last time.
    const dependent = bounds.without === 'dependent' ? state.dependent : true;
    become({ ...state, dependent }, { ...worker, row, step: 'put', put });
  };
  switch (worker.step) {
    case 'first read':
      // Each value may be out of date. It is used only if nothing in it is older than what the row was computed from.
      for (const row of [null, ...state.past])
        for (let link = 0; link <= state.link; link++)
          for (let evidence = 0; evidence <= state.evidence; evidence++) {
            const isFresh =
              !row || (link >= row.link && evidence >= row.evidence) || bounds.without === 'fresh first read';
            if (!isFresh) become(state, { ...worker, step: 'read row' });
            else if (row && isSame(row, { charge: Math.max(own, row.charge), link, evidence }, bounds))
              become(state, { ...worker, row, step: 'read inputs' });
            else putOrFinish(row, link, evidence);
          }
      return;
    case 'write input':
      return become(
        { ...state, [kind]: Math.max(state[kind as 'link' | 'evidence'], n) },
        { ...worker, step: 'read row' },
      );
    case 'read row':
      // A worker that moves the link knows only the charges that are listed.
      if (kind === 'link' && !state.dependent) return finish();
      if (bounds.without === 'row before inputs') {
        // The inputs were read before: they may be older than the row.
        for (let link = 0; link <= state.link; link++) putOrFinish(state.row, link, state.evidence);
        return;
      }
      return become(state, { ...worker, row: state.row, step: 'read inputs' });
    case 'read inputs':
      return putOrFinish(worker.row, state.link, kind === 'link' ? (worker.row?.evidence ?? 0) : state.evidence);
    case 'put': {
      const put = worker.put!;
      const after = landed(state, put, bounds);
      const { put: _, ...rest } = worker;
      const isStored = after.row !== state.row;
      if (isStored && (bounds.without === 'second read' || kind === 'link'))
        become({ ...after, acknowledged: state.acknowledged.map((done, i) => done || i === worker.message) });
      else become(after, isStored ? { ...rest, row: after.row, step: 'read inputs' } : { ...rest, step: 'read row' });
      // The request is sent twice, and one copy arrives late.
      if (state.copies > 0) become({ ...state, copies: state.copies - 1, late: [...state.late, put] }, worker);
    }
  }
}

function landed(state: State, { expected, row }: Put, { without }: Bounds): State {
  const isAsRead =
    without === 'revision' ? !state.row || row.charge >= state.row.charge : (state.row?.revision ?? 0) === expected;
  return isAsRead ? { ...state, row, past: [...state.past, row] } : state;
}

function isSame(row: Row, wanted: Omit<Row, 'revision'>, { without }: Bounds): boolean {
  if (row.charge !== wanted.charge) return false;
  // Without remembering, a row computed from link 1 and one from link 3 look alike: the key moved away and came back.
  if (without === 'remembered inputs')
    return row.link % 2 === wanted.link % 2 && row.evidence % 2 === wanted.evidence % 2;
  return row.link === wanted.link && row.evidence === wanted.evidence;
}

function sorted(items: readonly unknown[]): string[] {
  return items.map((item) => JSON.stringify(item)).sort();
}
