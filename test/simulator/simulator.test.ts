// The simulator itself: each profile injects its disturbances, a faulty store is found, and a failure is repeated by its seed and shrunk.

import { beforeAll, describe, expect, test } from '@jest/globals';
import { type MemoryEngine, memoryEngine } from '../support/emulators/memory-engine.js';
import { randomHistory } from './history.js';
import { withoutClock } from './pauses.js';
import { DISPUTE_STATUSES } from './payloads.js';
import { PROFILES } from './profiles.js';
import { randomFrom } from './random.js';
import { reportOf } from './report.js';
import { shrink } from './shrink.js';
import { type Case, isRight, type PartsOf, record } from './simulate.js';
import { type Counts, noCounts } from './world.js';

beforeAll(() => {
  Error.stackTraceLimit = 0;
});

const HISTORIES = Number(process.env.SIMULATOR_TEST_HISTORIES ?? 30);
const SOURCES = ['charge', 'invoice'] as const;

/** Which disturbances a profile has, and no other has. */
const DISTURBS: Readonly<Record<string, readonly (keyof Counts)[]>> = {
  concurrency: ['parallel'],
  crashes: ['crashes', 'regrouped'],
  failures: ['failures', 'resent', 'regrouped'],
  batches: ['unprocessed', 'pages', 'parallel'],
  late: ['late', 'afterTimeout', 'afterDeath', 'crashes', 'timeouts', 'failures', 'resent', 'regrouped'],
  twice: ['twice', 'parallel', 'crashes', 'regrouped'],
  all: [
    'late',
    'afterTimeout',
    'afterDeath',
    'crashes',
    'timeouts',
    'failures',
    'resent',
    'regrouped',
    'unprocessed',
    'pages',
    'parallel',
    'twice',
  ],
};
const ALWAYS: readonly (keyof Counts)[] = ['workers', 'requests', 'stale', 'renderings', 'hashes'];

for (const [profile, disturbs] of Object.entries(DISTURBS)) {
  test(`the profile ${profile} injects ${disturbs.join(', ')}, and every run ends with the right rows`, async () => {
    const counts = noCounts();
    const wrong = await wrongSeeds(profile, HISTORIES, { counts });
    expect(wrong).toEqual([]);
    const happened = Object.entries(counts).flatMap(([name, count]) => (count > 0 ? [name] : []));
    expect(happened.sort()).toEqual([...ALWAYS, ...disturbs].sort());
  }, 600_000);
}

test('every profile is one of these', () => expect(Object.keys(DISTURBS)).toEqual(Object.keys(PROFILES)));

test('disputes have every status, and some that were lost are won on appeal', () => {
  const statuses = new Set<unknown>();
  let won = 0;
  for (let seed = 1; seed <= 1000; seed++) {
    for (const source of SOURCES) {
      const { messages } = randomHistory(randomFrom(seed), source, PROFILES.concurrency!(randomFrom(seed)));
      const snapshots = messages
        .map(({ event }) => event)
        .filter(({ data }) => data.object.object === 'dispute')
        .sort((a, b) => a.created - b.created);
      for (const { data } of snapshots) statuses.add(data.object.status);
      const path = snapshots.flatMap(({ data }) => (data.object.id === 'du_1' ? [String(data.object.status)] : []));
      if (/appeal_\w+,(.*,)?won/.test(path.join())) won++;
    }
  }
  expect([...statuses].sort()).toEqual([...new Set(DISPUTE_STATUSES)].sort());
  expect(won).toBeGreaterThan(5);
});

test('a few payments are in another currency than the rest, and invoices are made at different times', () => {
  const times = new Set<unknown>();
  let mixed = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const { messages } = randomHistory(randomFrom(seed), 'invoice', PROFILES.failures!(randomFrom(seed)));
    const objects = messages.map(({ event }) => event.data.object);
    const payments = objects.filter(({ object }) => object === 'invoice' || object === 'charge');
    if (new Set(payments.map(({ currency }) => currency)).size > 1) mixed++;
    for (const each of payments) if (each.object === 'invoice') times.add(each.created ?? each.date);
  }
  expect(times.size).toBeGreaterThan(1);
  expect(mixed).toBeGreaterThan(5);
  expect(mixed).toBeLessThan(50);
});

