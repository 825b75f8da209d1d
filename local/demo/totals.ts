// The end of the demo: what counts for which partner, and what each partner is owed.

import { owedLines } from '../../cli/owed-lines.js';
import { readRulesFile } from '../../cli/read-rewards.js';
import { targetOfStackFile } from '../../cli/target.js';
import { formatMoney } from '../../contract/money.js';
import type { StackFile } from '../../contract/stack-file.js';
import { dayOf } from '../../rewards/dates.js';
import { parseRules } from '../../rewards/parse-rules.js';
import { type DemoTables, moneyOf, productOf } from './rows.js';
import { say } from './say.js';
import { CUSTOMERS, PARTNERS } from './story.js';

const DEMO_RULES = '[{ "percent": "20" }]';

/** @returns whether this run's transactions count for what they should */
export async function printCounted(
  tables: DemoTables,
  transactions: readonly string[],
  expected: Readonly<Record<string, number>>,
): Promise<boolean> {
  say('\nWhat counts for which partner, read from the indexes by_partner and by_customer:\n');
  const counted: Record<string, number> = {};
  for (const partner of PARTNERS) {
    say(`  ${partner}`);
    const customers = (await tables.customersOf(partner)).map((row) => String(row.customer_key)).sort();
    for (const customer of customers.filter((key) => (CUSTOMERS as readonly string[]).includes(key))) {
      const rows = (await tables.transactionsOf(customer)).filter((row) =>
        transactions.includes(String(row.transaction_id)),
      );
      say(`    ${customer.padEnd(8)} ${rows.map((row) => `${moneyOf(row)}${productOf(row)}`).join(', ') || 'nothing'}`);
      for (const row of rows) counted[customer] = (counted[customer] ?? 0) + Number(row.amount_net);
    }
  }
  const names = Object.keys(expected);
  return Object.keys(counted).length === names.length && names.every((name) => counted[name] === expected[name]);
}

/** What the same rows come to for the partners: by the stack's own rules if it has some. Other runs' payments count too. */
export async function printOwed(stack: StackFile): Promise<void> {
  const target = targetOfStackFile(stack);
  try {
    const rules = stack.rewardsFile ? readRulesFile(stack.rewardsFile) : parseRules(DEMO_RULES);
    const asOf = dayOf(Date.now() / 1000);
    const livemode = stack.settings.livemode === 'live' ? 'live' : 'test';
    const lines = await owedLines(target, { rules, by: ['partner'], asOf, livemode });
    say(`\nWhat each partner is owed, by ${stack.rewardsFile ? stack.rewardsFile : `the rule ${DEMO_RULES}`}:\n`);
    for (const { partner, reward, amount_net, currency } of lines)
      say(`  ${partner}  ${formatMoney(reward, currency)} of ${formatMoney(amount_net, currency)}`);
  } finally {
    target.close();
  }
}
