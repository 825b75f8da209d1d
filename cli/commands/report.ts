// `report`: what each partner's customers have paid, net of what was taken back.

import { formatMoney } from '../../contract/money.js';
import { onTarget, type Register } from '../command.js';
import { parseDate } from '../dates.js';
import { OperatorError } from '../errors.js';
import { csv, type Output, table } from '../output.js';
import { concurrencyOf, READ_OPTIONS } from '../read-rewards.js';
import { REPORT_KEYS, type ReportKey, type ReportLine, readReport, type UnattributedLine } from '../report-lines.js';
import { keepHeapSmall } from '../small-heap.js';

export const registerReport: Register = (yargs) =>
  yargs.command(
    'report',
    'sum up the recorded transactions; currencies and modes are kept separate',
    (y) =>
      y
        .options({
          by: {
            type: 'string',
            default: 'partner,product,month',
            describe: 'any of partner, customer, product, currency, month',
          },
          partner: { type: 'string', describe: 'only this partner_key' },
          livemode: { choices: ['live', 'test'] as const, describe: 'only live or only test payments' },
          from: { type: 'string', describe: 'first day, such as 2025-06-01 (UTC)' },
          before: { type: 'string', describe: 'the day after the last one' },
          concurrency: READ_OPTIONS.concurrency,
          format: { choices: ['table', 'csv', 'json'] as const, default: 'table' as const },
        })
        .example('npx $0 report --stage prod --partner ada --from 2025-06-01 --before 2025-07-01', '')
        .example('npx $0 report --local --by currency', 'everything on this machine'),
    (argv) => {
      keepHeapSmall();
      return onTarget({ ...argv, json: argv.json || argv.format === 'json' }, async (target, output) => {
        const by = parseReportKeys(argv.by);
        const filter = {
          ...(argv.livemode ? { livemode: argv.livemode === 'live' } : {}),
          ...(argv.from ? { from: parseDate(argv.from) } : {}),
          ...(argv.before ? { before: parseDate(argv.before) } : {}),
        };
        const { lines, unattributed } = await readReport(target, {
          by,
          ...filter,
          concurrency: concurrencyOf(argv.concurrency),
          onProgress: (customers, rows) => output.progress(`${customers} customers and ${rows} transactions read`),
          ...(argv.partner ? { partner: argv.partner } : {}),
        });
        const format = argv.json ? 'json' : argv.format;
        printReport(lines, format, by, output);
        printUnattributed(unattributed, format, output);
        if (lines.length === 0) output.data({ lines: 0 });
      });
    },
  );

/** @throws {OperatorError} for an unknown key */
export function parseReportKeys(text: string): ReportKey[] {
  const keys = text.split(',').map((each) => each.trim());
  const unknown = keys.find((key) => !REPORT_KEYS.includes(key as ReportKey));
  if (unknown !== undefined) {
    throw new OperatorError(`--by does not know ${JSON.stringify(unknown)}; use: ${REPORT_KEYS.join(', ')}`, 2);
  }
  return keys as ReportKey[];
}

export function printReport(
  lines: readonly ReportLine[],
  format: 'table' | 'csv' | 'json',
  by: readonly ReportKey[],
  output: Pick<Output, 'item' | 'say'>,
): void {
  if (format === 'json') {
    for (const line of lines) output.item(line, JSON.stringify(line));
    return;
  }
  const columns = [...new Set([...by, 'currency' as const])];
  if (format === 'csv') {
    output.say([...columns, 'livemode', 'count', 'amount_net'].join(','));
    for (const line of lines) {
      const cells = columns.map((key) => csv(line[key] ?? ''));
      output.say([...cells, line.livemode, line.count, line.amount_net].join(','));
    }
    return;
  }
  const shown = columns.filter((key) => key !== 'currency');
  output.say(
    table([
      [...shown, 'mode', 'count', 'net'],
      ...lines.map((line) => [
        ...shown.map((key) => line[key] || '–'),
        modeOf(line),
        String(line.count),
        formatMoney(line.amount_net, line.currency),
      ]),
    ]),
  );
}

/** In CSV there is no line for it: each line there belongs to a customer. */
function printUnattributed(lines: readonly UnattributedLine[], format: 'table' | 'csv' | 'json', output: Output): void {
  if (format === 'json') for (const line of lines) output.data({ unattributed: true, ...line });
  if (format !== 'table' || lines.length === 0) return;
  output.say('\nNot in this report, because no customer_key is known for them:');
  for (const line of lines) {
    const payments = line.count === 1 ? '1 payment' : `${line.count} payments`;
    output.say(
      `  ${payments}, ${formatMoney(line.amount_net, line.currency)} (${modeOf(line)}), such as ${line.example}`,
    );
  }
  output.say(
    'Set customer_key in the metadata of the Stripe customers; their payments are then attributed automatically. `trace ID` shows the customer.',
  );
}

function modeOf({ livemode }: ReportLine): string {
  return livemode ? 'live' : 'test';
}