describe('faulty tables are detected', () => {
  /** What the tables do wrong, and the profile that must notice. */
  const BROKEN: Readonly<
    Record<string, { profile: string; answer: (engine: MemoryEngine) => MemoryEngine['answer'] }>
  > = {
    'conditions are not checked': {
      profile: 'concurrency',
      answer: (engine) => (name, input, stale) =>
        engine.answer(name, { ...(input as object), ConditionExpression: undefined }, stale),
    },
    'a write of a link is lost': {
      profile: 'crashes',
      answer: (engine) => (name, input, stale) =>
        name === 'PutCommand' && isLink(input) ? {} : engine.answer(name, input, stale),
    },
    'every read is stale': {
      profile: 'concurrency',
      answer: (engine) => (name, input) => engine.answer(name, inconsistent(input), true),
    },
  };
  for (const [what, { profile, answer }] of Object.entries(BROKEN)) {
    test(what, async () => {
      const partsOf = () => {
        const engine = memoryEngine();
        return { engine: { ...engine, answer: answer(engine) } };
      };
      const wrong = await wrongSeeds(profile, HISTORIES * 4, { partsOf, enough: 1 });
      expect(wrong.length).toBeGreaterThan(0);
    }, 600_000);
  }
});

test('a failure is recorded, repeated by its seed, and shrunk to the events and steps that matter', async () => {
  const one: Case = { seed: 0, profile: 'all', source: 'charge' };
  await withoutClock(async () => {
    for (let seed = 1; seed < 400; seed++) {
      const partsOf = () => {
        const engine = memoryEngine();
        return { engine: { ...engine, answer: lostDependents(engine) } };
      };
      const found = await record({ ...one, seed }, partsOf);
      if (!found) continue;
      const again = await record({ ...one, seed }, partsOf);
      expect(again).toEqual(found);
      const small = await shrink(found, partsOf);
      expect(small.messages.length).toBe(2);
      expect(small.words.length).toBeLessThanOrEqual(16);
      const text = reportOf({ ...one, seed }, small);
      expect(text).toContain(`npm run simulate -- --seed ${seed} --profile all --source charge`);
      expect(text).toMatch(/commit [0-9a-f]{7}|commit unknown/);
      expect(text).toContain('customer_key is undefined and must be');
      expect(text).toMatch(/worker \d+: /);
      return;
    }
    throw new Error('nothing was found');
  });
}, 600_000);

/** Loses every write of a dependent. */
function lostDependents(engine: MemoryEngine): MemoryEngine['answer'] {
  return (name, input, stale) => (name === 'BatchWriteCommand' ? {} : engine.answer(name, input, stale));
}

function isLink(input: unknown): boolean {
  const { Item } = input as { Item: Record<string, unknown> };
  return String(Item.pk).startsWith('customer#');
}

function inconsistent(input: unknown): unknown {
  const { RequestItems } = input as { RequestItems?: Record<string, object> };
  if (!RequestItems) return input;
  const relaxed = Object.entries(RequestItems).map(([table, request]) =>
    Array.isArray(request) ? [table, request] : [table, { ...request, ConsistentRead: false }],
  );
  return { ...(input as object), RequestItems: Object.fromEntries(relaxed) };
}

async function wrongSeeds(
  profile: string,
  histories: number,
  { counts, partsOf, enough = Number.POSITIVE_INFINITY }: { counts?: Counts; partsOf?: PartsOf; enough?: number },
): Promise<string[]> {
  const wrong: string[] = [];
  await withoutClock(async () => {
    for (let seed = 1; seed <= histories && wrong.length < enough; seed++) {
      for (const source of SOURCES) {
        if (!(await isRight({ seed, profile, source }, counts, partsOf))) wrong.push(`${source} ${seed}`);
      }
    }
  });
  return wrong;
}
