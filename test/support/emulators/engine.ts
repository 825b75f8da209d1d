// A real DynamoDB engine for a test, with the tables as the stack's template has them.

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import type { Item, StoreContext, TableNames } from '../../../functions/store/requests.js';
import { createTable } from '../../../local/tables.js';
import { publicRows, type Rows } from '../model/rows.js';
import { tableDefinitions } from '../stack/tables.js';

export interface Engine extends StoreContext {
  readonly endpoint: string;
  readonly client: DynamoDBDocumentClient;
  /** Rows of `customers` and `transactions`, sorted by key, without internal attributes. */
  rows(): Promise<Rows>;
  /** Empties all tables. */
  clear(): Promise<void>;
  /** All items of all tables, internal attributes included. */
  items(): Promise<Items>;
  /** Empties all tables and puts these items into them. */
  restore(items: Items): Promise<void>;
  stop(): Promise<void>;
}

export type Items = Readonly<Record<keyof TableNames, readonly Item[]>>;

const TABLES = ['customers', 'transactions', 'links'] as const;

const KEYS: Readonly<Record<keyof TableNames, readonly string[]>> = {
  customers: ['customer_key'],
  transactions: ['transaction_id'],
  links: ['pk', 'sk'],
};

/**
 * dynalite, in this process; or the engine that `TEST_DYNAMODB_ENDPOINT` names, such as Amazon's DynamoDB Local.
 *
 * @param streams give `customers` and `transactions` streams of both images; dynalite has none
 */
export async function startEngine({ streams = false } = {}): Promise<Engine> {
  const given = process.env.TEST_DYNAMODB_ENDPOINT;
  const server = given ? undefined : await startDynalite();
  const endpoint = given ?? `http://127.0.0.1:${(server!.address() as AddressInfo).port}`;
  const raw = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    // An engine that checks signatures has credentials in the environment; the others accept any.
    credentials: {
      accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? 'test',
      secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? 'test',
    },
  });
  const client = DynamoDBDocumentClient.from(raw);
  const suffix = `-${process.pid}-${Date.now()}-${Math.floor(Math.random() * 1e6)}`;
  const tables = { customers: `customers${suffix}`, transactions: `transactions${suffix}`, links: `links${suffix}` };
  const definitions = await tableDefinitions();
  for (const name of TABLES) {
    const stream = streams && name !== 'links' ? { StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' } } : {};
    await createTable(raw, tables[name], { ...definitions[name], ...stream });
  }
  const scan = async (table: keyof TableNames) => {
    const items: Item[] = [];
    for await (const page of paginateScan({ client }, { TableName: tables[table], ConsistentRead: true })) {
      items.push(...(page.Items ?? []));
    }
    return items.sort(byKey);
  };
  const write = async (table: keyof TableNames, requests: readonly object[]) => {
    for (let i = 0; i < requests.length; i += 25)
      await client.send(
        new BatchWriteCommand({ RequestItems: { [tables[table]]: requests.slice(i, i + 25) as never } }),
      );
  };
  const clear = async () => {
    for (const table of TABLES) {
      const items = await scan(table);
      const key = (item: Item) => Object.fromEntries(KEYS[table].map((name) => [name, item[name]]));
      await write(
        table,
        items.map((item) => ({ DeleteRequest: { Key: key(item) } })),
      );
    }
  };
  return {
    endpoint,
    client,
    tables,
    rows: async () => publicRows({ customers: await scan('customers'), transactions: await scan('transactions') }),
    clear,
    items: async () => ({
      customers: await scan('customers'),
      transactions: await scan('transactions'),
      links: await scan('links'),
    }),
    async restore(items) {
      await clear();
      for (const table of TABLES)
        await write(
          table,
          items[table].map((Item) => ({ PutRequest: { Item } })),
        );
    },
    async stop() {
      raw.destroy();
      await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    },
  };
}

async function startDynalite(): Promise<Server> {
  const server: Server = require('dynalite')({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function byKey(a: Item, b: Item): number {
  const key = (item: Item) => JSON.stringify([item.customer_key, item.transaction_id, item.pk, item.sk]);
  const own = (item: Item) => String(item.transaction_id ?? item.customer_key ?? key(item));
  return own(a) < own(b) ? -1 : 1;
}
