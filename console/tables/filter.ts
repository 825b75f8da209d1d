// Which rows of a table a list shows: by search text, state and mode.

import type { Customer, Transaction } from '../../reader/reader.js';

export type TableName = 'customers' | 'transactions';

export const STATES = ['recorded', 'waiting', 'deleted'] as const;
export const MODES = ['live', 'test'] as const;

export interface Filter {
  /** A whole ID, key, name or e-mail address; empty for all. */
  readonly query: string;
  readonly state?: (typeof STATES)[number];
  readonly mode?: (typeof MODES)[number];
}

/** Reads a filter from a URL's query; an unknown value counts as absent. */
export function parseFilter(parameters: Readonly<Record<string, string>>): Filter {
  const state = STATES.find((each) => each === parameters.state);
  const mode = MODES.find((each) => each === parameters.mode);
  return { query: (parameters.q ?? '').trim(), ...(state ? { state } : {}), ...(mode ? { mode } : {}) };
}

/** The query of a URL for a filter; the reverse of `parseFilter`. */
export function filterParameters({ query, state, mode }: Filter): Record<string, string> {
  return { ...(query === '' ? {} : { q: query }), ...(state ? { state } : {}), ...(mode ? { mode } : {}) };
}

/** The attributes that a search looks in. */
const SEARCHED = [
  'customer_key',
  'deleted_customer_key',
  'partner_key',
  'stripe_customer_id',
  'name',
  'email',
  'transaction_id',
  'product_key',
  'payment_intent_id',
  'invoice_id',
  'event_id',
];

/** The attributes that `matches` and the order of a list need; reading fewer is faster. */
export function attributesFor({ query }: Filter): readonly string[] {
  const always = ['customer_key', 'transaction_id', 'created', 'status', 'livemode'];
  return query === '' ? always : [...new Set([...always, ...SEARCHED])];
}

/** @param linkedKey the `customer_key` that is linked to the Stripe customer which the search names */
export function matches(row: Customer | Transaction, { query, state, mode }: Filter, linkedKey?: string): boolean {
  if (mode !== undefined && (mode === 'live') !== (row.livemode === true)) return false;
  if (state !== undefined && stateOf(row as Transaction) !== state) return false;
  if (query === '') return true;
  const values = row as unknown as Readonly<Record<string, unknown>>;
  if (linkedKey !== undefined && !('transaction_id' in row) && values.customer_key === linkedKey) return true;
  return SEARCHED.some((name) => values[name] === query);
}

function stateOf({ status, customer_key }: Transaction): (typeof STATES)[number] {
  if (status === 'deleted') return 'deleted';
  return customer_key === undefined ? 'waiting' : 'recorded';
}

/** The state of a transaction, for a person. */
export function stateWords(transaction: Transaction): string {
  const state = stateOf(transaction);
  if (state === 'deleted') return `deleted: ${transaction.deleted_reason}`;
  return state === 'waiting' ? 'recorded, without a customer' : 'recorded';
}

/** The customer of a transaction, deleted or not. */
export function customerOf({ customer_key, deleted_customer_key }: Transaction): string | undefined {
  return customer_key ?? deleted_customer_key;
}
