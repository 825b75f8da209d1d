// A real DynamoDB engine with all four tables; tests put rows into them directly.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, PutCommand, paginateScan } from '@aws-sdk/lib-dynamodb';
import type { ReadTarget } from '../../cli/read-rewards.js';
import { createTable } from '../../local/tables.js';
import { type Engine, startEngine } from '../support/emulators/engine.js';
import { tableDefinitions } from '../support/stack/tables.js';
import { asText } from './memory-tables.js';

export interface StatementEngine {
  readonly target: ReadTarget;
  /** The same tables through another client. */
  through(send: (command: never) => Promise<unknown>): ReadTarget;
  putCustomer(customer_key: string, partner_key: string): Promise<void>;
  putTransaction(row: object): Promise<void>;
  /** Every item of `statements`, as text by its key. */
  items(): Promise<Map<string, string>>;
  /** Empties all tables. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

export async function startStatementEngine(): Promise<StatementEngine> {
  const engine: Engine = await startEngine();
  const raw = new DynamoDBClient({
    endpoint: engine.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const tables = { ...engine.tables, statements: `${engine.tables.links}-statements` };
  await createTable(raw, tables.statements, (await tableDefinitions()).statements);
  const scan = async () => {
    const found: Record<string, unknown>[] = [];
    for await (const { Items = [] } of paginateScan({ client: engine.client }, { TableName: tables.statements }))
      found.push(...Items);
    return found;
  };
  const settings = { livemode: 'both' } as const;
  return {
    target: { dynamodb: engine.client, tables, settings },
    through: (send) => ({ dynamodb: { send } as never, tables, settings }),
    async putCustomer(customer_key, partner_key) {
      await engine.client.send(new PutCommand({ TableName: tables.customers, Item: { customer_key, partner_key } }));
    },
    async putTransaction(row) {
      await engine.client.send(new PutCommand({ TableName: tables.transactions, Item: { ...row } }));
    },
    items: async () => asText(await scan()),
    async clear() {
      await engine.clear();
      const items = await scan();
      for (let i = 0; i < items.length; i += 25) {
        const requests = items
          .slice(i, i + 25)
          .map(({ partner_key, entry }) => ({ DeleteRequest: { Key: { partner_key, entry } } }));
        await engine.client.send(new BatchWriteCommand({ RequestItems: { [tables.statements]: requests } }));
      }
    },
    async stop() {
      raw.destroy();
      await engine.stop();
    },
  };
}
