// The transactions of many customers, packed into columns: rules that count a customer's transactions need all of them in memory. A
// million transactions take some 70 MB as columns, and several hundred as objects.

import type { RewardedCustomer, RewardedTransaction } from './rewards.js';
import { NOTHING_REVERSED, type Reversed } from './statement.js';

/** Customers who have a partner, and their recorded transactions. Add the customers first. */
export interface Histories {
  addCustomer(customer: RewardedCustomer): void;
  /** The partner of a customer, or undefined. */
  partnerOf(customerKey: string | undefined): string | undefined;
  /** @returns whether the customer is known; transactions of other customers earn no reward */
  addTransaction(transaction: HistoryRow): boolean;
  /** How much of a transaction was reversed. */
  reversed(transactionId: string): Reversed;
  /** Each customer that has transactions, one after the other. */
  customers(partner?: string): Iterable<{ customer: RewardedCustomer; transactions: RewardedTransaction[] }>;
  /** The partners of all customers. */
  partners(): Iterable<string>;
}

/** A recorded row of `transactions`. */
export interface HistoryRow extends RewardedTransaction {
  readonly customer_key?: string;
  readonly amount_refunded?: number;
  readonly amount_disputed?: number;
}

export function createHistories(): Histories {
  const partners = interned();
  const customers = new Map<string, number>();
  const customerKeys: string[] = [];
  const customerPartners: number[] = [];
  const currencies = interned();
  const products = interned();
  const ids = textColumn();
  let count = 0;
  /** Only of transactions that have any: most have none. */
  const reversals = new Map<string, Reversed>();
  const columns = {
    customer: column(Uint32Array),
    created: column(Float64Array),
    amount: column(Float64Array),
    currency: column(Uint32Array),
    product: column(Uint32Array),
  };
  /** Positions of the transactions by partner and customer. */
  let order: Uint32Array | undefined;
  const partnerAt = (i: number) => customerPartners[columns.customer.at(i)]!;
  const transactionAt = (i: number): RewardedTransaction => {
    const product = products.at(columns.product.at(i));
    return {
      transaction_id: ids.at(i),
      created: columns.created.at(i),
      amount_net: columns.amount.at(i),
      currency: currencies.at(columns.currency.at(i)),
      ...(product === '' ? {} : { product_key: product }),
    };
  };

  return {
    addCustomer({ customer_key, partner_key }) {
      const index = customers.get(customer_key) ?? customerKeys.push(customer_key) - 1;
      customers.set(customer_key, index);
      customerPartners[index] = partners.index(partner_key);
      order = undefined;
    },
    partnerOf(customerKey) {
      const found = customerKey === undefined ? undefined : customers.get(customerKey);
      return found === undefined ? undefined : partners.at(customerPartners[found]!);
    },
    addTransaction(row) {
      const { customer_key = '', transaction_id, created = 0, amount_net, currency = '', product_key = '' } = row;
      const customer = customers.get(customer_key);
      if (customer === undefined) return false;
      order = undefined;
      const reversed = { refunded: row.amount_refunded ?? 0, disputed: row.amount_disputed ?? 0 };
      if (reversed.refunded !== 0 || reversed.disputed !== 0) reversals.set(transaction_id, reversed);
      ids.push(transaction_id);
      count++;
      columns.customer.push(customer);
      columns.created.push(created);
      columns.amount.push(amount_net);
      columns.currency.push(currencies.index(currency));
      columns.product.push(products.index(product_key));
      return true;
    },
    reversed: (transactionId) => reversals.get(transactionId) ?? NOTHING_REVERSED,
    *customers(partner) {
      if (partner !== undefined && !partners.has(partner)) return;
      order ??= byCustomer(count, columns.customer.at, customerPartners);
      let begin = partner === undefined ? 0 : firstAtLeast(order, partners.index(partner), partnerAt);
      for (let end = begin; begin < order.length; begin = end) {
        const index = columns.customer.at(order[begin]!);
        const partner_key = partners.at(customerPartners[index]!);
        if (partner !== undefined && partner !== partner_key) return;
        while (end < order.length && columns.customer.at(order[end]!) === index) end++;
        yield {
          customer: { customer_key: customerKeys[index]!, partner_key },
          transactions: Array.from(order.subarray(begin, end), transactionAt),
        };
      }
    },
    partners: () => partners.values(),
  };
}

/** Sorts positions by partner, then by customer. It counts each customer's positions, and knows from the counts where they begin. */
function byCustomer(count: number, customerAt: (i: number) => number, partners: readonly number[]): Uint32Array {
  const next = new Uint32Array(partners.length);
  for (let i = 0; i < count; i++) next[customerAt(i)]!++;
  let begin = 0;
  for (const customer of [...partners.keys()].sort((a, b) => partners[a]! - partners[b]!)) {
    const size = next[customer]!;
    next[customer] = begin;
    begin += size;
  }
  const sorted = new Uint32Array(count);
  for (let i = 0; i < count; i++) sorted[next[customerAt(i)]!++] = i;
  return sorted;
}

/** @returns the first position of a sorted array whose item has at least this value */
function firstAtLeast(sorted: Uint32Array, value: number, readValue: (item: number) => number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (readValue(sorted[middle]!) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Texts that occur often, each stored once and known by its index. */
function interned() {
  const texts: string[] = [];
  const indexes = new Map<string, number>();
  return {
    index(text: string): number {
      let index = indexes.get(text);
      if (index === undefined) {
        index = texts.push(text) - 1;
        indexes.set(text, index);
      }
      return index;
    },
    has: (text: string): boolean => indexes.has(text),
    at: (index: number): string => texts[index]!,
    values: (): Iterable<string> => texts.values(),
  };
}

type NumberArray = Float64Array | Uint32Array;

/** Entries of one piece of a column: a column grows by pieces, so that nothing is copied and no more than a piece is unused. */
const PIECE = 1 << 14;

function column(kind: new (length: number) => NumberArray) {
  const pieces: NumberArray[] = [];
  let length = 0;
  return {
    push(value: number): void {
      if (length % PIECE === 0) pieces.push(new kind(PIECE));
      pieces.at(-1)![length++ % PIECE] = value;
    },
    at: (index: number): number => pieces[Math.floor(index / PIECE)]![index % PIECE]!,
  };
}

/** Texts that are all different: each piece is one long text, because a short one has as many bytes around it as in it. */
function textColumn() {
  const pieces: { readonly text: string; readonly ends: Uint32Array }[] = [];
  let last: string[] = [];
  const pack = () => {
    let end = 0;
    pieces.push({ text: last.join(''), ends: Uint32Array.from(last, ({ length }) => (end += length)) });
    last = [];
  };
  return {
    push(text: string): void {
      if (last.push(text) === PIECE) pack();
    },
    at(index: number): string {
      const piece = pieces[Math.floor(index / PIECE)];
      const i = index % PIECE;
      return piece ? piece.text.slice(i === 0 ? 0 : piece.ends[i - 1], piece.ends[i]) : last[i]!;
    },
  };
}
