// A proxy between a function and DynamoDB that counts requests and computes their capacity units from the sizes of the items.

import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { tableDefinitions } from '../test/support/stack/tables.js';
import { type AttributeMap, readUnits, type Table, writeUnits } from './units.js';

export interface Counts {
  readonly requests: number;
  /** Write units, of tables and of indexes, by the sizes of the items. */
  readonly written: number;
  readonly writtenToIndexes: number;
  /** Read units, by the sizes of the items. */
  readonly read: number;
  /** Write units that the engine reports: exact with DynamoDB Local, without the indexes with dynalite. */
  readonly reported: number;
}

export interface Counter {
  readonly endpoint: string;
  /** Counts during the work: requests and their units, or the requests alone, which takes a third of the time. */
  during(work: () => Promise<unknown>, what?: 'requests and units' | 'requests'): Promise<Counts>;
  stop(): Promise<void>;
}

type Json = Record<string, unknown>;

export async function startCounter(endpoint: string): Promise<Counter> {
  const { hostname, port } = new URL(endpoint);
  const definitions = await tableDefinitions();
  let counts = zero();
  let countsUnits = true;

  const send = (target: string, headers: Json, body: string) => forwardTo({ hostname, port }, target, headers, body);
  const tableOf = (name: string): Table => {
    const definition = definitions[name.split('-')[0] as keyof typeof definitions];
    return (definition ?? IDEMPOTENCY) as unknown as Table;
  };

  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    const input = JSON.parse(text || '{}');
    const target = String(incoming.headers['x-amz-target']);
    const name = target.split('.')[1]!;
    const headers = { ...incoming.headers };
    const read = async (table: string, key: AttributeMap): Promise<AttributeMap | undefined> => {
      const answer = await send(
        target.replace(/\.\w+$/, '.GetItem'),
        headers as Json,
        JSON.stringify({ TableName: table, Key: key, ConsistentRead: true }),
      );
      return JSON.parse(answer.body).Item;
    };
    counts.requests++;
    const writes = countsUnits ? writesOf(name, input, tableOf) : [];
    const before = await Promise.all(writes.map(({ table, key }) => read(table, key)));
    const answer = await send(
      target,
      headers as Json,
      JSON.stringify({ ...input, ...(WRITES.has(name) ? { ReturnConsumedCapacity: 'INDEXES' } : {}) }),
    );
    const output = JSON.parse(answer.body || '{}');
    if (answer.status === 200) {
      const after = await Promise.all(writes.map(({ table, key }) => read(table, key)));
      writes.forEach(({ table }, i) => {
        const units = writeUnits(tableOf(table), before[i], after[i]);
        counts.written += units.table + units.indexes;
        counts.writtenToIndexes += units.indexes;
      });
      counts.read += readUnits(name, input, output);
      for (const capacity of [output.ConsumedCapacity ?? []].flat()) counts.reported += capacity.CapacityUnits ?? 0;
    } else if (writes.length === 1) {
      // A write whose condition fails costs as much as a write of the existing item.
      const units = writeUnits(tableOf(writes[0]!.table), before[0], before[0]).table;
      counts.written += units;
      counts.reported += units;
    }
    outgoing.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async during(work, what = 'requests and units') {
      counts = zero();
      countsUnits = what === 'requests and units';
      await work();
      return counts;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function forwardTo(
  { hostname, port }: { readonly hostname: string; readonly port: string },
  target: string,
  headers: Json,
  body: string,
): Promise<{ status: number; headers: Json; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = forward(
      {
        hostname,
        port,
        method: 'POST',
        headers: {
          ...headers,
          host: `${hostname}:${port}`,
          'x-amz-target': target,
          'content-length': Buffer.byteLength(body),
        } as never,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers as Json, body: text }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const WRITES = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);
const IDEMPOTENCY = { KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }], GlobalSecondaryIndexes: [] };

interface Write {
  readonly table: string;
  readonly key: AttributeMap;
}

function writesOf(name: string, input: Json, tableOf: (name: string) => Table): Write[] {
  const keyOf = (table: string, item: AttributeMap): AttributeMap =>
    Object.fromEntries(
      tableOf(table).KeySchema.map(({ AttributeName }) => [AttributeName, item[AttributeName] as AttributeValue]),
    );
  const table = String(input.TableName);
  switch (name) {
    case 'PutItem':
      return [{ table, key: keyOf(table, input.Item as AttributeMap) }];
    case 'UpdateItem':
    case 'DeleteItem':
      return [{ table, key: input.Key as AttributeMap }];
    case 'BatchWriteItem':
      return Object.entries(input.RequestItems as Record<string, { PutRequest?: { Item: AttributeMap } }[]>).flatMap(
        ([each, requests]) => requests.map(({ PutRequest }) => ({ table: each, key: keyOf(each, PutRequest!.Item) })),
      );
    case 'TransactWriteItems':
      throw new Error('the counter does not know transactions');
    default:
      return [];
  }
}

function zero() {
  return { requests: 0, written: 0, writtenToIndexes: 0, read: 0, reported: 0 };
}
