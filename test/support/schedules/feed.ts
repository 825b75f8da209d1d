// The change feed under everything that may go wrong with it: records are delivered shard by shard as Lambda's event source mapping
// does, while requests fail, entries are refused and the function dies.

import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import fc from 'fast-check';
import { changeOf, type FeedSettings, type StoredRow } from '../../../functions/feed/changes.js';
import { processRecords } from '../../../functions/feed/process-records.js';
import type { Item } from '../../../functions/store/requests.js';
import { type BusEvent, createEventBus } from '../../../local/event-bus.js';
import { type MemoryEngine, memoryEngine } from '../emulators/memory-engine.js';
import { busClient } from '../fakes/bus-client.js';
import type { Rows } from '../model/rows.js';

/** What happens at one invocation. */
export interface Turn {
  /** How many records it gets. */
  readonly size: number;
  /** `crash`: it sends everything and dies before it answers. `throw`: a request fails. `refuse`: an entry is refused. */
  readonly fault: 'none' | 'crash' | 'throw' | 'refuse';
  /** Which request or entry. */
  readonly at: number;
}

export const turns: fc.Arbitrary<Turn[]> = fc.array(
  fc.record({
    size: fc.integer({ min: 1, max: 25 }),
    fault: fc.constantFrom<Turn['fault'][]>('none', 'crash', 'throw', 'refuse'),
    at: fc.nat(12),
  }),
  { maxLength: 12 },
);

/**
 * Delivers the records of each shard in order until all are done. After the last turn nothing goes wrong any more.
 *
 * @returns every event that the bus accepted
 */
export async function runFeed(
  shards: readonly (readonly DynamoDBRecord[])[],
  settings: FeedSettings,
  schedule: readonly Turn[],
): Promise<BusEvent[]> {
  const emitted: BusEvent[] = [];
  const left = [...schedule];
  for (const shard of shards) {
    for (let position = 0; position < shard.length; ) {
      const turn = left.shift() ?? { size: 100, fault: 'none', at: 0 };
      const records = shard.slice(position, position + turn.size);
      const processed = await invoke(records, settings, turn, emitted);
      if (turn.fault === 'crash') continue;
      const failed = processed.find(({ outcome }) => outcome === 'failed')?.sequenceNumber;
      position +=
        failed === undefined
          ? records.length
          : records.findIndex(({ dynamodb }) => dynamodb?.SequenceNumber === failed);
    }
  }
  return emitted;
}

function invoke(records: readonly DynamoDBRecord[], settings: FeedSettings, turn: Turn, emitted: BusEvent[]) {
  let entries = 0;
  let requests = 0;
  const bus = createEventBus(() =>
    turn.fault === 'refuse' && entries++ === turn.at ? 'ThrottlingException' : undefined,
  );
  bus.subscribe((event) => emitted.push(event));
  const eventBridge = busClient(bus, () => {
    if (turn.fault === 'throw' && requests++ === turn.at % 3) throw new Error('the request failed');
  });
  return processRecords({ ...settings, eventBridge, bus: 'bus' }, records);
}

/** What `redrive --feed` sends for a row. */
export function resent(row: Item, settings: FeedSettings): BusEvent {
  const { type, detail } = changeOf({ before: undefined, after: row }, settings)!;
  return { id: '', source: '', 'detail-type': type, time: '', detail: JSON.parse(JSON.stringify(detail)) };
}

/** A consumer's tables: of each row, the event with the greatest sequence. Sorted by key. */
export function fold(events: readonly BusEvent[]): Rows {
  const newest = new Map<string, BusEvent>();
  for (const event of events) {
    const key = `${event['detail-type'].split('.')[0]} ${event.detail.id}`;
    const known = newest.get(key);
    if (!known || Number(event.detail.sequence) > Number(known.detail.sequence)) newest.set(key, event);
  }
  const rows = (kind: string) =>
    [...newest.entries()]
      .filter(([key]) => key.startsWith(`${kind} `))
      .map(([, { detail }]) => detail.after as Item)
      .sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  return { customers: rows('customer'), transactions: rows('transaction') };
}

/** What a consumer should have: the public rows, without names and emails unless the feed has them. */
export function visibleRows({ customers, transactions }: Rows, { personalData }: FeedSettings): Rows {
  const show = (row: Item) =>
    Object.fromEntries(
      Object.entries(row).filter(
        ([name]) => !name.startsWith('_') && (personalData || (name !== 'name' && name !== 'email')),
      ),
    );
  const sorted = (rows: readonly Item[]) => rows.map(show).sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  return { customers: sorted(customers), transactions: sorted(transactions) };
}

/** Rows as text that is the same for the same rows. */
export function rowText(rows: Rows): string {
  return JSON.stringify([rows.customers, rows.transactions].map((each) => each.map(sorted)));
}

function sorted(row: Item) {
  return Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));
}

function idOf(row: Item): string {
  return String(row.transaction_id ?? row.customer_key);
}

/** A stream record of one write, as DynamoDB makes it. */
export function streamRecord(sequence: number, before: StoredRow | undefined, after: StoredRow): DynamoDBRecord {
  return {
    eventName: before ? 'MODIFY' : 'INSERT',
    dynamodb: {
      SequenceNumber: String(sequence),
      ApproximateCreationDateTime: 1_750_000_000,
      ...(before ? { OldImage: marshall(before) as never } : {}),
      NewImage: marshall(after) as never,
    },
  };
}

const SHARDS = 3;

/** An engine whose writes of `customers` and `transactions` become stream records. A row's records are all in one shard, in order. */
export function engineWithStreams(): { engine: MemoryEngine; shards: DynamoDBRecord[][] } {
  const shards: DynamoDBRecord[][] = Array.from({ length: SHARDS }, () => []);
  const images = new Map<string, Item>();
  let sequence = 0;
  const engine = memoryEngine({
    pageSize: 2,
    after(name, input) {
      const { TableName, Item } = input as { TableName: string; Item: Item };
      if (name !== 'PutCommand' || TableName === 'links') return;
      const id = `${TableName} ${Item.transaction_id ?? Item.customer_key}`;
      const shard = [...id].reduce((sum, character) => sum + character.charCodeAt(0), 0) % SHARDS;
      // Longer from time to time, as a stream's own sequence numbers are.
      sequence += 7;
      shards[shard]!.push(streamRecord(sequence, images.get(id), Item));
      images.set(id, { ...Item });
    },
  });
  return { engine, shards };
}
