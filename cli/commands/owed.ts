// `owed`: what each partner is owed under a rules file.

import { dayOf } from '../../rewards/dates.js';
import { OWED_KEYS } from '../../rewards/owed.js';
import { onTarget, type Register } from '../command.js';
import { owedLines, parseOwedKeys, printOwed } from '../owed-lines.js';
import { concurrencyOf, parseDay, READ_OPTIONS, RULES_OPTION, readRulesFile } from '../read-rewards.js';
import { keepHeapSmall } from '../small-heap.js';

export const registerOwed: Register = (yargs) =>
  yargs.command(
    'owed',
    'compute what each partner is owed under a rules file; currencies are kept separate',
    (y) =>
      y
        .options({
          rules: RULES_OPTION,
          by: { type: 'string', default: 'partner', describe: `any of ${OWED_KEYS.join(', ')}` },
          partner: { type: 'string', describe: 'only this partner_key' },
          'as-of': { type: 'string', describe: 'what is due by the end of this day (UTC); today if absent' },
          format: { choices: ['table', 'csv', 'json'] as const, default: 'table' as const },
          csv: { type: 'boolean', describe: 'the same as --format csv' },
          ...READ_OPTIONS,
        })
        .example(
          'npx $0 owed --rules rewards.json --stage prod --by partner,month',
          'what each partner earned each month',
        )
        .example(
          'npx $0 owed --rules rewards.json --local --as-of 2025-06-30 --csv',
          'what was due by the end of June',
        ),
    async (argv) => {
      const format = argv.json ? 'json' : argv.csv ? 'csv' : argv.format;
      const options = {
        rules: readRulesFile(argv.rules),
        by: parseOwedKeys(argv.by),
        asOf: argv.asOf === undefined ? dayOf(Date.now() / 1000) : parseDay('--as-of', argv.asOf),
        concurrency: concurrencyOf(argv.concurrency),
        ...(argv.partner === undefined ? {} : { partner: argv.partner }),
        ...(argv.livemode ? { livemode: argv.livemode } : {}),
      };
      keepHeapSmall();
      await onTarget({ ...argv, json: format === 'json' }, async (target, output) => {
        const onProgress = (rows: number) => output.progress(`${rows} transactions read`);
        printOwed(await owedLines(target, { ...options, onProgress }), format, options, output);
      });
    },
  );
