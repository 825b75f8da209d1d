// `report`: what stands, summed up by partner, product, currency and month. Currencies are never added together.

import { formatMoney } from '../contract/money.js';
import { OperatorError } from './errors.js';
import { csv, type Output, table } from './output.js';
import { readerOf } from './show.js';
import type { Target } from './target.js';

export const REPORT_KEYS = ['partner', 'product', 'currency', 'month', 'customer'] as const;
export type ReportKey = (typeof REPORT_KEYS)[number];

export interface ReportLine {
  readonly partner?: string;
  readonly customer?: string;
  readonly product?: string;
  readonly month?: string;
  readonly currency: string;
  readonly count: number;
  /** In the currency's minor unit. */
  readonly amount_net: number;
}

export interface ReportOptions {
  readonly by: readonly ReportKey[];
  readonly partner?: string;
  /** Bounds of `created`, in Unix seconds. */
  readonly from?: number;
  readonly before?: number;
  /** Called after each customer, with how many are read. */
  readonly onProgress?: (customers: number) => void;
}

/** @throws {OperatorError} for a key that there is none of */
export function parseReportKeys(text: string): ReportKey[] {
  const keys = text.split(',').map((each) => each.trim());
  const unknown = keys.find((key) => !REPORT_KEYS.includes(key as ReportKey));
  if (unknown !== undefined)
    throw new OperatorError(`--by knows no ${JSON.stringify(unknown)}; use: ${REPORT_KEYS.join(', ')}`, 2);
  return keys as ReportKey[];
}

/**
 * Reads the index of each customer, one after the other: memory is needed for the lines of the report alone. Transactions without
 * a customer belong to nobody yet and are in no line.
 */
export async function reportLines(target: Target, options: ReportOptions): Promise<ReportLine[]> {
  const reader = readerOf(target);
  const lines = new Map<string, { line: ReportLine; count: number; amount: bigint }>();
  const customers = options.partner === undefined ? reader.customers() : reader.customersOf(options.partner);
  let read = 0;
  for await (const { customer_key, partner_key } of customers) {
    const range = {
      ...(options.from === undefined ? {} : { from: options.from }),
      ...(options.before === undefined ? {} : { before: options.before }),
    };
    for await (const transaction of reader.transactionsOf(customer_key, range)) {
      const values: Record<ReportKey, string> = {
        partner: partner_key ?? '',
        customer: customer_key,
        product: transaction.product_key ?? '',
        currency: transaction.currency ?? '',
        month: new Date((transaction.created ?? 0) * 1000).toISOString().slice(0, 7),
      };
      const keys = [...new Set([...options.by, 'currency' as const])];
      const id = JSON.stringify(keys.map((key) => values[key]));
      const found = lines.get(id) ?? {
        line: { ...Object.fromEntries(keys.map((key) => [key, values[key]])) } as unknown as ReportLine,
        count: 0,
        amount: 0n,
      };
      found.count++;
      found.amount += BigInt(transaction.amount_net);
      lines.set(id, found);
    }
    options.onProgress?.(++read);
  }
  return [...lines.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { line, count, amount }]) => ({ ...line, count, amount_net: Number(amount) }));
}

export function printReport(
  lines: readonly ReportLine[],
  format: 'table' | 'csv' | 'json',
  by: readonly ReportKey[],
  output: Output,
): void {
  const columns = [...new Set([...by, 'currency' as const])];
  if (format === 'json') {
    for (const line of lines) output.item(line, JSON.stringify(line));
  } else if (format === 'csv') {
    output.say([...columns, 'count', 'amount_net'].join(','));
    for (const line of lines)
      output.say([...columns.map((key) => csv(line[key] ?? '')), line.count, line.amount_net].join(','));
  } else {
    const shown = columns.filter((key) => key !== 'currency');
    output.say(
      table([
        [...shown, 'count', 'net'],
        ...lines.map((line) => [
          ...shown.map((key) => line[key] || '–'),
          String(line.count),
          formatMoney(line.amount_net, line.currency),
        ]),
      ]),
    );
  }
}
