// The rules of a rewards.json as plain data. `parse-rules.ts` reads them, docs/rewards.md explains them.

/** Rules in order: the first one that matches a transaction decides its reward. */
export interface Rules {
  readonly rules: readonly Rule[];
  /** SHA-256 of what the rules say, in hex. Spaces, line breaks and the order of keys do not change it. */
  readonly hash: string;
}

/** What each currency gets, by its code as Stripe writes it (`usd`), in the currency's minor unit. */
export type AmountByCurrency = Readonly<Record<string, number>>;

/** One rule. A condition that is absent holds for every transaction. Dates are `YYYY-MM-DD`, in UTC. */
export interface Rule {
  /** How statements name the rule. */
  readonly name: string;
  readonly partners?: readonly string[];
  /** `null` matches transactions without a product. */
  readonly products?: readonly (string | null)[];
  readonly currencies?: readonly string[];
  /** The first day of the transactions that the rule matches. */
  readonly from?: string;
  /** The last day of the transactions that the rule matches. */
  readonly until?: string;
  /** The customer's first N transactions that are recorded. */
  readonly payments?: number;
  /** The first N months since the customer's first transaction that is recorded. */
  readonly months?: number;
  /** How much of `amount_net`, in percent. */
  readonly percent?: Percent;
  /** The same amount for each transaction. A rule has either this or `percent`. */
  readonly fixed?: AmountByCurrency;
  /** The most that one customer's transactions earn under this rule. */
  readonly maxPerCustomer?: AmountByCurrency;
  /** How many days after the transaction the reward is due. */
  readonly holdDays: number;
}

/** An exact decimal: `digits` / 10^`decimals` percent. */
export interface Percent {
  readonly digits: bigint;
  readonly decimals: number;
}

/** Whether a customer's other transactions can change what one of them earns. */
export function needHistory({ rules }: Rules): boolean {
  return rules.some(
    ({ payments, months, maxPerCustomer }) =>
      payments !== undefined || months !== undefined || maxPerCustomer !== undefined,
  );
}

/** A currency comes from an event: it may be any text, also one that every object has a property of. */
export function amountFor(amounts: AmountByCurrency | undefined, currency: string): number | undefined {
  return amounts && Object.hasOwn(amounts, currency) ? amounts[currency] : undefined;
}
