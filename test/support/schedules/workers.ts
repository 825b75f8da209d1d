// Workers whose requests wait until somebody lets them through, and who can die: one run of the explorer.

import { createHash } from 'node:crypto';
import type { Settings } from '../../../contract/settings.js';
import { processBatch } from '../../../functions/worker/process-batch.js';
import type { Event } from '../builders/history.js';
import type { MemoryEngine } from '../emulators/memory-engine.js';

export interface Scenario {
  readonly settings: Settings;
  /** Events that were applied before. */
  readonly before: readonly Event[];
  /** The events that each worker processes at the same time. */
  readonly workers: readonly (readonly Event[])[];
}

/** A choice: let a waiting request of a worker through, or let the worker die. */
export interface Choice {
  readonly worker: number;
  /** The request; absent for a death. */
  readonly what?: string;
  /** Of a death: whether the worker's messages come again one by one. */
  readonly apart?: boolean;
  readonly footprint: Footprint;
}

/** The items that a request reads or writes; a query reads all items that begin with a text. */
export interface Footprint {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly prefix?: string;
}

interface Pending {
  readonly what: string;
  readonly footprint: Footprint;
  readonly name: string;
  readonly input: unknown;
  readonly letThrough: () => void;
}

/** A write that its worker did not live to see answered: it takes effect at any time after the death, or never. */
interface Late extends Omit<Pending, 'letThrough'> {
  readonly worker: number;
}

interface Worker {
  readonly events: readonly Event[];
  pending: Pending[];
  /** A sum of hashes of its answers so far: the same in any order. */
  seen: bigint;
  started: boolean;
  /** Whether it writes no link and no evidence any more. */
  settling: boolean;
  /** The kinds of partitions that it has queried. */
  readonly queried: Set<string>;
  done: boolean;
  dead: boolean;
}

/** Whether a choice is a worker's death. */
export function isDeath({ what }: Choice): boolean {
  return what === undefined;
}

const NOTHING: Footprint = { reads: [], writes: [] };

export async function startRun(scenario: Scenario, engine: MemoryEngine) {
  for (const event of scenario.before) await processBatch(engine, scenario.settings, [toMessage(event)]);
  const workers: Worker[] = [];
  const late: Late[] = [];

  const start = (events: readonly Event[]) => {
    const worker: Worker = {
      events,
      pending: [],
      seen: 0n,
      started: false,
      settling: false,
      queried: new Set(),
      done: false,
      dead: false,
    };
    const client = {
      send: async (command: { readonly constructor: { readonly name: string }; readonly input: unknown }) => {
        const what = `${command.constructor.name.replace('Command', '')} ${JSON.stringify(command.input)}`;
        const footprint = footprintOf(command.input as never);
        // The first read of a worker is about rows too.
        if (worker.started && (isAboutRows(footprint) || footprint.prefix !== undefined)) worker.settling = true;
        forget(worker, footprint);
        const { name } = command.constructor;
        const { input } = command;
        await new Promise<void>((resolve) =>
          worker.pending.push({ what, name, input, footprint, letThrough: resolve }),
        );
        worker.started = true;
        if (isAboutRows(footprint) && events.length === 1 && worker.pending.length === 0) worker.seen = 0n;
        try {
          const output = engine.answer(name, input);
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
    /** Whether nothing is left to do. A late write may still take effect. */
    isAtRest: () => workers.every(({ done, dead }) => done || dead),
    choices(mayCrash: boolean): Choice[] {
      const alive = workers.flatMap((worker, i) => (worker.done || worker.dead ? [] : [{ worker, i }]));
      const mortal = mayCrash ? alive.filter(({ worker }) => worker.started) : [];
      return [
        ...alive.flatMap(({ worker, i }) =>
          worker.pending.map(({ what, footprint }): Choice => ({ worker: i, what, footprint })),
        ),
        ...late.map(({ worker, what, footprint }): Choice => ({ worker, what: `late ${what}`, footprint })),
        ...mortal.map(({ i }): Choice => ({ worker: i, footprint: NOTHING })),
        ...mortal
          .filter(({ worker }) => worker.events.length > 1)
          .map(({ i }): Choice => ({ worker: i, apart: true, footprint: NOTHING })),
      ];
    },
    /** Whether a request commutes with everything that others will ever do. */
    isPrivate({ worker, what, footprint: { reads, writes, prefix } }: Choice, mayCrash: boolean): boolean {
      const own = workers[worker]!;
      if (what === undefined) return false;
      if (own.dead || (writes.length > 0 && (mayCrash || own.pending.length > 1))) return false;
      const others = workers.filter((other) => other !== own && !other.done && !other.dead);
      const isNamed = (id: string, by: readonly Worker[]) =>
        by.some(({ events }) => JSON.stringify(events).includes(JSON.stringify(id)));
      return [...reads, ...writes, ...(prefix === undefined ? [] : [prefix])].every((item) => {
        if (late.some(({ footprint }) => footprint.writes.some((written) => written.startsWith(item)))) return false;
        const [table, key, sortKey] = item.split('\u0000');
        if (table === 'customers') return !isNamed(key!, others);
        const [, kind, id] = /^(customer|charge|payment_intent|invoice)#(.*)$/.exec(key!) ?? [];
        if (table !== 'links' || writes.length > 0 || id === undefined) return false;
        if (kind === 'customer' && sortKey !== 'link') return false;
        return !isNamed(
          id,
          others.filter(({ settling }) => !settling),
        );
      });
    },
    async take({ worker: index, what, apart }: Choice) {
      const worker = workers[index]!;
      if (what === undefined) {
        worker.dead = true;
        for (const request of worker.pending.splice(0))
          if (request.footprint.writes.length > 0) late.push({ ...request, worker: index });
        for (const events of apart ? worker.events.map((event) => [event]) : [worker.events]) start(events);
      } else if (what.startsWith('late ')) {
        const at = late.findIndex((request) => request.worker === index && `late ${request.what}` === what);
        const [{ name, input }] = late.splice(at, 1) as [Late];
        land(engine, name, input);
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
            workers.map(({ seen, done, dead, pending }) =>
              done || dead ? 'gone' : [String(seen), pending.map(({ what }) => what).sort()],
            ),
          ) +
          late.map(({ what }) => what).sort() +
          taken.filter(isDeath).length,
      ).toString(36),
  };
}

/** No worker waits for its answer any more. */
function land(engine: MemoryEngine, name: string, input: unknown) {
  try {
    engine.answer(name, input);
  } catch (error) {
    if ((error as Error).name !== 'ConditionalCheckFailedException') throw error;
  }
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

/** A sweep begins with the query of a Stripe customer's partition, and the invoices with one of another kind. */
function forget(worker: Worker, { prefix }: Footprint) {
  if (prefix === undefined) return;
  const stage = prefix.startsWith('links\u0000customer#') ? 'sweep' : 'invoices';
  if (!worker.queried.has(stage)) worker.seen = 0n;
  worker.queried.add(stage);
}

function isAboutRows({ reads, writes }: Footprint): boolean {
  return [...reads, ...writes].some((item) => item.startsWith('transactions\u0000'));
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
