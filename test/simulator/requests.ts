// Requests in words, and batch requests taken apart into their items.

import type { Item } from '../../functions/store/requests.js';

/** One item of a batch request, as a request by itself. */
export interface Part {
  readonly name: string;
  readonly input: Record<string, unknown>;
  readonly what: string;
}

// biome-ignore lint/suspicious/noExplicitAny: each command has its own input
type Input = any;

export function isWrite(name: string): boolean {
  return name !== 'BatchGetCommand' && name !== 'QueryCommand' && name !== 'GetCommand';
}

export function isBatch(name: string): boolean {
  return name === 'BatchGetCommand' || name === 'BatchWriteCommand';
}

/** How many items a batch request reads or writes. */
export function countItems(input: Input): number {
  const tables = Object.values<Input>(input.RequestItems);
  return tables.reduce((sum, each) => sum + (Array.isArray(each) ? each.length : each.Keys.length), 0);
}

/** A read that may return an older state. */
export function isHint(name: string, input: Input): boolean {
  if (name !== 'BatchGetCommand') return false;
  return Object.values<Input>(input.RequestItems).some(({ ConsistentRead }) => ConsistentRead === false);
}

/** What a request does, on which keys: the same text for the same request of the same worker in any run. */
export function describe(name: string, input: Input): string {
  switch (name) {
    case 'BatchGetCommand':
    case 'BatchWriteCommand':
      return `${name === 'BatchGetCommand' ? 'read' : 'write'} ${partsOf(name, input)
        .map((part) => part.what)
        .join(' + ')}`;
    case 'QueryCommand': {
      const { ':pk': pk, ':prefix': prefix } = input.ExpressionAttributeValues ?? {};
      const page = input.ExclusiveStartKey ? `, after ${input.ExclusiveStartKey.sk}` : '';
      return `query ${input.TableName} ${pk}${prefix ? `/${prefix}*` : ''}${page}`;
    }
    case 'PutCommand':
      return `put ${keyText(input.TableName, input.Item)}`;
    case 'GetCommand':
      return `read ${keyText(input.TableName, input.Key)}`;
    case 'UpdateCommand':
      return `update ${keyText(input.TableName, input.Key)}`;
    default:
      return `${name} ${keyText(input.TableName, input.Key ?? input.Item)}`;
  }
}

/** The item that a single write is about. */
export function target(name: string, input: Input): string | undefined {
  if (name === 'PutCommand') return keyText(input.TableName, input.Item);
  if (name === 'UpdateCommand' || name === 'DeleteCommand') return keyText(input.TableName, input.Key);
  return undefined;
}

export function partsOf(name: string, input: Input): Part[] {
  const entries = Object.entries<Input>(input.RequestItems ?? {});
  if (name === 'BatchGetCommand') {
    return entries.flatMap(([table, { Keys, ...rest }]) =>
      Keys.map((key: Item) => ({
        name,
        input: { RequestItems: { [table]: { ...rest, Keys: [key] } } },
        what: keyText(table, key),
      })),
    );
  }
  if (name === 'BatchWriteCommand') {
    return entries.flatMap(([table, requests]) =>
      requests.map((request: Input) => ({
        name,
        input: { RequestItems: { [table]: [request] } },
        what: keyText(table, request.PutRequest?.Item ?? request.DeleteRequest?.Key),
      })),
    );
  }
  return [];
}

function keyText(table: string, item: Item): string {
  const key = table === 'links' ? `${item.pk}/${item.sk}` : (item.customer_key ?? item.transaction_id);
  const id = table === 'transactions' ? item.transaction_id : table === 'customers' ? item.customer_key : key;
  return `${table} ${id}`;
}

/** What a write sets, or an answer holds, for a reader of the schedule. */
export function detail(value: Input): string {
  if (value === undefined) return '';
  const item = value as Item;
  const shown = [
    'status',
    'customer_key',
    'partner_key',
    'amount_refunded',
    'amount_disputed',
    'name',
    'invoice_id',
    '_revision',
  ];
  const parts = shown.flatMap((name) => (item[name] === undefined ? [] : [`${name} ${item[name]}`]));
  if (item.version !== undefined) parts.push(`version ${String(item.version).replace(/^0*\d*?(\d{2})#/, '…$1#')}`);
  return parts.join(', ');
}
