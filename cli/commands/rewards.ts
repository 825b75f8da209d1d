// `rewards check FILE`: errors and warnings in a file of rules, each with its line.

import { checkRules } from '../../rewards/check-rules.js';
import type { Register } from '../command.js';
import { createOutput } from '../output.js';
import { readRulesFile, rulesProblem } from '../read-rewards.js';

export const registerRewards: Register = (yargs) =>
  yargs.command(
    'rewards <action> <file>',
    'check a file of rules',
    (y) =>
      y
        .positional('action', { choices: ['check'] as const, demandOption: true })
        .positional('file', { type: 'string', demandOption: true, describe: 'such as rewards.json' })
        .example('npx $0 rewards check rewards.json', 'before it is used'),
    (argv) => {
      const output = createOutput(argv.json ?? false);
      const parsed = readRulesFile(argv.file);
      const warnings = checkRules(parsed);
      for (const warning of warnings)
        output.item(
          { level: 'warning', ...warning },
          rulesProblem(argv.file, { ...warning, message: `warning: ${warning.message}` }),
        );
      const rules = parsed.rules.length === 1 ? '1 rule' : `${parsed.rules.length} rules`;
      const found =
        warnings.length === 0 ? 'no warnings' : warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`;
      output.item(
        { rules: parsed.rules.length, warnings: warnings.length, hash: parsed.hash },
        `${argv.file}: ${rules}, ${found}, hash ${parsed.hash}`,
      );
    },
  );
