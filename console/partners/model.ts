// The report of the Partners page: groups of lines that may be added together, each of one currency and one mode.

import { type ReportKey, type ReportLine, readReport } from '../../cli/report-lines.js';
import type { Target } from '../../cli/target.js';

export type Line = ReportLine;

export interface Group {
  readonly currency: string;
  readonly livemode: boolean;
  readonly lines: readonly Line[];
  /** In the currency's minor unit. */
  readonly total: number;
}

export interface PartnerReport {
  /** Live mode before test mode, then by currency. */
  readonly groups: readonly Group[];
  /** Customers that were read: with a partner, those that the partner referred. */
  readonly customers: number;
  readonly unattributed: readonly Line[];
}

export type Stack = 'partner' | 'product';

const REPORT_BY: readonly ReportKey[] = ['partner', 'product', 'currency', 'month'];

/**
 * @param partner a partner key; empty for all
 * @param onProgress called with what has been read so far
 */
export async function readPartnerReport(
  target: Target,
  partner: string,
  onProgress: (customers: number, transactions: number) => void,
): Promise<PartnerReport> {
  let customers = 0;
  const { lines, unattributed } = await readReport(target, {
    by: REPORT_BY,
    ...(partner === '' ? {} : { partner }),
    onProgress: (...read) => {
      [customers] = read;
      onProgress(...read);
    },
  });
  return { groups: groupLines(lines), customers, unattributed };
}

export function groupLines(lines: readonly Line[]): Group[] {
  const groups = new Map<string, Line[]>();
  for (const line of lines) {
    const key = `${line.livemode ? 0 : 1} ${line.currency}`;
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, each]) => ({
      currency: each[0]!.currency,
      livemode: each[0]!.livemode,
      lines: each,
      total: each.reduce((sum, { amount_net }) => sum + amount_net, 0),
    }));
}

export function nameOf(line: Line, by: Stack): string {
  return line[by] || `no ${by}`;
}
