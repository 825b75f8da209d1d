// `owed`: what partners are owed according to the rules, as of a day. Currencies are never added together.

import { formatMoney } from '../contract/money.js';
import { OWED_KEYS, type OwedKey, type OwedLine, owedSums } from '../rewards/owed.js';
import { customerRewards, RewardError } from '../rewards/rewards.js';
import { needHistory, type Rules } from '../rewards/rules.js';
import { OperatorError } from './errors.js';
import { csv, type Output, table } from './output.js';
import {
  modeFilter,
  type ReadOptions,
  type ReadTarget,
  readCustomers,
  readHistories,
  readRecorded,
} from './read-rewards.js';

export interface OwedOptions extends ReadOptions {
  readonly rules: Rules;
  readonly by: readonly OwedKey[];
  /** Only this partner. */
  readonly partner?: string;
  /** A day in UTC, `YYYY-MM-DD`: what is due later is left out. */
  readonly asOf: string;
}

/** @throws {OperatorError} for a key that does not exist */
export function parseOwedKeys(text: string): OwedKey[] {
  const keys = text.split(',').map((each) => each.trim());
  const unknown = keys.find((key) => !OWED_KEYS.includes(key as OwedKey));
  if (unknown !== undefined)
    throw new OperatorError(`--by does not accept ${JSON.stringify(unknown)}; use: ${OWED_KEYS.join(', ')}`, 2);
  return keys as OwedKey[];
}

/**
 * Memory grows with the customers who have a partner and with the lines; if a rule counts a customer's transactions (`payments`,
 * `months`, `maxPerCustomer`), also with the transactions, at some 70 bytes each.
 *
 * @throws {OperatorError} if the rules cannot be applied, or live and test transactions would mix
 */
export async function owedLines(target: ReadTarget, options: OwedOptions): Promise<OwedLine[]> {
  try {
    return await (needHistory(options.rules) ? byHistory : byTransaction)(target, options);
  } catch (error) {
    if (error instanceof RewardError) throw new OperatorError(error.message);
    throw error;
  }
}

async function byHistory(target: ReadTarget, options: OwedOptions): Promise<OwedLine[]> {
  const histories = await readHistories(target, options, modeFilter(options.livemode, target));
  const sums = owedSums(options.by);
  for (const { customer, transactions } of histories.customers(options.partner))
    for (const reward of customerRewards(customer, transactions, options.rules, options.asOf)) sums.add(reward);
  return sums.lines();
}

/** Without rules that count, a transaction's reward does not depend on other transactions, so none is kept. */
async function byTransaction(target: ReadTarget, options: OwedOptions): Promise<OwedLine[]> {
  const partners = new Map<string, string>();
  await readCustomers(target, options, ({ customer_key, partner_key }) => {
    if (partner_key !== undefined && (options.partner ?? partner_key) === partner_key)
      partners.set(customer_key, partner_key);
  });
  const filter = modeFilter(options.livemode, target);
  const sums = owedSums(options.by);
  await readRecorded(target, options, (row) => {
    const { customer_key } = row;
    const partner_key = customer_key === undefined ? undefined : partners.get(customer_key);
    if (customer_key === undefined || partner_key === undefined || !filter.accepts(row)) return;
    for (const reward of customerRewards({ customer_key, partner_key }, [row], options.rules, options.asOf))
      sums.add(reward);
  });
  return sums.lines();
}

export function printOwed(
  lines: readonly OwedLine[],
  format: 'table' | 'csv' | 'json',
  { by, asOf }: { readonly by: readonly OwedKey[]; readonly asOf: string },
  output: Output,
): void {
  const columns = [...new Set<OwedKey>([...by, 'currency'])];
  if (format === 'json') {
    for (const line of lines) output.item(line, JSON.stringify(line));
  } else if (format === 'csv') {
    output.say([...columns, 'count', 'amount_net', 'reward'].join(','));
    for (const line of lines)
      output.say([...columns.map((key) => csv(line[key] ?? '')), line.count, line.amount_net, line.reward].join(','));
  } else if (lines.length === 0) {
    output.say(`Nothing is due by ${asOf}. A reward on hold becomes due later: try a later --as-of.`);
  } else {
    const shown = columns.filter((key) => key !== 'currency');
    const rows = lines.map((line) => [
      ...shown.map((key) => line[key] || '–'),
      String(line.count),
      formatMoney(line.amount_net, line.currency),
      formatMoney(line.reward, line.currency),
    ]);
    output.say(table([[...shown, 'count', 'net', 'reward'], ...rows]));
  }
}
