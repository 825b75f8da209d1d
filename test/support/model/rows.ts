// Rows as a reader of the tables sees them.

import type { Item } from '../../../functions/store/requests.js';

export interface Rows {
  readonly customers: readonly Item[];
  readonly transactions: readonly Item[];
}

/** "Attributes that start with `_` are internal in every table", and readers ignore them. */
export function publicRows({ customers, transactions }: Rows): Rows {
  return { customers: customers.map(publicRow), transactions: transactions.map(publicRow) };
}

function publicRow(item: Item): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !name.startsWith('_')));
}
