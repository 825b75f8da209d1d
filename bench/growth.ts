// What an event costs as tables grow, and what a Stripe customer with very many charges costs.

import { charge, customer, event } from '../test/support/builders/events.js';
import type { Event } from '../test/support/builders/history.js';
import type { Bundles } from './bundles.js';
import type { Emulators, Tables } from './emulators.js';
import { sqsEvents, standardMix } from './events.js';
import { fill } from './fill.js';
import { inBatches, median, type Result, result, sum } from './measure.js';
import { type Probe, startProbe } from './probe.js';

/** Rows of the table that the larger ones are compared with. */
const SMALL = 1_000;
const EVENTS_OF_A_ROUND = 250;

interface Side {
  readonly tables: Tables;
  readonly straight: Probe;
  readonly counted: Probe;
}

/**
 * Two warm processes of the same function, one on a small table and one on a table that grows. They get the same events in turns, so
 * that whatever else the machine does slows down both.
 *
 * @param sizes rows of the growing table before it is measured, smallest first
 * @param rounds how often each table has its turn at each size
 */
export async function growth(
  bundles: Bundles,
  emulators: Emulators,
  sizes: readonly number[],
  rounds: number,
): Promise<Result[]> {
  const small = await startSide(bundles, emulators);
  const large = await startSide(bundles, emulators);
  await fill(emulators.client, small.tables.names.transactions, 0, SMALL);
  const results: Result[] = [];
  let rows = 0;
  for (const [i, size] of sizes.entries()) {
    await fill(emulators.client, large.tables.names.transactions, rows, size);
    rows = size;
    // The first size warms both up; a later one, what was idle while the table was filled.
    await inTurns({ small, large }, seeds(100 * i + 50, i === 0 ? Math.ceil(rounds / 3) : 2));
    const cpu = await inTurns({ small, large }, seeds(100 * i, rounds));
    const requests = [await countRequests(emulators, large, i), await countRequests(emulators, small, i)] as const;
    const about = { referenceName: `at ${exponent(SMALL)}`, goal: { bound: '<=', value: 1.05 } } as const;
    results.push(
      result({
        name: `growth: requests an event at ${exponent(size)} rows`,
        unit: 'requests',
        ours: requests[0],
        reference: requests[1],
        ...about,
      }),
      result({
        name: `growth: worker CPU an event at ${exponent(size)} rows`,
        unit: 'ms',
        ours: cpu.large,
        reference: cpu.small,
        ...about,
      }),
    );
  }
  await Promise.all([small, large].flatMap(({ straight, counted }) => [straight.stop(), counted.stop()]));
  return results;
}

async function startSide(bundles: Bundles, emulators: Emulators): Promise<Side> {
  const tables = await emulators.tables();
  return {
    tables,
    straight: await startProbe(bundles.folder('worker'), tables.worker('straight')),
    counted: await startProbe(bundles.folder('worker'), tables.worker('counted')),
  };
}

function seeds(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => 1000 + from + i);
}

/** @returns milliseconds of CPU an event, the median of the rounds: garbage collection may fall into any of them */
async function inTurns(
  sides: Record<'small' | 'large', Side>,
  ofRounds: readonly number[],
): Promise<{ small: number; large: number }> {
  const cpu: Record<'small' | 'large', number[]> = { small: [], large: [] };
  for (const [i, seed] of ofRounds.entries()) {
    const mix = standardMix(seed, EVENTS_OF_A_ROUND);
    const invocations = sqsEvents(mix, 100);
    // Neither is always the first.
    for (const name of i % 2 === 0 ? (['small', 'large'] as const) : (['large', 'small'] as const)) {
      const round = await sides[name].straight.run(invocations);
      cpu[name].push(round.cpu / mix.length / 1000);
    }
  }
  return { small: median(cpu.small), large: median(cpu.large) };
}

/** @param i distinguishes the events of one size from those of another: each size does the same work */
async function countRequests({ counter }: Emulators, { counted }: Side, i: number): Promise<number> {
  const mix = standardMix(200, 500).map(renamed(i));
  const { requests } = await counter.during(() => counted.run(sqsEvents(mix, 100)), 'requests');
  return requests / mix.length;
}

export function exponent(size: number): string {
  return `10${[...String(Math.log10(size))].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('')}`;
}

/** The same events about other objects. */
function renamed(i: number): (each: Event) => Event {
  return (each) => JSON.parse(JSON.stringify(each).replaceAll(/\b(evt|cus|ch|pi)_200_/g, `$1_200${i}_`));
}

/** One Stripe customer with many charges: waiting, then linked, then linked to another key. */
export async function manyCharges(bundles: Bundles, emulators: Emulators, charges: number): Promise<Result[]> {
  const tables = await emulators.tables();
  const straight = await startProbe(bundles.folder('worker'), tables.worker('straight'));
  const counted = await startProbe(bundles.folder('worker'), tables.worker('counted'));
  const each = Math.min(500, charges / 10);
  const succeeded = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) =>
      event('charge.succeeded', charge({ id: `ch_many_${from + i}`, customer: 'cus_many' }), 0, `evt_many_${from + i}`),
    );
  const count = async (probe: Probe, events: Event[]) => {
    const counts = await emulators.counter.during(() => probe.run(sqsEvents(events, 100)), 'requests');
    return counts.requests;
  };
  const first = await count(counted, succeeded(0, each));
  for (const batch of inBatches(succeeded(each, charges - 2 * each), 1000)) await straight.run(sqsEvents(batch, 100));
  const last = await count(counted, succeeded(charges - each, each));
  const key = (customerKey: string, at: number) =>
    event('customer.updated', customer(customerKey, { id: 'cus_many' }), at, `evt_many_link_${at}`);
  const made = await attributed(counted, emulators, key('first', 10), charges);
  const linked = await count(counted, succeeded(charges, each));
  const moved = await attributed(counted, emulators, key('second', 20), charges + each);
  await Promise.all([straight.stop(), counted.stop()]);
  const compare = (name: string, ours: number, reference: number, referenceName: string, value: number) =>
    result({ name, unit: 'requests', ours, reference, referenceName, goal: { bound: '<=', value } });
  const size = exponent(charges);
  return [
    compare(`a customer with ${size} waiting charges: one more`, last / each, first / each, 'the first', 1.05),
    compare(`a customer with ${size} linked charges: one more`, linked / each, first / each, 'the first', 1.05),
    compare(`a link made with ${size} waiting: a charge`, made / charges, 1, 'one write', 1.1),
    compare(`a link moved with ${size}: a charge`, moved / (charges + each), 1, 'one write', 1.1),
  ];
}

/** Of one link, each of at most 30 seconds. */
const MOST_INVOCATIONS = 100;

/** Delivers a link until it is done, as the queue would. @returns requests */
async function attributed(probe: Probe, emulators: Emulators, link: Event, charges: number): Promise<number> {
  const requests: number[] = [];
  for (let attempt = 0; attempt < MOST_INVOCATIONS; attempt++) {
    let failed = false;
    const counts = await emulators.counter.during(async () => {
      const { results } = await probe.run(sqsEvents([link], 1));
      failed = (results[0] as { batchItemFailures: unknown[] }).batchItemFailures.length > 0;
    }, 'requests');
    requests.push(counts.requests);
    if (!failed) return sum(requests);
  }
  throw new Error(`the link of ${charges} charges was not applied in ${MOST_INVOCATIONS} invocations`);
}
