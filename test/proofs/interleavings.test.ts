// Two and three workers in parallel, in every order of their requests; and each worker killed after each of its requests, with its
// messages delivered again. Every run must end with the rows of the model.
//
// INTERLEAVING_STATES=1e9 npx jest test/proofs/interleavings     explores every scenario to the end; by default each stops early.

import { afterAll, expect, test } from '@jest/globals';
import { SCENARIOS } from '../support/builders/scenarios.js';
import { expectedRows } from '../support/model/model.js';
import { type Exploration, explore } from '../support/schedules/interleave.js';

const LIMIT = Number(process.env.INTERLEAVING_STATES ?? 120);

const totals = { states: 0, ends: 0, crashes: 0, exhaustive: 0 };
const count = ({ states, ends, crashes, exhaustive }: Exploration) => {
  totals.states += states;
  totals.ends += ends;
  totals.crashes += crashes;
  totals.exhaustive += Number(exhaustive);
};
afterAll(() => {
  process.stdout.write(
    `interleavings: ${totals.states} states, ${totals.ends} ends checked, ${totals.crashes} crash points; ${totals.exhaustive} of ${2 * Object.keys(SCENARIOS).length} explorations were exhaustive\n`,
  );
});

describeScenarios('in every order', 0);
describeScenarios('with a worker that dies', 1);

function describeScenarios(how: string, crashes: number) {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    test(`${name}, ${how}`, async () => {
      const expected = expectedRows([...scenario.before, ...scenario.workers.flat()], scenario.settings);
      const exploration = await explore(
        scenario,
        (rows, choices) => expect({ rows, choices }).toEqual({ rows: expected, choices }),
        {
          crashes,
          limit: LIMIT,
        },
      );
      count(exploration);
      expect(exploration.ends).toBeGreaterThan(0);
      if (crashes > 0) expect(exploration.crashes).toBeGreaterThan(0);
    }, 3_600_000);
  }
}
