// `statement preview|close|show|export`: what statements say, or will say, that partners are owed.

import { writeFileSync } from 'node:fs';
import { formatMoney } from '../../contract/money.js';
import { dayOf } from '../../rewards/dates.js';
import { type StatementLine, sumsOf } from '../../rewards/statement.js';
import {
  type ClosingResult,
  closeStatements,
  previewStatements,
  type RulesChange,
  statementStoreOf,
} from '../close-statements.js';
import { onTarget, type Register } from '../command.js';
import { OperatorError } from '../errors.js';
import { type Output, table } from '../output.js';
import { concurrencyOf, type Mode, parseDay, READ_OPTIONS, RULES_OPTION, readRulesFile } from '../read-rewards.js';
import { keepHeapSmall } from '../small-heap.js';
import { statementCsv, statementJson, statementPage } from '../statement-export.js';
import { type ClosedStatement, readLedger } from '../statement-store.js';
import type { Target } from '../target.js';

export const registerStatement: Register = (yargs) =>
  yargs.command('statement <action>', 'preview, close, show and export the statements of partners', (y) =>
    [registerPreview, registerClose, registerShow, registerExport]
      .reduce((all, register) => register(all), y as Parameters<Register>[0])
      .demandCommand(1, 'Name an action: preview, close, show or export.')
      .example('npx $0 statement close --rules rewards.json --until 2025-06-30 --stage prod', 'close June'),
  );

const ONE_PARTNER = { type: 'string', describe: 'only this partner_key' } as const;
const UNTIL = 'the last day of the period (UTC), such as 2025-06-30';

const registerPreview: Register = (yargs) =>
  yargs.command(
    'preview',
    'print the lines that `statement close` would write',
    (y) =>
      y
        .options({
          rules: RULES_OPTION,
          until: { type: 'string', describe: `${UNTIL}; today if absent` },
          partner: ONE_PARTNER,
          ...READ_OPTIONS,
        })
        .example(
          'npx $0 statement preview --rules rewards.json --stage prod',
          'what a statement closed today would contain',
        ),
    async (argv) => {
      keepHeapSmall();
      const options = closingOptions({ ...argv, until: argv.until ?? today() });
      await onTarget(argv, async (target, output) => {
        const previews = await previewStatements(target, options);
        const sayRulesChange = createRulesNotice();
        for (const { rulesChange } of previews) sayRulesChange(rulesChange);
        const lines = previews.flatMap((each) => each.lines.map(({ line }) => line));
        if (lines.length === 0) output.say('There are no new statement lines.');
        else printLines(lines, output);
      });
    },
  );

const registerClose: Register = (yargs) =>
  yargs.command(
    'close',
    'close the statements of a period: they never change afterwards',
    (y) =>
      y
        .options({
          rules: RULES_OPTION,
          until: { type: 'string', demandOption: true, describe: UNTIL },
          partner: ONE_PARTNER,
          ...READ_OPTIONS,
        })
        .example('npx $0 statement close --rules rewards.json --until 2025-06-30 --stage prod', 'all partners')
        .example(
          'npx $0 statement close --rules rewards.json --until 2025-06-30 --partner ada --stage prod',
          'one of them',
        ),
    async (argv) => {
      keepHeapSmall();
      const options = closingOptions(argv);
      await onTarget(argv, async (target, output) => {
        let written = 0;
        const sayRulesChange = createRulesNotice();
        await closeStatements(target, options, (result) => {
          sayRulesChange(result.rulesChange);
          if (result.outcome !== 'no new lines') written++;
          printResult(result, output);
        });
        if (written === 0) output.say('There are no new statement lines, so no statement was closed.');
      });
    },
  );

const registerShow: Register = (yargs) =>
  yargs.command(
    'show <partner>',
    'print the closed statements of a partner',
    (y) =>
      y
        .positional('partner', { type: 'string', demandOption: true })
        .options({
          until: { type: 'string', describe: `the statement until this day; all if absent` },
          livemode: READ_OPTIONS.livemode,
        })
        .example('npx $0 statement show ada --until 2025-06-30 --json --stage prod', 'one object per line'),
    (argv) =>
      onTarget(argv, async (target, output) => {
        for (const { header, lines } of await closedStatements(target, argv)) {
          output.say(`${header.partner}, until ${header.until}, closed ${header.closed_at}, hash ${header.hash}`);
          printLines(
            lines.map(({ line }) => line),
            output,
          );
        }
      }),
  );

