// The few DynamoDB requests that the store is made of. Each is safe to send again, and safe if it takes effect late.

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  type PutCommandInput,
  QueryCommand,
} from '@aws-sdk/lib-dynamodb';
import { inPartition } from './keys.js';

export type Item = Record<string, unknown>;

export interface TableNames {
  readonly customers: string;
  readonly transactions: string;
  readonly links: string;
}

/** Where one item is. */
export interface ItemKey {
  readonly table: string;
  readonly key: Readonly<Record<string, string>>;
}

export interface StoreContext {
  readonly client: Pick<DynamoDBDocumentClient, 'send'>;
  readonly tables: TableNames;
  /** Ends the work when the time is over; what was not done is reported as failed. */
  readonly signal?: AbortSignal;
}

/** The limits of BatchGetItem and BatchWriteItem. */
const READ_BATCH = 100;
const WRITE_BATCH = 25;
/** Concurrent requests for one batch of messages. */
const CONCURRENCY = 32;

/** A key as text, to tell items apart in a Map. */
export function keyText({ table, key }: ItemKey): string {
  return JSON.stringify([
    table,
    ...Object.keys(key)
      .sort()
      .map((name) => key[name]),
  ]);
}

/** Items by `keyText`. */
export class Items {
  readonly #items = new Map<string, Item>();

  get(at: ItemKey): Item | undefined {
    return this.#items.get(keyText(at));
  }

  set(at: ItemKey, item: Item): void {
    this.#items.set(keyText(at), item);
  }
}

/**
 * Reads any number of items of any of the tables.
 *
 * @param consistent `false` may return an older state of an item, at half the price: only a hint
 */
export async function readItems(
  context: StoreContext,
  keys: readonly ItemKey[],
  { consistent = true }: { readonly consistent?: boolean } = {},
): Promise<Items> {
  const wanted = [...new Map(keys.map((at) => [keyText(at), at])).values()];
  const found = new Items();
  await inParallel(chunks(wanted, READ_BATCH), async (chunk) => {
    let pending = chunk;
    for (let attempt = 0; pending.length > 0; attempt++) {
      if (attempt > 0) await backOff(context, attempt);
      const RequestItems = byTable(pending, consistent);
      const output = await context.client.send(new BatchGetCommand({ RequestItems }), options(context));
      for (const [table, items] of Object.entries(output.Responses ?? {})) {
        const names = Object.keys(pending.find((at) => at.table === table)?.key ?? {});
        for (const item of items) found.set({ table, key: pick(item, names) }, item);
      }
      const unprocessed = new Set(
        Object.entries(output.UnprocessedKeys ?? {}).flatMap(([table, { Keys = [] }]) =>
          Keys.map((key) => keyText({ table, key: key as ItemKey['key'] })),
        ),
      );
      pending = pending.filter((at) => unprocessed.has(keyText(at)));
    }
  });
  return found;
}

export async function readItem(context: StoreContext, at: ItemKey): Promise<Item | undefined> {
  return (await readItems(context, [at])).get(at);
}

function pick(item: Item, names: readonly string[]): ItemKey['key'] {
  return Object.fromEntries(names.map((name) => [name, String(item[name])]));
}

function byTable(keys: readonly ItemKey[], consistent: boolean) {
  const requests: Record<string, { ConsistentRead: boolean; Keys: ItemKey['key'][] }> = {};
  for (const { table, key } of keys) {
    requests[table] ??= { ConsistentRead: consistent, Keys: [] };
    requests[table].Keys.push(key);
  }
  return requests;
}

/** The items of one partition of `links`, page by page, strongly consistent; with `prefix` those whose sort key begins with it. */
export async function* readPartition(context: StoreContext, pk: string, prefix?: string): AsyncGenerator<Item[]> {
  let ExclusiveStartKey: Item | undefined;
  do {
    const output = await context.client.send(
      new QueryCommand({
        TableName: context.tables.links,
        ConsistentRead: true,
        ...inPartition(pk, prefix),
        ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}),
      }),
      options(context),
    );
    yield output.Items ?? [];
    ExclusiveStartKey = output.LastEvaluatedKey;
  } while (ExclusiveStartKey);
}

