// Typed, paginated reads of the tables, for code that pays partners or shows what they are owed.

import {
  type DynamoDBDocumentClient,
  GetCommand,
  paginateQuery,
  paginateScan,
  type QueryCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { DeletedTransaction, RecordedTransaction } from '../functions/domain/change.js';

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

/** A transaction as the index `by_customer` lists it: all but the event that decided it. */
export type ListedTransaction = Omit<RecordedTransaction, 'event_id' | 'event_type' | 'version'>;

export interface Reader {
  /** One customer, or undefined. */
  customer(customerKey: string): Promise<Customer | undefined>;
  /** One transaction, recorded or deleted, or undefined. */
  transaction(transactionId: string): Promise<Transaction | undefined>;
  /** The customers that a partner referred. */
  customersOf(partnerKey: string): AsyncIterable<Customer>;
  /** The transactions of a customer that stand, oldest first; `from` and `before` bound `created`, in Unix seconds. */
  transactionsOf(
    customerKey: string,
    range?: { readonly from?: number; readonly before?: number },
  ): AsyncIterable<ListedTransaction>;
  /** Every customer. */
  customers(): AsyncIterable<Customer>;
  /** Every transaction, deleted ones too. */
  transactions(): AsyncIterable<Transaction>;
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
 *   for await (const transaction of reader.transactionsOf(customer.customer_key)) {
 *     console.log(customer.customer_key, transaction.amount_net, transaction.currency);
 *   }
 * }
 */
export function createReader({ client, customersTable, transactionsTable }: ReaderOptions): Reader {
  async function get<T>(TableName: string, Key: Record<string, string>): Promise<T | undefined> {
    return (await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item as T | undefined;
  }
  async function* query<T>(input: QueryCommandInput): AsyncGenerator<T> {
    for await (const page of paginateQuery({ client }, input)) yield* (page.Items ?? []) as T[];
  }
  async function* scan<T>(TableName: string): AsyncGenerator<T> {
    for await (const page of paginateScan({ client }, { TableName })) yield* (page.Items ?? []) as T[];
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
    async *transactionsOf(customerKey, { from = 0, before = Number.MAX_SAFE_INTEGER } = {}) {
      if (before <= from) return;
      yield* query<ListedTransaction>({
        TableName: transactionsTable,
        IndexName: 'by_customer',
        KeyConditionExpression: 'customer_key = :customer AND created BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':customer': customerKey, ':from': from, ':to': before - 1 },
      });
    },
    customers: () => scan<Customer>(customersTable),
    transactions: () => scan<Transaction>(transactionsTable),
  };
}
