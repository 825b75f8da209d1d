// The explorer of races: what it leaves out loses no result.

import { expect, test } from '@jest/globals';
import { SCENARIOS } from '../builders/scenarios.js';
import { seeded } from '../builders/workload.js';
import { memoryEngine } from '../emulators/memory-engine.js';
import { type ExploreOptions, explore } from './interleave.js';

/** Tables that check no conditions: with them the order of requests decides how a race ends. */
function careless(tables: readonly string[]) {
  const engine = memoryEngine();
  const answer: typeof engine.answer = (name, input) => {
    const isCareless = tables.includes((input as { TableName?: string }).TableName ?? '');
    return engine.answer(name, isCareless ? { ...(input as object), ConditionExpression: undefined } : input);
  };
  return { ...engine, answer };
}

/** What the explorer leaves out rests on links and evidence that only move forward, which needs their conditions if a worker dies. */
const ROWS = ['transactions', 'customers'];
const ALL = [...ROWS, 'links'];

async function endsOf(name: string, options: ExploreOptions, tables: readonly string[]) {
  const ends = new Set<string>();
  const exploration = await explore(SCENARIOS[name]!, (rows) => ends.add(JSON.stringify(rows, sortedKeys)), {
    ...options,
    engineOf: () => careless(tables),
  });
  expect(exploration.exhaustive).toBe(true);
  return { ends: [...ends].sort(), states: exploration.states };
}

/** The order of attributes is no difference. */
function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const CASES: readonly [scenario: string, crashes: number][] = [
  ['a charge against its customer', 0],
  ['two claims of who referred a customer', 0],
  ['an invoice against a moving link', 0],
  ['two moves of a link', 0],
  ['a move there and back', 0],
  ['a duplicate against itself', 0],
  ['two snapshots of one charge', 0],
  ['two snapshots of one charge', 1],
];
/** These take longer than all others together. */
const DEEP_CASES: typeof CASES = [
  ['a charge against its customer', 1],
  ['an own key gained against a link', 1],
  ['a refund against its charge', 1],
  ['a duplicate against itself', 1],
  ['an invoice against a moving link', 1],
];
const isDeep = process.env.INTERLEAVING_STATES !== undefined;

test.each(isDeep ? [...CASES, ...DEEP_CASES] : CASES)(
  '%s, with %d crashes: the reductions find the same final rows in fewer states',
  async (name, crashes) => {
    for (const tables of crashes === 0 ? [ROWS, ALL] : [ROWS]) {
      const all = await endsOf(name, { crashes, everyOrder: true }, tables);
      const reduced = await endsOf(name, { crashes }, tables);
      expect(reduced.ends).toEqual(all.ends);
      expect(reduced.states).toBeLessThanOrEqual(all.states);
    }
  },
  300_000,
);

test('without conditions a race has several results', async () => {
  expect((await endsOf('two snapshots of one charge', {}, ROWS)).ends.length).toBeGreaterThan(1);
});

const MERGED = Object.keys(SCENARIOS).filter((_, i) => isDeep || i % 12 === 0);

test.each(MERGED)('%s: what a worker forgets changes nothing that it does', async (name) => {
  const { courses } = await explore(SCENARIOS[name]!, () => {}, { crashes: 1, limit: isDeep ? 5_000 : 200 });
  expect(await courses.verifyMerges(seeded(1), isDeep ? 300 : 20)).toBeGreaterThan(0);
});
