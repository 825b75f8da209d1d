// Sums of rewards by partner, product, customer, month and currency. Currencies are never added together.

import { type Reward, RewardError } from './rewards.js';

export const OWED_KEYS = ['partner', 'product', 'customer', 'month', 'currency'] as const;
export type OwedKey = (typeof OWED_KEYS)[number];

/** The keys asked for and the currency, how many transactions, and their sums in the currency's minor unit. */
export type OwedLine = { readonly [K in OwedKey]?: string } & {
  readonly currency: string;
  readonly count: number;
  readonly amount_net: number;
  readonly reward: number;
};

export interface OwedSums {
  add(reward: Reward): void;
  /** @throws {RewardError} if a sum is too large for an exact number */
  lines(): OwedLine[];
}

/** Adds rewards up. Memory grows with the lines, not with the rewards. */
export function owedSums(by: readonly OwedKey[]): OwedSums {
  const keys = [...new Set<OwedKey>([...by, 'currency'])];
  const sums = new Map<string, { count: number; amount: bigint; reward: bigint }>();
  return {
    add(reward) {
      const values = valuesOf(reward);
      const id = JSON.stringify(keys.map((key) => values[key]));
      let sum = sums.get(id);
      if (!sum) {
        sum = { count: 0, amount: 0n, reward: 0n };
        sums.set(id, sum);
      }
      sum.count++;
      sum.amount += BigInt(reward.amount_net);
      sum.reward += BigInt(reward.reward);
    },
    lines: () =>
      [...sums]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([id, { count, amount, reward }]) => {
          const values: string[] = JSON.parse(id);
          const named = Object.fromEntries(keys.map((key, i) => [key, values[i]!]));
          return { ...named, count, amount_net: exact(amount), reward: exact(reward) } as OwedLine;
        }),
  };
}

function valuesOf(reward: Reward): Record<OwedKey, string> {
  return {
    partner: reward.partner,
    product: reward.product_key ?? '',
    customer: reward.customer_key,
    month: reward.day.slice(0, 7),
    currency: reward.currency,
  };
}

/** @throws {RewardError} if the sum is beyond 2^53, where JSON's numbers lose digits */
export function exact(sum: bigint): number {
  const number = Number(sum);
  if (!Number.isSafeInteger(number))
    throw new RewardError(`the sum ${sum} is too large to be exact: group by more keys`);
  return number;
}
