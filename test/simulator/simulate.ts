// One history, one schedule: run, and compared with the independent model.

import type { Settings } from '../../contract/settings.js';
import type { Event } from '../support/builders/history.js';
import { expectedRows } from '../support/model/model.js';
import type { Rows } from '../support/model/rows.js';
import type { Action } from './actions.js';
import { countHistory, type History, randomHistory } from './history.js';
import { type Disturbances, PROFILES } from './profiles.js';
import { randomFrom } from './random.js';
import { runSchedule } from './schedule.js';
import { runAtRandom } from './scheduler.js';
import { type Counts, createWorld, type Message, type World, type WorldOptions } from './world.js';

export interface Case {
  readonly seed: number;
  readonly profile: string;
  readonly source: Settings['transactionSource'];
}

export interface Failure {
  readonly settings: Settings;
  readonly messages: readonly Message[];
  readonly pageSize: number | undefined;
  readonly actions: readonly Action[];
  /** Every step in words. */
  readonly words: readonly string[];
  readonly rows: Rows;
  readonly expected: Rows;
  /** Why it has no end. */
  readonly broken: string | undefined;
}

/** What a seed determines. */
function drawn({ seed, profile, source }: Case) {
  const random = randomFrom(seed);
  const draw = PROFILES[profile];
  if (!draw) throw new Error(`no profile ${profile}; use one of: ${Object.keys(PROFILES).join(', ')}`);
  const disturbances: Disturbances = draw(random);
  const history: History = randomHistory(random, source, disturbances);
  return { random, disturbances, history, pageSize: disturbances.batches ? random.pick([1, 1, 2]) : undefined };
}

/** Makes parts other than the real ones for each run: broken ones, to see that wrong ends are found. */
export type PartsOf = () => Pick<WorldOptions, 'engine' | 'processBatch'>;

/**
 * @param counts counts on in these
 * @returns whether the rows at the end are those of the model
 */
export async function isRight(one: Case, counts?: Counts, partsOf?: PartsOf): Promise<boolean> {
  const { random, disturbances, history, pageSize } = drawn(one);
  const world = createWorld({
    ...history,
    ...(pageSize ? { pageSize } : {}),
    ...(counts ? { counts } : {}),
    ...partsOf?.(),
  });
  countHistory(world.counts, history);
  const broken = await runAtRandom(world, random, disturbances);
  return !broken && isSame(world.engine.rows(), expectedRows(eventsOf(history.messages), history.settings));
}

/** Runs a case once more and records it. @returns nothing where it was right */
export async function record(one: Case, partsOf?: PartsOf): Promise<Failure | undefined> {
  const { random, disturbances, history, pageSize } = drawn(one);
  return recorded(history, pageSize, (world) => runAtRandom(world, random, disturbances), partsOf);
}

/** Runs a schedule. @returns nothing where its end is right */
export async function replay(
  { settings, pageSize }: Pick<Failure, 'settings' | 'pageSize'>,
  messages: readonly Message[],
  actions: readonly Action[],
  partsOf?: PartsOf,
): Promise<Failure | undefined> {
  return recorded({ settings, messages }, pageSize, (world) => runSchedule(world, actions), partsOf);
}

async function recorded(
  { settings, messages }: History,
  pageSize: number | undefined,
  run: (world: World) => Promise<string | undefined>,
  partsOf?: PartsOf,
): Promise<Failure | undefined> {
  const actions: Action[] = [];
  const words: string[] = [];
  const world = createWorld({
    settings,
    messages,
    ...(pageSize ? { pageSize } : {}),
    ...partsOf?.(),
    record: (text, action) => {
      words.push(text);
      if (action) actions.push(action);
    },
  });
  const broken = await run(world);
  const rows = world.engine.rows();
  const expected = expectedRows(eventsOf(messages), settings);
  if (!broken && isSame(rows, expected)) return undefined;
  return { settings, messages, pageSize, actions, words, rows, expected, broken };
}

function eventsOf(messages: readonly Message[]): Event[] {
  return messages.map(({ event }) => event);
}

/** Two lists of rows, sorted by key, with the same attributes. */
export function isSame(rows: Rows, expected: Rows): boolean {
  return isSameList(rows.customers, expected.customers) && isSameList(rows.transactions, expected.transactions);
}

function isSameList(rows: Rows['customers'], expected: Rows['customers']): boolean {
  if (rows.length !== expected.length) return false;
  return rows.every((row, i) => {
    const other = expected[i]!;
    const names = Object.keys(row);
    return names.length === Object.keys(other).length && names.every((name) => row[name] === other[name]);
  });
}