const registerExport: Register = (yargs) =>
  yargs.command(
    'export <partner>',
    'write a closed statement as CSV, JSON or a page to print',
    (y) =>
      y
        .positional('partner', { type: 'string', demandOption: true })
        .options({
          until: { type: 'string', describe: `the statement until this day; the newest if absent` },
          format: { choices: ['csv', 'json', 'html'] as const, default: 'csv' as const },
          output: { type: 'string', describe: 'a file; the terminal if absent' },
          livemode: READ_OPTIONS.livemode,
        })
        .example(
          'npx $0 statement export ada --until 2025-06-30 --format html --output ada.html --stage prod',
          'a page to print',
        ),
    (argv) =>
      onTarget(argv, async (target) => {
        const statement = (await closedStatements(target, argv)).at(-1)!;
        const write = { csv: statementCsv, json: statementJson, html: statementPage }[argv.json ? 'json' : argv.format];
        if (argv.output === undefined) process.stdout.write(write(statement));
        else writeFileSync(argv.output, write(statement));
      }),
  );

function today(): string {
  return dayOf(Date.now() / 1000);
}

interface ClosingArguments {
  readonly rules: string;
  readonly until: string;
  readonly partner?: string | undefined;
  readonly livemode?: Mode | undefined;
  readonly concurrency: number;
}

function closingOptions({ rules, until, partner, livemode, concurrency }: ClosingArguments) {
  return {
    rules: readRulesFile(rules),
    until: parseDay('--until', until),
    today: today(),
    concurrency: concurrencyOf(concurrency),
    ...(partner === undefined ? {} : { partner }),
    ...(livemode ? { livemode } : {}),
  };
}

/** @throws {OperatorError} if there is none */
async function closedStatements(
  target: Target,
  { partner, until, livemode }: { partner: string; until?: string | undefined; livemode?: Mode | undefined },
): Promise<ClosedStatement[]> {
  if (until !== undefined) parseDay('--until', until);
  const store = statementStoreOf(target);
  const modes: Mode[] = livemode ? [livemode] : ['live', 'test'];
  const ledgers = await Promise.all(modes.map((mode) => readLedger(store, partner, mode)));
  const found = ledgers.map(({ statements }) =>
    statements.filter(({ header }) => (until ?? header.until) === header.until),
  );
  if (found.filter(({ length }) => length > 0).length > 1)
    throw new OperatorError(
      `${partner} has live and test statements: choose with --livemode live or --livemode test`,
      2,
    );
  const statements = found.flat();
  if (statements.length === 0) {
    const closed = ledgers.flatMap((ledger) => ledger.statements.map(({ header }) => header.until));
    throw new OperatorError(
      `there is no closed statement of ${partner}${until === undefined ? '' : ` until ${until}`}` +
        (closed.length === 0 ? '' : `; there are statements until ${closed.join(', ')}`),
    );
  }
  return statements;
}

function printLines(lines: readonly StatementLine[], output: Output): void {
  const rows = lines.map((line) => [
    line.partner,
    line.transaction_id,
    line.customer_key,
    line.product_key ?? '–',
    formatMoney(line.amount_net, line.currency),
    formatMoney(line.reward, line.currency),
    line.rule,
    line.reason,
  ]);
  const [heading, ...texts] = table([
    ['partner', 'transaction', 'customer', 'product', 'net', 'reward', 'rule', 'reason'],
    ...rows,
  ]).split('\n');
  output.say(heading!);
  for (const [i, line] of lines.entries()) output.item(line, texts[i]!);
  for (const [currency, { count, reward }] of Object.entries(sumsOf(lines)))
    output.say(`${count === 1 ? '1 line' : `${count} lines`}, ${formatMoney(reward, currency)}`);
}

function printResult(result: ClosingResult, output: Output): void {
  if (result.outcome === 'no new lines') return;
  const { outcome, header } = result;
  const sums = Object.entries(header.sums).map(([currency, { reward }]) => formatMoney(reward, currency));
  output.item(
    { outcome, ...header },
    `${header.partner}: ${outcome} until ${header.until}, ${header.lines === 1 ? '1 line' : `${header.lines} lines`}, ` +
      `${sums.join(', ')}, hash ${header.hash}`,
  );
}

/** Says once for each hash that the rules have changed. On stderr, so that it does not mix with lines that a script reads. */
function createRulesNotice(): (change: RulesChange | undefined) => void {
  const said = new Set<string>();
  return (change) => {
    if (!change || said.has(change.before)) return;
    said.add(change.before);
    const { partner, until, before, now } = change;
    process.stderr.write(
      `The rules have changed since the statement of ${partner} until ${until}: their hash was ${before} and is ${now} now. ` +
        'The difference becomes lines like any other, for other partners too.\n',
    );
  };
}
