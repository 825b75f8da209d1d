// The explorer of races: its reductions leave out orders and lose no result.

import { expect, test } from '@jest/globals';
import { SCENARIOS } from '../builders/scenarios.js';
import { memoryEngine } from '../emulators/memory-engine.js';
import { type ExploreOptions, explore } from './interleave.js';

/** Tables that check no condition: with them the order of requests decides how a race ends. */
function careless() {
  const engine = memoryEngine();
  const answer: typeof engine.answer = (name, input) =>
    engine.answer(name, { ...(input as object), ConditionExpression: undefined });
  return { ...engine, answer };
}

async function endsOf(name: string, options: ExploreOptions) {
  const ends = new Set<string>();
  const exploration = await explore(SCENARIOS[name]!, (rows) => ends.add(JSON.stringify(rows)), {
    ...options,
    engineOf: careless,
  });
  expect(exploration.exhaustive).toBe(true);
  return { ends: [...ends].sort(), states: exploration.states };
}

const CASES: readonly [scenario: string, crashes: number][] = [
  ['a charge against its customer', 0],
  ['two claims of who referred a customer', 0],
  ['an invoice against a moving link', 0],
  ['two moves of a link', 0],
  ['a move there and back', 0],
  ['two snapshots of one charge', 0],
  ['two snapshots of one charge', 1],
];
/** These take longer than all others together. */
const DEEP_CASES: typeof CASES = [
  ['a charge against its customer', 1],
  ['an own key gained against a link', 1],
  ['a refund against its charge', 1],
];

test.each(process.env.INTERLEAVING_RUNS ? [...CASES, ...DEEP_CASES] : CASES)(
  '%s, with %d crashes: the reductions find the same final rows in fewer runs',
  async (name, crashes) => {
    const all = await endsOf(name, { crashes, everyOrder: true });
    const reduced = await endsOf(name, { crashes });
    expect(reduced.ends).toEqual(all.ends);
    expect(reduced.states).toBeLessThanOrEqual(all.states);
  },
  120_000,
);

test('without conditions a race has several results', async () => {
  expect((await endsOf('two snapshots of one charge', {})).ends.length).toBeGreaterThan(1);
});
