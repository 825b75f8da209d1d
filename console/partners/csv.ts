// The report as CSV: one line for each partner, product, month, mode and currency.

import { csv } from '../../cli/output.js';
import type { PartnerReport } from './model.js';

const COLUMNS = ['partner', 'product', 'month', 'livemode', 'currency', 'count', 'amount_net'] as const;

export function reportCsv({ groups }: PartnerReport): string {
  const lines = groups.flatMap((group) => group.lines);
  const rows = lines.map((line) => COLUMNS.map((column) => csv(String(line[column] ?? ''))).join(','));
  return [COLUMNS.join(','), ...rows].map((row) => `${row}\n`).join('');
}
