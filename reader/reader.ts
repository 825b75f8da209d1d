// Typed, paginated reads of the tables, for code that pays partners or shows what they are owed.

import {
  type DynamoDBDocumentClient,
  GetCommand,
  paginateQuery,
  paginateScan,
  type QueryCommandInput,
  type ScanCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { DeletedTransaction, RecordedTransaction } from '../functions/domain/change.js';

export { checkRules } from '../rewards/check-rules.js';
export { type ParsedRules, parseRules, RulesError, type RulesProblem } from '../rewards/parse-rules.js';
export {
  customerRewards,
  type Reward,
  RewardError,
  type RewardedCustomer,
  type RewardedTransaction,
} from '../rewards/rewards.js';
export type { AmountByCurrency, Percent, Rule, Rules } from '../rewards/rules.js';
export type {
  ChangeFeedEvent,
  CustomerChangeType,
  CustomerEvent,
  RowChange,
  TransactionChangeType,
  TransactionEvent,
} from './change-events.js';
export type { DeletedTransaction, RecordedTransaction };
export type Transaction = RecordedTransaction | DeletedTransaction;

/** A row of `customers`. */
export interface Customer {
  readonly customer_key: string;
  readonly stripe_customer_id?: string;
  readonly name?: string;
  readonly email?: string;
  readonly partner_key?: string;
  readonly partner_version?: string;
  readonly livemode?: boolean;
  readonly version?: string;
}

/** A recorded transaction as the index `by_customer` lists it: without the event that determined it. */
export type ListedTransaction = Omit<RecordedTransaction, 'event_id' | 'event_type' | 'version'>;

/** Which transactions to read. */
export interface TransactionFilter {
  /** `true`: only payments in live mode. `false`: only test payments. Without it both, so look at each row's `livemode`. */
  readonly livemode?: boolean;
  /** Bounds of `created`, in Unix seconds: `from` is the first second, `before` the one after the last. */
  readonly from?: number;
  readonly before?: number;
}

export interface Reader {
  /** One customer, or undefined. */
  customer(customerKey: string): Promise<Customer | undefined>;
  /** One transaction, recorded or deleted, or undefined. */
  transaction(transactionId: string): Promise<Transaction | undefined>;
  /** The customers that a partner referred. */
  customersOf(partnerKey: string): AsyncIterable<Customer>;
  /** The recorded transactions of a customer, oldest first. */
  transactionsOf(customerKey: string, filter?: TransactionFilter): AsyncIterable<ListedTransaction>;
  /** The recorded transactions that no customer has been found for. Scans the table. */
  unattributedTransactions(filter?: TransactionFilter): AsyncIterable<RecordedTransaction>;
  /** Every customer. Scans the table. */
  customers(): AsyncIterable<Customer>;
  /** Every transaction, deleted ones too. Scans the table. */
  transactions(filter?: TransactionFilter): AsyncIterable<Transaction>;
}

export interface ReaderOptions {
  readonly client: DynamoDBDocumentClient;
  readonly customersTable: string;
  readonly transactionsTable: string;
}

/**
 * Reads page by page, so that a million rows need no memory.
 *
 * @example
 * const reader = createReader({ client, customersTable: 'customers', transactionsTable: 'transactions' });
 * for await (const customer of reader.customersOf('ada')) {
 *   for await (const transaction of reader.transactionsOf(customer.customer_key, { livemode: true })) {
 *     console.log(customer.customer_key, transaction.amount_net, transaction.currency);
 *   }
 * }
 */
export function createReader({ client, customersTable, transactionsTable }: ReaderOptions): Reader {
  async function get<T>(TableName: string, Key: Record<string, string>): Promise<T | undefined> {
    const { Item } = await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
    return Item && publicAttributes<T>(Item);
  }
  async function* query<T>(input: QueryCommandInput): AsyncGenerator<T> {
    for await (const page of paginateQuery({ client }, input)) yield* (page.Items ?? []) as T[];
  }
  async function* scan<T>(input: ScanCommandInput): AsyncGenerator<T> {
    for await (const { Items = [] } of paginateScan({ client }, input)) yield* Items.map(publicAttributes<T>);
  }
  return {
    customer: (customer_key) => get<Customer>(customersTable, { customer_key }),
    transaction: (transaction_id) => get<Transaction>(transactionsTable, { transaction_id }),
    customersOf: (partnerKey) =>
      query<Customer>({
        TableName: customersTable,
        IndexName: 'by_partner',
        KeyConditionExpression: 'partner_key = :partner',
        ExpressionAttributeValues: { ':partner': partnerKey },
      }),
    async *transactionsOf(customerKey, { livemode, from = 0, before = Number.MAX_SAFE_INTEGER } = {}) {
      if (before <= from) return;
      yield* query<ListedTransaction>({
        TableName: transactionsTable,
        IndexName: 'by_customer',
        KeyConditionExpression: 'customer_key = :customer AND created BETWEEN :from AND :to',
        ...(livemode === undefined ? {} : { FilterExpression: 'livemode = :livemode' }),
        ExpressionAttributeValues: {
          ':customer': customerKey,
          ':from': from,
          ':to': before - 1,
          ...(livemode === undefined ? {} : { ':livemode': livemode }),
        },
      });
    },
    unattributedTransactions: (filter) =>
      scan<RecordedTransaction>({
        TableName: transactionsTable,
        ...filterOf(filter, ['attribute_not_exists(customer_key)', '#status = :recorded']),
      }),
    customers: () => scan<Customer>({ TableName: customersTable }),
    transactions: (filter) => scan<Transaction>({ TableName: transactionsTable, ...filterOf(filter, []) }),
  };
}

/** "Attributes that start with `_` are internal in every table …, and readers ignore them." */
function publicAttributes<T>(item: Record<string, unknown>): T {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !name.startsWith('_'))) as T;
}

/** @param conditions may use `#status` and `:recorded` */
function filterOf({ livemode, from, before }: TransactionFilter = {}, conditions: readonly string[]) {
  const all = [
    ...conditions,
    ...(livemode === undefined ? [] : ['livemode = :livemode']),
    ...(from === undefined ? [] : ['created >= :from']),
    ...(before === undefined ? [] : ['created < :before']),
  ];
  if (all.length === 0) return {};
  const isRecordedOnly = conditions.length > 0;
  return {
    FilterExpression: all.join(' AND '),
    ...(isRecordedOnly ? { ExpressionAttributeNames: { '#status': 'status' } } : {}),
    ExpressionAttributeValues: {
      ...(isRecordedOnly ? { ':recorded': 'recorded' } : {}),
      ...(livemode === undefined ? {} : { ':livemode': livemode }),
      ...(from === undefined ? {} : { ':from': from }),
      ...(before === undefined ? {} : { ':before': before }),
    },
  };
}