/** Writes items that are nothing but their key, so that it does not matter who writes them, how often and when. */
export async function writeKeys(context: StoreContext, keys: readonly ItemKey[]): Promise<void> {
  const distinct = [...new Map(keys.map((at) => [keyText(at), at])).values()];
  await inParallel(chunks(distinct, WRITE_BATCH), async (chunk) => {
    let pending = chunk;
    for (let attempt = 0; pending.length > 0; attempt++) {
      if (attempt > 0) await backOff(context, attempt);
      const RequestItems: Record<string, { PutRequest: { Item: Item } }[]> = {};
      for (const { table, key } of pending) {
        RequestItems[table] ??= [];
        RequestItems[table].push({ PutRequest: { Item: { ...key } } });
      }
      const output = await context.client.send(new BatchWriteCommand({ RequestItems }), options(context));
      const unprocessed = new Set(
        Object.entries(output.UnprocessedItems ?? {}).flatMap(([table, requests]) =>
          requests.map(({ PutRequest }) => keyText({ table, key: PutRequest?.Item as ItemKey['key'] })),
        ),
      );
      pending = pending.filter((at) => unprocessed.has(keyText(at)));
    }
  });
}

/**
 * Puts an item in place of the one that was read, and increments its `_revision`. A request that arrives late therefore never
 * meets the state that it was computed from again.
 *
 * @param read the item as it was read; undefined if there was none
 * @returns the item as it is stored now, or undefined if it has changed since it was read
 */
export async function replaceItem(
  context: StoreContext,
  { table, key }: ItemKey,
  read: Item | undefined,
  next: Item,
): Promise<Item | undefined> {
  const revision = read?._revision as number | undefined;
  const item = { ...next, ...key, _revision: (revision ?? 0) + 1 };
  const put = new PutCommand({ TableName: table, Item: item, ...unchanged(key, read) });
  try {
    await context.client.send(put, options(context));
    return item;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

type Condition = Pick<
  PutCommandInput,
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

/** The condition that an item is as it was read. */
function unchanged(key: ItemKey['key'], read: Item | undefined): Condition {
  if (!read) {
    const [name] = Object.keys(key);
    return { ConditionExpression: 'attribute_not_exists(#key)', ExpressionAttributeNames: { '#key': name! } };
  }
  if (read._revision !== undefined) {
    return {
      ConditionExpression: '#revision = :revision',
      ExpressionAttributeNames: { '#revision': '_revision' },
      ExpressionAttributeValues: { ':revision': read._revision },
    };
  }
  // Builds before the first release wrote no revision, and one may still be running while a deployment shifts traffic.
  const absent = 'attribute_not_exists(#revision)';
  if (read.version === undefined)
    return { ConditionExpression: absent, ExpressionAttributeNames: { '#revision': '_revision' } };
  return {
    ConditionExpression: `${absent} AND #version = :version`,
    ExpressionAttributeNames: { '#revision': '_revision', '#version': 'version' },
    ExpressionAttributeValues: { ':version': read.version },
  };
}

/**
 * Brings an item to what `next` makes of it, even if others write it at the same time.
 *
 * @param known the item as it was read; it may be out of date
 * @param next returns what the item should be, or undefined if it is fine
 * @returns the item as it was last read or written, and whether this call wrote it
 */
export async function updateItem(
  context: StoreContext,
  at: ItemKey,
  known: Item | undefined,
  next: (current: Item | undefined) => Item | undefined,
): Promise<{ readonly item: Item | undefined; readonly written: boolean }> {
  for (let current = known; ; ) {
    const wanted = next(current);
    if (!wanted) return { item: current, written: false };
    const item = await replaceItem(context, at, current, wanted);
    if (item) return { item, written: true };
    current = await readItem(context, at);
  }
}

function options(context: StoreContext) {
  return context.signal ? { abortSignal: context.signal } : {};
}

/** DynamoDB throttled part of a batch: asks for it again, after ever longer pauses, until the time is over. */
async function backOff(context: StoreContext, attempt: number): Promise<void> {
  const milliseconds = Math.random() * Math.min(1000, 25 * 2 ** attempt);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  context.signal?.throwIfAborted();
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Runs the work for each item, a bounded number in parallel, and waits for all of it before it throws the first error. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const errors: unknown[] = [];
  const worker = async () => {
    for (const item of queue) await work(item).catch((error) => errors.push(error));
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, worker));
  if (errors.length > 0) throw errors[0];
}
