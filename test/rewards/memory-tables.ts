// The tables in this process's memory, for tests that need hundreds of thousands of requests. It knows just the requests that reading
// rewards and closing statements send; `statements.test.ts` holds it against a real engine.

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import type { StatementEngine } from './statement-table.js';

type Item = Record<string, unknown>;

const KEYS: Readonly<Record<string, readonly string[]>> = {
  customers: ['customer_key'],
  transactions: ['transaction_id'],
  statements: ['partner_key', 'entry'],
};
/** Small, so that paging is used. */
const PAGE = 3;

/** @param mayLag accept scans that may return an older state: sums may be behind for a moment, statements may not */
export function memoryTables({
  mayLag = false,
} = {}): StatementEngine & { removeTransaction(transactionId: string): void } {
  const tables: Record<string, Map<string, Item>> = {};
  const empty = () => {
    for (const name of Object.keys(KEYS)) tables[name] = new Map();
  };
  empty();
  const idOf = (table: string, item: Item) => KEYS[table]!.map((name) => String(item[name])).join('\u0000');
  const put = (table: string, item: Item) => tables[table]!.set(idOf(table, item), structuredClone(item));
  const sorted = (table: string) => [...tables[table]!].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);

  /** One page after the start key. */
  const page = (table: string, items: Item[], start: Item | undefined) => {
    const rest = items.filter((item) => !start || idOf(table, item) > idOf(table, start));
    const found = rest.slice(0, PAGE);
    const last = found.at(-1);
    return {
      found: structuredClone(found),
      ...(last && rest.length > PAGE ? { LastEvaluatedKey: keyOf(table, last) } : {}),
    };
  };
  const keyOf = (table: string, item: Item) => Object.fromEntries(KEYS[table]!.map((name) => [name, item[name]]));

  // biome-ignore lint/suspicious/noExplicitAny: each command has its own input
  const answers: Record<string, (input: any) => object> = {
    ScanCommand(input) {
      if (!mayLag) requireConsistent(input);
      const mine = sorted(input.TableName).filter((_, i) => i % input.TotalSegments === input.Segment);
      const { found, ...rest } = page(input.TableName, mine, input.ExclusiveStartKey);
      const Items = input.FilterExpression ? found.filter(({ closed_at }) => closed_at !== undefined) : found;
      return { Items, ...rest };
    },
    QueryCommand(input) {
      requireConsistent(input);
      const { ':partner': partner, ':mode': mode } = input.ExpressionAttributeValues;
      const mine = sorted(input.TableName).filter(
        ({ partner_key, entry }) => partner_key === partner && String(entry).startsWith(mode),
      );
      const { found, ...rest } = page(input.TableName, mine, input.ExclusiveStartKey);
      return { Items: found, ...rest };
    },
    BatchGetCommand(input) {
      const { Keys, ConsistentRead } = input.RequestItems.transactions;
      requireConsistent({ ConsistentRead });
      const found = Keys.flatMap((key: Item) => tables.transactions!.get(idOf('transactions', key)) ?? []);
      return { Responses: { transactions: structuredClone(found) } };
    },
    BatchWriteCommand(input) {
      for (const { PutRequest, DeleteRequest } of input.RequestItems.statements) {
        if (PutRequest) put('statements', PutRequest.Item);
        else tables.statements!.delete(idOf('statements', DeleteRequest.Key));
      }
      return {};
    },
    PutCommand(input) {
      const condition = /^attribute_not_exists\((\w+)\)$/.exec(input.ConditionExpression ?? '');
      if (condition && tables.statements!.get(idOf('statements', input.Item))?.[condition[1]!] !== undefined)
        throw new ConditionalCheckFailedException({ message: 'The conditional request failed', $metadata: {} });
      put('statements', input.Item);
      return {};
    },
  };
  const send = async (command: { constructor: { name: string }; input: unknown }) => {
    const answer = answers[command.constructor.name];
    if (!answer) throw new Error(`the tables in memory do not know ${command.constructor.name}`);
    return answer(command.input);
  };
  const names = { customers: 'customers', transactions: 'transactions', links: 'links', statements: 'statements' };
  const through = (each: (command: never) => Promise<unknown>) => ({
    dynamodb: { send: each } as never,
    tables: names,
    settings: { livemode: 'both' } as const,
  });
  return {
    target: through(send),
    through,
    putCustomer: async (customer_key, partner_key) => void put('customers', { customer_key, partner_key }),
    putTransaction: async (row) => void put('transactions', { ...row }),
    removeTransaction: (id) => void tables.transactions!.delete(id),
    items: async () => asText(sorted('statements')),
    clear: async () => empty(),
    stop: async () => {},
  };
}

/** Items as text by their key. */
export function asText(items: readonly Item[]): Map<string, string> {
  const canonical = (value: unknown): unknown =>
    typeof value === 'object' && value !== null
      ? Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, each]) => [key, canonical(each)])
      : value;
  return new Map(items.map((item) => [`${item.partner_key} ${item.entry}`, JSON.stringify(canonical(item))]));
}

/** In memory every read is consistent; on AWS only one that asks for it, and closing rests on it. */
function requireConsistent({ ConsistentRead }: { readonly ConsistentRead?: boolean }) {
  if (ConsistentRead !== true) throw new Error('a read is not strongly consistent');
}
