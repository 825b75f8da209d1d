// A closed statement as a file: CSV, JSON, and a page to print.

import { formatMoney } from '../contract/money.js';
import { csv } from './output.js';
import type { ClosedStatement } from './statement-store.js';

const COLUMNS = [
  'partner',
  'until',
  'transaction_id',
  'customer_key',
  'product_key',
  'currency',
  'amount_net',
  'reward',
  'rule',
  'reason',
] as const;

/** Amounts in minor units; an absent product is an empty field. */
export function statementCsv({ lines }: ClosedStatement): string {
  const rows = lines.map(({ line }) =>
    COLUMNS.map((key) => {
      const value = line[key];
      // A negative amount is a number, not a formula.
      return typeof value === 'number' ? String(value) : csv(value ?? '');
    }).join(','),
  );
  return [COLUMNS.join(','), ...rows, ''].join('\n');
}

/** The header, and the lines under `statement_lines`. */
export function statementJson({ header, lines }: ClosedStatement): string {
  return `${JSON.stringify({ ...header, statement_lines: lines.map(({ line }) => line) }, undefined, 2)}\n`;
}

/** A page without scripts or outside resources, which prints on paper as it shows on a screen. */
export function statementPage({ header, lines }: ClosedStatement): string {
  const period = header.from === '1970-01-01' ? `until ${header.until}` : `${header.from} to ${header.until}`;
  const title = `Statement of ${header.partner}, ${period}`;
  const rows = lines.map(({ line }) => {
    const cells = [line.transaction_id, line.customer_key, line.product_key ?? '–', line.rule, line.reason];
    const amounts = [line.amount_net, line.reward].map((amount) => formatMoney(amount, line.currency));
    return `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}${amounts.map((each) => `<td class="amount">${escaped(each)}</td>`).join('')}</tr>`;
  });
  const sums = Object.entries(header.sums).map(
    ([currency, { count, amount_net, reward }]) =>
      `<tr><th scope="row" colspan="5">${count === 1 ? '1 line' : `${count} lines`}</th>` +
      [amount_net, reward].map((each) => `<td class="amount">${escaped(formatMoney(each, currency))}</td>`).join('') +
      '</tr>',
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
${header.livemode ? '' : '<p>Test mode: no real money.</p>\n'}<table>
<thead><tr>${['Transaction', 'Customer', 'Product', 'Rule', 'Reason'].map((each) => `<th scope="col">${each}</th>`).join('')}<th scope="col" class="amount">Net</th><th scope="col" class="amount">Reward</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
<tfoot>
${sums.join('\n')}
</tfoot>
</table>
<p>Closed ${escaped(header.closed_at)}. SHA-256 of the lines: <code>${escaped(header.hash)}</code></p>
</body>
</html>
`;
}

const STYLE = `
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; color: #111; background: #fff }
h1 { font-size: 1.4em }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3em .6em; border-bottom: 1px solid #bbb; vertical-align: top; overflow-wrap: anywhere }
.amount { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
tfoot tr { font-weight: bold }
thead { display: table-header-group }
tr { break-inside: avoid }
code { overflow-wrap: anywhere }
`;

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
