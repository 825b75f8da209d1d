// Sends the same events in random orders through both workers and counts the wrong fields in the tables.

import { paginateScan } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import type { Item } from '../functions/store/requests.js';
import { histories } from '../test/support/builders/generate.js';
import type { Event } from '../test/support/builders/history.js';
import { seeded, shuffle, workload } from '../test/support/builders/workload.js';
import { expectedRows } from '../test/support/model/model.js';
import type { Bundles } from './bundles.js';
import type { Emulators, Tables } from './emulators.js';
import { sqsEvents } from './events.js';
import { inBatches, type Result, result } from './measure.js';
import { startProbe } from './probe.js';

/** The fields that decide what a partner earns, or who the customer is. */
const FIELDS = {
  customers: ['stripe_customer_id', 'name', 'email', 'partner_key'],
  transactions: ['status', 'amount_net', 'currency', 'customer_key', 'product_key', 'deleted_reason'],
} as const;

/** The standard mix in random order, and small histories with many collisions of IDs and seconds. */
export async function fieldsWrong(
  bundles: Bundles,
  emulators: Emulators,
  { customers, histories: count }: { readonly customers: number; readonly histories: number },
): Promise<Result[]> {
  const mix = workload({ seed: 5, customers });
  const colliding = fc.sample(
    histories('charge').map((history) => history.filter(isPlain)),
    { seed: 5, numRuns: count },
  );
  return [
    await compare(`the standard mix of ${mix.length} events in any order`, [mix], bundles, emulators),
    await compare(`${count} histories that collide, in any order`, colliding, bundles, emulators),
  ];
}

/** No unusual payloads: only the order differs. */
function isPlain({ data: { object } }: Event): boolean {
  const { metadata, status, customer } = object;
  const values = Object.values((metadata ?? []) as object);
  return (
    typeof metadata === 'object' &&
    metadata !== null &&
    values.every((value) => typeof value === 'string' && value.trim() === value && value !== '') &&
    !('gspk' in metadata) &&
    (customer === undefined || customer === null || typeof customer === 'string') &&
    (object.object === 'customer' || (typeof status === 'string' && typeof object.amount_captured === 'number'))
  );
}

async function compare(name: string, all: readonly Event[][], bundles: Bundles, emulators: Emulators): Promise<Result> {
  let [fields, ours, textbook] = [0, 0, 0];
  for (const [i, history] of all.entries()) {
    const expected = expectedRows(history, { transactionSource: 'charge', partialRefund: 'delete' });
    for (const table of ['customers', 'transactions'] as const) fields += expected[table].length * FIELDS[table].length;
    // Some twice.
    const events = shuffle([...history, ...history.filter((_, n) => n % 5 === 0)], seeded(i));
    ours += await wrongAfter('worker', events, expected, bundles, emulators);
    textbook += await wrongAfter('textbookWorker', events, expected, bundles, emulators);
  }
  return result({
    name: `wrong of ${fields} fields: ${name}`,
    unit: 'fields',
    ours,
    reference: textbook,
    referenceName: 'textbook',
    goal: { bound: '<=', value: 0, of: 'value' },
  });
}

async function wrongAfter(
  bundle: 'worker' | 'textbookWorker',
  events: readonly Event[],
  expected: ReturnType<typeof expectedRows>,
  bundles: Bundles,
  emulators: Emulators,
): Promise<number> {
  const tables = await emulators.tables();
  const probe = await startProbe(bundles.folder(bundle), tables.worker('straight'));
  let left = [...events];
  for (let delivery = 0; left.length > 0 && delivery < 5; delivery++) {
    const again: Event[] = [];
    for (const batch of inBatches(left, 10)) again.push(...(await deliver(probe, batch)));
    left = again;
  }
  await probe.stop();
  return countWrong(emulators, tables, expected);
}

/** @returns what the queue would deliver again */
async function deliver(probe: Awaited<ReturnType<typeof startProbe>>, batch: readonly Event[]): Promise<Event[]> {
  const [invocation] = sqsEvents(batch, batch.length);
  const { results } = await probe.run([invocation]);
  const response = results[0] as { batchItemFailures: { itemIdentifier: string }[] } | null;
  if (response === null) return [...batch];
  const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  return batch.filter((_, i) => failed.has(invocation!.Records[i]!.messageId));
}

async function countWrong(
  { client }: Emulators,
  { names }: Tables,
  expected: Readonly<Record<keyof typeof FIELDS, readonly Item[]>>,
) {
  let wrong = 0;
  for (const table of ['customers', 'transactions'] as const) {
    const key = table === 'customers' ? 'customer_key' : 'transaction_id';
    const rows = new Map<unknown, Item>();
    for await (const page of paginateScan({ client }, { TableName: names[table], ConsistentRead: true })) {
      for (const row of page.Items ?? []) rows.set(row[key], row);
    }
    for (const row of expected[table]) {
      const found = rows.get(row[key]) ?? {};
      for (const field of FIELDS[table]) if (found[field] !== row[field]) wrong++;
      rows.delete(row[key]);
    }
    // In a row that should not exist, every field is wrong.
    wrong += rows.size * FIELDS[table].length;
  }
  return wrong;
}
