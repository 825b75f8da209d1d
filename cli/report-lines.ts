// Recorded transactions, summed up by partner, product, month and customer. Currencies are never added together, and neither are live
// and test mode.

import type { RecordedTransaction } from '../reader/reader.js';
import { DEFAULT_SEGMENTS } from '../reader/scan.js';
import { type ReadTarget, readCustomers, readRecorded } from './read-rewards.js';

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
  /** How many segments of a table are read in parallel. */
  readonly concurrency?: number;
  /** Called repeatedly with the number of customers and transactions read so far. With `partner`, other customers do not count. */
  readonly onProgress?: (customers: number, transactions: number) => void;
}

export interface Report {
  readonly lines: readonly ReportLine[];
  /** Payments that no customer has been found for. They are in none of `lines`; with `partner`, none are looked for. */
  readonly unattributed: readonly UnattributedLine[];
}

/** By currency and mode, with the ID of one payment, to look at. */
export interface UnattributedLine extends ReportLine {
  readonly example: string;
}

/** @returns the lines of `readReport` alone */
export async function reportLines(target: ReadTarget, options: ReportOptions): Promise<readonly ReportLine[]> {
  return (await readReport(target, options)).lines;
}

/**
 * Reads each table once, in parallel segments: requests grow with the megabytes of the tables. Memory is needed for the lines, and for
 * which partner each customer has.
 */
export async function readReport(target: ReadTarget, options: ReportOptions): Promise<Report> {
  const { from = Number.NEGATIVE_INFINITY, before = Number.POSITIVE_INFINITY, livemode, partner, onProgress } = options;
  const reading = { concurrency: options.concurrency ?? DEFAULT_SEGMENTS };
  const partners = new Map<string, string>();
  await readCustomers(target, reading, ({ customer_key, partner_key = '' }) => {
    if (partner === undefined || partner === partner_key) partners.set(customer_key, partner_key);
    if (partners.size % 1000 === 0) onProgress?.(partners.size, 0);
  });
  const sums = createSums(options.by);
  const unattributed = createSums([]);
  const examples = new Map<string, string>();
  const onRows = (rows: number) => onProgress?.(partners.size, rows);
  await readRecorded(target, { ...reading, onProgress: onRows }, (row) => {
    const { customer_key, created = 0, transaction_id, currency = '' } = row;
    if (created < from || created >= before || (livemode ?? row.livemode) !== row.livemode) return;
    const found = customer_key === undefined ? undefined : partners.get(customer_key);
    if (customer_key !== undefined && found !== undefined) sums.add(row, { partner: found, customer: customer_key });
    if (customer_key !== undefined || partner !== undefined) return;
    unattributed.add(row, { partner: '', customer: '' });
    const key = `${currency} ${row.livemode}`;
    // The smallest ID, whichever segment was faster.
    if (transaction_id < (examples.get(key) ?? '\uffff')) examples.set(key, transaction_id);
  });
  return {
    lines: sums.lines(),
    unattributed: unattributed
      .lines()
      .map((line) => ({ ...line, example: examples.get(`${line.currency} ${line.livemode}`)! })),
  };
}

function createSums(by: readonly ReportKey[]) {
  const keys = [...new Set([...by, 'currency' as const])];
  const sums = new Map<string, { readonly values: Partial<ReportLine>; count: number; amount: bigint }>();
  return {
    add(transaction: RecordedTransaction, { partner, customer }: { partner: string; customer: string }) {
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
