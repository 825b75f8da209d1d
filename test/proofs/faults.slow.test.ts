// A fault at each request of each scenario in turn: refused, cut off before or after it took effect, throttled, answered with a
// fault of AWS's own, partly unprocessed, or taking effect once more long after all is over. What failed is delivered again, as
// the queue would, and the rows are those of the model.

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { afterAll, expect, test } from '@jest/globals';
import { partsOf } from '../simulator/requests.js';
import { deliverUntilDone } from '../support/builders/history.js';
import { SCENARIOS } from '../support/builders/scenarios.js';
import { type MemoryEngine, memoryEngine } from '../support/emulators/memory-engine.js';
import { expectedRows } from '../support/model/model.js';
import type { Scenario } from '../support/schedules/workers.js';

type Command = { readonly constructor: { readonly name: string }; readonly input: Record<string, unknown> };
type Send = (command: Command) => Promise<unknown>;

const fault = (name: string) => Object.assign(new Error('injected'), { name });

/** What can happen to one request. */
const FAULTS: Readonly<Record<string, (command: Command, send: Send, later: Command[]) => Promise<unknown>>> = {
  'the connection is refused': async () => {
    throw fault('ECONNREFUSED');
  },
  'the connection is cut after it took effect': async (command, send) => {
    await send(command);
    throw fault('ECONNRESET');
  },
  'it is answered with 500': async () => {
    throw fault('InternalServerError');
  },
  'it takes effect and is answered with 500': async (command, send) => {
    await send(command);
    throw fault('InternalServerError');
  },
  'it is throttled': async () => {
    throw fault('ProvisionedThroughputExceededException');
  },
  'it comes back unprocessed': async (command, send) => {
    const { name } = command.constructor;
    if (name === 'BatchGetCommand') return { Responses: {}, UnprocessedKeys: command.input.RequestItems };
    if (name === 'BatchWriteCommand') return { UnprocessedItems: command.input.RequestItems };
    return send(command);
  },
  'part of it comes back unprocessed': async (command, send) => {
    const { name } = command.constructor;
    const parts = partsOf(name, command.input);
    if (parts.length < 2) return send(command);
    // The first item alone is read or written now.
    const [first, ...rest] = parts;
    const output = (await send({
      ...command,
      constructor: command.constructor,
      input: first!.input,
    } as Command)) as object;
    const left: Record<string, { Keys: unknown[] } | unknown[]> = {};
    for (const { input } of rest) {
      for (const [table, each] of Object.entries(
        input.RequestItems as Record<string, { Keys: unknown[] } | unknown[]>,
      )) {
        const known = left[table];
        if (Array.isArray(each)) left[table] = [...((known as unknown[] | undefined) ?? []), ...each];
        else
          left[table] = { ...each, Keys: [...((known as { Keys: unknown[] } | undefined)?.Keys ?? []), ...each.Keys] };
      }
    }
    return { ...output, [name === 'BatchGetCommand' ? 'UnprocessedKeys' : 'UnprocessedItems']: left };
  },
  'it is sent twice, and the first takes effect long after': async (command, send, later) => {
    later.push(command);
    return send(command);
  },
};

let points = 0;
afterAll(() => {
  process.stdout.write(`faults: ${points} points, each with rows as without a fault\n`);
});

for (const [what, inject] of Object.entries(FAULTS)) {
  test(`${what}, at each request of each scenario`, async () => {
    for (const [name, scenario] of Object.entries(SCENARIOS)) {
      const history = [...scenario.before, ...scenario.workers.flat()];
      const expected = expectedRows(history, scenario.settings);
      // As the scenario says, and all of it in one batch.
      for (const each of [scenario, { ...scenario, before: [], workers: [history] }]) {
        for (let at = 0; ; at++) {
          const run = await runWithFault(each, inject, at);
          if (!run.injected) break;
          points++;
          expect({ name, at, rows: run.engine.rows() }).toEqual({ name, at, rows: expected });
        }
      }
    }
  }, 120_000);
}

async function runWithFault(scenario: Scenario, inject: (typeof FAULTS)[string], at: number) {
  const engine = memoryEngine();
  await deliverUntilDone(
    engine,
    scenario.settings,
    scenario.before.map((event) => [event]),
  );
  const later: Command[] = [];
  let count = 0;
  let injected = false;
  const real = engine.client.send.bind(engine.client) as unknown as Send;
  const send: Send = (command) => {
    if (count++ !== at) return real(command);
    injected = true;
    return inject(command, real, later);
  };
  await deliverUntilDone({ tables: engine.tables, client: { send } as never }, scenario.settings, scenario.workers);
  for (const command of later) {
    await real(command).catch((error) => {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    });
  }
  return { engine: engine as MemoryEngine, injected };
}
