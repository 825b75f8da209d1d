// Recorded transactions, summed up by partner, product, month and customer. Currencies are never added together, and neither are live
// and test mode.

import type { ListedTransaction } from '../reader/reader.js';
import { readerOf, type Target } from './target.js';

export const REPORT_KEYS = ['partner', 'product', 'currency', 'month', 'customer'] as const;
export type ReportKey = (typeof REPORT_KEYS)[number];

export interface ReportLine {
  readonly partner?: string;
  readonly customer?: string;
  readonly product?: string;
  /** `2025-06`, by UTC. */
  readonly month?: string;
  readonly currency: string;
  /** Whether the money is real. */
  readonly livemode: boolean;
  readonly count: number;
  /** In the currency's minor unit. */
  readonly amount_net: number;
}

export interface ReportOptions {
  readonly by: readonly ReportKey[];
  readonly partner?: string;
  /** Only transactions of this mode; without it both, on separate lines. */
  readonly livemode?: boolean;
  /** Bounds of `created`, in Unix seconds. */
  readonly from?: number;
  readonly before?: number;
  /** Called after each customer, with how many have been read. */
  readonly onProgress?: (customers: number) => void;
}

/** Reads the index of each customer, one after the other, so that only the lines of the report are kept in memory. */
export async function reportLines(target: Target, options: ReportOptions): Promise<ReportLine[]> {
  const reader = readerOf(target);
  const sums = createSums(options.by);
  const customers = options.partner === undefined ? reader.customers() : reader.customersOf(options.partner);
  let read = 0;
  for await (const { customer_key, partner_key } of customers) {
    for await (const transaction of reader.transactionsOf(customer_key, options)) {
      sums.add(transaction, { partner: partner_key ?? '', customer: customer_key });
    }
    options.onProgress?.(++read);
  }
  return sums.lines();
}

/** Payments that no customer has been found for, by currency and mode; with the ID of one, to look at. */
export interface UnattributedLine extends ReportLine {
  readonly example: string;
}

/** Scans `transactions` for recorded rows without a `customer_key`. They are in no line of `reportLines`. */
export async function unattributedLines(
  target: Target,
  options: Pick<ReportOptions, 'livemode' | 'from' | 'before'>,
): Promise<UnattributedLine[]> {
  const sums = createSums([]);
  const examples = new Map<string, string>();
  for await (const transaction of readerOf(target).unattributedTransactions(options)) {
    sums.add(transaction, { partner: '', customer: '' });
    const key = `${transaction.currency ?? ''} ${transaction.livemode}`;
    if (!examples.has(key)) examples.set(key, transaction.transaction_id);
  }
  return sums.lines().map((line) => ({ ...line, example: examples.get(`${line.currency} ${line.livemode}`)! }));
}

function createSums(by: readonly ReportKey[]) {
  const keys = [...new Set([...by, 'currency' as const])];
  const sums = new Map<string, { readonly values: Partial<ReportLine>; count: number; amount: bigint }>();
  return {
    add(transaction: ListedTransaction, { partner, customer }: { partner: string; customer: string }) {
      const all: Record<ReportKey, string> = {
        partner,
        customer,
        product: transaction.product_key ?? '',
        currency: transaction.currency ?? '',
        month: new Date((transaction.created ?? 0) * 1000).toISOString().slice(0, 7),
      };
      const values = { ...Object.fromEntries(keys.map((key) => [key, all[key]])), livemode: transaction.livemode };
      const id = JSON.stringify(Object.values(values));
      const sum = sums.get(id) ?? { values, count: 0, amount: 0n };
      sum.count++;
      sum.amount += BigInt(transaction.amount_net);
      sums.set(id, sum);
    },
    lines: (): ReportLine[] =>
      [...sums.entries()]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, { values, count, amount }]) => ({ ...(values as ReportLine), count, amount_net: Number(amount) })),
  };
}
