// What a customer's transactions earn the partner who referred the customer. Pure: rows and rules in, lines out.

import { addDays, addMonths, dayOf } from './dates.js';
import { amountFor, type Percent, type Rule, type Rules } from './rules.js';

/** The customer of the transactions, as in `customers`. */
export interface RewardedCustomer {
  readonly customer_key: string;
  readonly partner_key: string;
}

/** What a reward is computed from; rows of `transactions` have all of it. */
export interface RewardedTransaction {
  readonly transaction_id: string;
  /** Unix seconds. */
  readonly created?: number;
  readonly currency?: string;
  /** In the currency's minor unit. */
  readonly amount_net: number;
  readonly product_key?: string;
}

/** What one transaction earns. */
export interface Reward {
  readonly partner: string;
  readonly customer_key: string;
  readonly transaction_id: string;
  readonly product_key: string | null;
  readonly currency: string;
  /** The day of the transaction, in UTC. */
  readonly day: string;
  /** The first day on which the reward is due. */
  readonly due: string;
  /** In the currency's minor unit, as `reward` is. */
  readonly amount_net: number;
  readonly reward: number;
  /** The name of the rule that decided. */
  readonly rule: string;
}

/** A rule cannot be applied to a transaction, or an amount is too large to be exact. */
export class RewardError extends Error {
  override readonly name = 'RewardError';
}

/**
 * The rewards of all of one customer's recorded transactions that are due. Transactions count in the order of `created`, then of
 * `transaction_id` (compared as UTF-16 text, as JavaScript's `<` does). A transaction that no rule matches has no line.
 *
 * @param transactions every recorded transaction of the customer, in any order, of one mode (live or test)
 * @param asOf the day, in UTC: what is due later is left out
 * @throws {RewardError} if a rule with `fixed` amounts matches a currency that it does not list
 * @example
 * customerRewards({ customer_key: 'acme', partner_key: 'ada' }, transactions, parseRules(text), '2025-06-30');
 */
export function customerRewards(
  customer: RewardedCustomer,
  transactions: readonly RewardedTransaction[],
  rules: Rules,
  asOf: string,
): Reward[] {
  const ordered = [...transactions].sort(
    (a, b) => (a.created ?? 0) - (b.created ?? 0) || (a.transaction_id < b.transaction_id ? -1 : 1),
  );
  const firstDay = dayOf(ordered[0]?.created ?? 0);
  const earned = new Map<string, number>();
  const rewards: Reward[] = [];
  for (const [index, transaction] of ordered.entries()) {
    const day = dayOf(transaction.created ?? 0);
    const place = { partner: customer.partner_key, number: index + 1, day, firstDay };
    const rule = rules.rules.find((each) => matches(each, transaction, place));
    if (!rule) continue;
    const currency = transaction.currency ?? '';
    const reward = capped(rule, currency, rewardOf(rule, transaction), earned);
    const due = addDays(day, rule.holdDays);
    // A reward that is not due yet still counts towards the maximum.
    if (due > asOf) continue;
    rewards.push({
      partner: customer.partner_key,
      customer_key: customer.customer_key,
      transaction_id: transaction.transaction_id,
      product_key: transaction.product_key ?? null,
      currency,
      day,
      due,
      amount_net: transaction.amount_net,
      reward,
      rule: rule.name,
    });
  }
  return rewards;
}

/** Where a transaction comes among its customer's. */
interface Place {
  readonly partner: string;
  /** 1 for the customer's first transaction. */
  readonly number: number;
  readonly day: string;
  readonly firstDay: string;
}

function matches(rule: Rule, { product_key, currency }: RewardedTransaction, place: Place): boolean {
  return (
    (rule.partners === undefined || rule.partners.includes(place.partner)) &&
    (rule.products === undefined || rule.products.includes(product_key ?? null)) &&
    (rule.currencies === undefined || rule.currencies.includes(currency ?? '')) &&
    (rule.from === undefined || place.day >= rule.from) &&
    (rule.until === undefined || place.day <= rule.until) &&
    (rule.payments === undefined || place.number <= rule.payments) &&
    (rule.months === undefined || place.day < addMonths(place.firstDay, rule.months))
  );
}

function rewardOf(rule: Rule, { transaction_id, currency = '', amount_net }: RewardedTransaction): number {
  if (!Number.isSafeInteger(amount_net))
    throw new RewardError(`${transaction_id} has the amount ${amount_net}, which is not a whole number of minor units`);
  if (rule.percent) return percentOf(rule.percent, amount_net);
  const fixed = amountFor(rule.fixed, currency);
  if (fixed === undefined)
    throw new RewardError(
      `${rule.name} matches ${transaction_id}, but has no fixed reward for ${currency || 'a transaction without a currency'}: ` +
        'add the currency to its "fixed", or limit the rule with "currencies"',
    );
  return fixed;
}

/** Rounded half to even, in integers: 2.5 becomes 2 and 3.5 becomes 4, so that halves do not add up in one direction. */
export function percentOf({ digits, decimals }: Percent, amount: number): number {
  const divisor = 100n * 10n ** BigInt(decimals);
  const product = BigInt(amount) * digits;
  const sign = product < 0n ? -1n : 1n;
  const size = product * sign;
  const quotient = size / divisor;
  const twice = (size % divisor) * 2n;
  const up = twice > divisor || (twice === divisor && quotient % 2n === 1n);
  return Number(sign * (quotient + (up ? 1n : 0n)));
}

/** Cuts the reward down to what the customer's maximum leaves, and remembers what was earned. */
function capped(rule: Rule, currency: string, reward: number, earned: Map<string, number>): number {
  const most = amountFor(rule.maxPerCustomer, currency);
  if (most === undefined) return reward;
  const key = JSON.stringify([rule.name, currency]);
  const before = earned.get(key) ?? 0;
  const granted = Math.min(reward, most - before);
  earned.set(key, before + granted);
  return granted;
}
