// The few DynamoDB requests that the store is made of, each safe to send again.

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  type PutCommandInput,
  QueryCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';

export type Item = Record<string, unknown>;
export type Key = Readonly<Record<string, string>>;

/** An item of `links`. */
export interface LinkItem extends Item {
  readonly pk: string;
  readonly sk: string;
}

export interface TableNames {
  readonly customers: string;
  readonly transactions: string;
  readonly links: string;
}

export interface Connection {
  readonly client: Pick<DynamoDBDocumentClient, 'send'>;
  readonly tables: TableNames;
  /** Ends the work when the time left is over; what was not done is reported as not done. */
  readonly signal?: AbortSignal;
}

/** The limits of BatchGetItem and BatchWriteItem. */
const READ_BATCH = 100;
const WRITE_BATCH = 25;
/** Requests under way at once from one batch of messages. */
const CONCURRENCY = 32;

/** A key of a table, as text: to tell one key from another in a Map. */
export function keyText(table: string, key: Key): string {
  return JSON.stringify([
    table,
    ...Object.keys(key)
      .sort()
      .map((name) => key[name]),
  ]);
}

/**
 * Strongly consistent reads of any number of keys, of any of the tables.
 *
 * @returns the items found, by `keyText`
 */
export async function readItems(
  connection: Connection,
  keys: readonly { readonly table: string; readonly key: Key }[],
): Promise<Map<string, Item>> {
  const wanted = [...new Map(keys.map((each) => [keyText(each.table, each.key), each])).values()];
  const found = new Map<string, Item>();
  await inParallel(chunks(wanted, READ_BATCH), async (chunk) => {
    let pending = chunk;
    for (let attempt = 0; pending.length > 0; attempt++) {
      if (attempt > 0) await backOff(connection, attempt);
      const output = await connection.client.send(
        new BatchGetCommand({ RequestItems: byTable(pending) }),
        options(connection),
      );
      const unprocessed = new Set(
        Object.entries(output.UnprocessedKeys ?? {}).flatMap(([table, { Keys }]) =>
          (Keys ?? []).map((key) => keyText(table, key as Key)),
        ),
      );
      for (const [table, items] of Object.entries(output.Responses ?? {})) {
        const names = Object.keys(pending.find((each) => each.table === table)?.key ?? {});
        for (const item of items) found.set(keyText(table, pick(item, names)), item);
      }
      pending = pending.filter(({ table, key }) => unprocessed.has(keyText(table, key)));
    }
  });
  return found;
}

function pick(item: Item, names: readonly string[]): Key {
  return Object.fromEntries(names.map((name) => [name, String(item[name])]));
}

function byTable(keys: readonly { readonly table: string; readonly key: Key }[]) {
  const requests: Record<string, { ConsistentRead: true; Keys: Key[] }> = {};
  for (const { table, key } of keys) {
    requests[table] ??= { ConsistentRead: true, Keys: [] };
    requests[table].Keys.push(key);
  }
  return requests;
}

/** All items of one partition, strongly consistent; with `prefix` those whose sort key begins with it. */
export async function readPartition(connection: Connection, pk: string, prefix?: string): Promise<Item[]> {
  const items: Item[] = [];
  let ExclusiveStartKey: Item | undefined;
  do {
    const output = await connection.client.send(
      new QueryCommand({
        TableName: connection.tables.links,
        ConsistentRead: true,
        KeyConditionExpression: prefix === undefined ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': pk, ...(prefix === undefined ? {} : { ':prefix': prefix }) },
        ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}),
      }),
      options(connection),
    );
    items.push(...(output.Items ?? []));
    ExclusiveStartKey = output.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return items;
}

/** Writes items of `links` that are the same whoever writes them, so that none needs a condition. */
export async function writeLinks(connection: Connection, items: readonly LinkItem[]): Promise<void> {
  const table = connection.tables.links;
  const distinct = [...new Map(items.map((item) => [linkText(item), item])).values()];
  await inParallel(chunks(distinct, WRITE_BATCH), async (chunk) => {
    let pending = chunk;
    for (let attempt = 0; pending.length > 0; attempt++) {
      if (attempt > 0) await backOff(connection, attempt);
      const output = await connection.client.send(
        new BatchWriteCommand({ RequestItems: { [table]: pending.map((Item) => ({ PutRequest: { Item } })) } }),
        options(connection),
      );
      const unprocessed = new Set(
        (output.UnprocessedItems?.[table] ?? []).map(({ PutRequest }) => linkText(PutRequest?.Item as Item)),
      );
      pending = pending.filter((item) => unprocessed.has(linkText(item)));
    }
  });
}

function linkText(item: Item): string {
  return JSON.stringify([item.pk, item.sk]);
}

/** @returns whether the condition held and the item was put */
export async function putIf(
  connection: Connection,
  input: Pick<
    PutCommandInput,
    'TableName' | 'Item' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
  >,
): Promise<boolean> {
  return conditional(connection.client.send(new PutCommand(input), options(connection)));
}

/** @returns whether the condition held and the item was updated */
export async function updateIf(
  connection: Connection,
  input: Pick<
    UpdateCommandInput,
    | 'TableName'
    | 'Key'
    | 'UpdateExpression'
    | 'ConditionExpression'
    | 'ExpressionAttributeNames'
    | 'ExpressionAttributeValues'
  >,
): Promise<boolean> {
  return conditional(connection.client.send(new UpdateCommand(input), options(connection)));
}

async function conditional(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

function options(connection: Connection) {
  return connection.signal ? { abortSignal: connection.signal } : {};
}

/** Throttled parts of a batch are asked for again, ever later, for as long as there is time. */
async function backOff(connection: Connection, attempt: number): Promise<void> {
  const milliseconds = Math.random() * Math.min(1000, 25 * 2 ** attempt);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  connection.signal?.throwIfAborted();
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Does the work for each item, a bounded number at once, and waits for all before it throws what the first failure threw. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const errors: unknown[] = [];
  const worker = async () => {
    for (const item of queue) await work(item).catch((error) => errors.push(error));
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, worker));
  if (errors.length > 0) throw errors[0];
}
