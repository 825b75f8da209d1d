// The protocol as a model (docs/protocol-model.ts): every state it can reach ends well, each of its rules is needed, and the requests
// of the real store keep to them.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import { type Bounds, explore, type Without } from '../../docs/protocol-model.js';
import { processBatch } from '../../functions/worker/process-batch.js';
import { histories } from '../support/builders/generate.js';
import type { Event } from '../support/builders/history.js';
import { seeded } from '../support/builders/workload.js';
import { memoryEngine } from '../support/emulators/memory-engine.js';

/** Histories that the real store applies. */
const MODEL_RUNS = Number(process.env.MODEL_RUNS ?? 400);

const BOUNDS: Readonly<Record<string, Bounds>> = {
  'a charge and a link': {
    events: [
      ['charge', 1],
      ['link', 1],
    ],
    crashes: 1,
    copies: 1,
  },
  'a charge and a refund': {
    events: [
      ['charge', 1],
      ['evidence', 1],
    ],
    crashes: 1,
    copies: 1,
  },
  'a charge and a link that moves': {
    events: [
      ['charge', 1],
      ['link', 1],
      ['link', 2],
    ],
    crashes: 1,
    copies: 0,
  },
  'a charge, a link and a refund': {
    events: [
      ['charge', 1],
      ['link', 1],
      ['evidence', 1],
    ],
    crashes: 1,
    copies: 0,
  },
  'two snapshots of a charge and a link': {
    events: [
      ['charge', 1],
      ['charge', 2],
      ['link', 1],
    ],
    crashes: 1,
    copies: 0,
  },
};

describe('every state of the model', () => {
  test.each(Object.entries(BOUNDS))('%s', (name, bounds) => {
    const { states, ends, wrong } = explore(bounds);
    process.stdout.write(`protocol model, ${name}: ${states} states, ${ends} ends, all right\n`);
    expect(wrong).toBeUndefined();
    expect(ends).toBeGreaterThan(10);
  });
});

describe('each rule of the model is needed', () => {
  const rules: readonly Without[] = [
    'revision',
    'fresh first read',
    'second read',
    'row before inputs',
    'dependent',
    'remembered inputs',
  ];
  test.each(rules)('without: %s', (without) => {
    const wrong = Object.values(BOUNDS).some((bounds) => explore({ ...bounds, without }).wrong !== undefined);
    expect(wrong).toBe(true);
  });
});

type Item = Readonly<Record<string, unknown>>;
interface Command {
  readonly constructor: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: each command has its own input
  readonly input: any;
}

test('the real store keeps to the rules of the model', async () => {
  let puts = 0;
  let finished = 0;
  await fc.assert(
    fc.asyncProperty(histories('charge', 7), fc.nat(), async (history, seed) => {
      const run = await traced(history, seed);
      puts += run.puts;
      finished += run.finished;
    }),
    { numRuns: MODEL_RUNS, seed: 7 },
  );
  process.stdout.write(
    `protocol model: ${puts} puts of rows by ${finished} workers of the real store keep to its rules\n`,
  );
  expect(puts).toBeGreaterThan(MODEL_RUNS);
}, 120_000);

/** Runs one worker for each half of the history at the same time, in a random interleaving, and checks each step. */
async function traced(history: readonly Event[], seed: number) {
  const engine = memoryEngine();
  const random = seeded(seed);
  let puts = 0;
  let time = 0;
  const rows = new Map<string, Item>();
  const halves = [history.filter((_, i) => i % 2 === 0), history.filter((_, i) => i % 2 === 1)];
  const work = halves.map(async (events) => {
    /** When each item was last read consistently, and what each row was when this worker last read or wrote it. */
    const readAt = new Map<string, number>();
    const seen = new Map<string, { readonly row: Item; readonly at: number }>();
    const send = async (command: Command) => {
      for (let turns = Math.floor(random() * 4); turns > 0; turns--)
        await new Promise((resolve) => setImmediate(resolve));
      const now = ++time;
      const output = (await engine.client.send(command as never)) as Item;
      if (command.constructor.name === 'BatchGetCommand') noteReads(command, readAt, now);
      if (command.constructor.name === 'PutCommand' && command.input.TableName === 'transactions') {
        const { Item } = command.input;
        checkPut(rows.get(Item.transaction_id), Item);
        rows.set(Item.transaction_id, Item);
        seen.set(Item.transaction_id, { row: Item, at: now });
        puts++;
      }
      return output;
    };
    const messages = events.map((event) => ({ messageId: event.id, body: JSON.stringify(event) }));
    await processBatch({ tables: engine.tables, client: { send } as never }, DEFAULT_SETTINGS, messages);
    checkFinish(seen, readAt);
  });
  await Promise.all(work);
  return { puts, finished: halves.length };
}

function noteReads({ input }: Command, readAt: Map<string, number>, now: number) {
  for (const { Keys, ConsistentRead } of Object.values<{ Keys: Item[]; ConsistentRead: boolean }>(input.RequestItems))
    if (ConsistentRead) for (const key of Keys) readAt.set(`${key.pk} ${key.sk}`, now);
}

/** A put increments the revision, and nothing that the row is computed from becomes older. */
function checkPut(before: Item | undefined, after: Item) {
  expect(after._revision).toBe(((before?._revision as number | undefined) ?? 0) + 1);
  // A failed charge has no reversals, so its row forgets the evidence.
  if (!before || after.deleted_reason === 'failed' || after.deleted_reason === 'expired') return;
  expect((after._evidence as number | undefined) ?? 0).toBeGreaterThanOrEqual(
    (before._evidence as number | undefined) ?? 0,
  );
  if (before.stripe_customer_id === after.stripe_customer_id && after.customer_key_source !== 'own')
    expect((after._link as number | undefined) ?? 0).toBeGreaterThanOrEqual((before._link as number | undefined) ?? 0);
}

/** A worker that wrote a row from a charge has read again what it was computed from. */
function checkFinish(
  seen: ReadonlyMap<string, { readonly row: Item; readonly at: number }>,
  readAt: ReadonlyMap<string, number>,
) {
  for (const [id, { row, at }] of seen) {
    const isSwept = !readAt.has(`charge#${id} evidence`);
    if (!isSwept) expect(readAt.get(`charge#${id} evidence`)).toBeGreaterThan(at);
    if (!isSwept && row.stripe_customer_id !== undefined && row.customer_key_source !== 'own')
      expect(readAt.get(`customer#${row.stripe_customer_id} link`)).toBeGreaterThan(at);
  }
}
