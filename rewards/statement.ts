// Statements: what changed between what earlier statements say of each transaction and what the rules say of it now. Pure.

import { createHash } from 'node:crypto';
import { printable } from '../contract/printable.js';
import { exact } from './owed.js';
import type { Reward } from './rewards.js';

/** Why a statement has a line. All but `new` correct what an earlier statement says. */
export const REASONS = {
  new: 'new',
  refunded: 'refunded',
  disputed: 'disputed',
  failed: 'failed',
  expired: 'expired',
  restored: 'restored',
  moved: 'moved to another customer',
  partner: 'referred by another partner',
  amount: 'amount changed',
  rules: 'rules changed',
  /** Another transaction of the customer came or went, and the rule counts transactions, months or a maximum. */
  recounted: 'recounted',
} as const;
export type Reason = (typeof REASONS)[keyof typeof REASONS];

/** A line of a statement, with its keys in the order in which it is printed. Amounts are differences to earlier statements. */
export interface StatementLine {
  readonly partner: string;
  /** The last day of the statement's period. */
  readonly until: string;
  readonly transaction_id: string;
  readonly customer_key: string;
  readonly product_key: string | null;
  readonly currency: string;
  readonly amount_net: number;
  readonly reward: number;
  readonly rule: string;
  readonly reason: Reason;
}

/** How much of the transaction was reversed when the line was written: tells the next line's reason. */
export interface Reversed {
  readonly refunded: number;
  readonly disputed: number;
}

export const NOTHING_REVERSED: Reversed = { refunded: 0, disputed: 0 };

/** What all closed statements of a partner say of one transaction, added up; the rest is what the last of them says. */
export interface Stated extends Omit<StatementLine, 'partner' | 'until' | 'reason'> {
  readonly reversed: Reversed;
}

/** Statements of one transaction in two currencies are two entries: currencies are never added together. */
export function statedKey({ transaction_id, currency }: Pick<StatementLine, 'transaction_id' | 'currency'>): string {
  return JSON.stringify([transaction_id, currency]);
}

/** @param lines of all closed statements of a partner, oldest first */
export function addUp(
  lines: Iterable<{ readonly line: StatementLine; readonly reversed: Reversed }>,
): Map<string, Stated> {
  const stated = new Map<string, Stated>();
  for (const { line, reversed } of lines) {
    const { partner: _partner, until: _until, reason: _reason, ...rest } = line;
    const before = stated.get(statedKey(line));
    stated.set(statedKey(line), {
      ...rest,
      reversed,
      amount_net: line.amount_net + (before?.amount_net ?? 0),
      reward: line.reward + (before?.reward ?? 0),
    });
  }
  return stated;
}

/** A transaction of which the rules say something else now than the statements do. */
export interface Difference {
  readonly stated?: Stated;
  /** Absent if no rule gives this partner a reward for the transaction now. */
  readonly reward?: Reward;
}

/**
 * The transactions whose amount or reward differs from what was stated. Every transaction that a rule matches is stated, also one
 * that earns 0. One that no rule matches any more, or that is no longer the partner's, is taken back whole.
 */
export function differences(stated: ReadonlyMap<string, Stated>, rewards: Iterable<Reward>): Difference[] {
  const found: Difference[] = [];
  const rewarded = new Set<string>();
  for (const reward of rewards) {
    const key = statedKey(reward);
    const before = stated.get(key);
    rewarded.add(key);
    if (before?.reward !== reward.reward || before.amount_net !== reward.amount_net)
      found.push({ ...(before ? { stated: before } : {}), reward });
  }
  for (const [key, before] of stated)
    if (!rewarded.has(key) && (before.reward !== 0 || before.amount_net !== 0)) found.push({ stated: before });
  return found;
}

/** The row of a transaction, as far as a reason depends on it. */
export interface TransactionState {
  readonly status: 'recorded' | 'deleted';
  readonly deleted_reason?: keyof typeof REASONS & ('refunded' | 'disputed' | 'failed' | 'expired');
  readonly customer_key?: string;
  /** Who referred that customer. */
  readonly partner?: string;
  readonly reversed: Reversed;
}

export interface Circumstances {
  readonly partner: string;
  readonly until: string;
  /** Undefined if the row is gone: stores of earlier versions removed rows some time after they were deleted. */
  readonly state: TransactionState | undefined;
  /** Whether the last statement was closed with other rules. */
  readonly rulesChanged: boolean;
}

export interface ReasonedLine {
  readonly line: StatementLine;
  readonly reversed: Reversed;
}

/** The line that brings what is stated of a transaction to what the rules say now. */
export function statementLine(difference: Difference, circumstances: Circumstances): ReasonedLine {
  const { stated, reward } = difference;
  const { partner, until, state } = circumstances;
  const subject = (reward ?? stated)!;
  const line: StatementLine = {
    partner,
    until,
    transaction_id: subject.transaction_id,
    customer_key: subject.customer_key,
    product_key: subject.product_key,
    currency: subject.currency,
    amount_net: (reward?.amount_net ?? 0) - (stated?.amount_net ?? 0),
    reward: (reward?.reward ?? 0) - (stated?.reward ?? 0),
    rule: subject.rule,
    reason: reasonOf(difference, circumstances),
  };
  return { line, reversed: state?.reversed ?? NOTHING_REVERSED };
}

function reasonOf({ stated, reward }: Difference, { state, partner, rulesChanged }: Circumstances): Reason {
  if (!stated) return REASONS.new;
  // It was taken back whole.
  if (stated.amount_net === 0 && stated.reward === 0) return REASONS.restored;
  if (state?.status !== 'recorded') return REASONS[state?.deleted_reason ?? 'refunded'];
  if (state.customer_key !== stated.customer_key) return REASONS.moved;
  if (state.partner !== partner) return REASONS.partner;
  const { refunded, disputed } = state.reversed;
  if (disputed > stated.reversed.disputed) return REASONS.disputed;
  if (refunded > stated.reversed.refunded) return REASONS.refunded;
  if (disputed < stated.reversed.disputed || refunded < stated.reversed.refunded) return REASONS.restored;
  if (reward && reward.amount_net !== stated.amount_net) return REASONS.amount;
  return rulesChanged ? REASONS.rules : REASONS.recounted;
}

/** The order of a statement's lines. */
export function inOrder(lines: readonly ReasonedLine[]): ReasonedLine[] {
  return [...lines].sort(({ line: a }, { line: b }) => (statedKey(a) < statedKey(b) ? -1 : 1));
}

/** Lines as `statement show --json` prints them. */
export function printedLines(lines: Iterable<StatementLine>): string {
  let text = '';
  for (const line of lines) text += `${printable(JSON.stringify(line))}\n`;
  return text;
}

/** SHA-256 of the printed lines, in hex: `statement show … --json | sha256sum` gives the same. */
export function hashOfLines(lines: Iterable<StatementLine>): string {
  const hash = createHash('sha256');
  for (const line of lines) hash.update(printedLines([line]));
  return hash.digest('hex');
}

export interface StatementSum {
  readonly count: number;
  readonly amount_net: number;
  readonly reward: number;
}

/** Sums by currency. */
export function sumsOf(lines: Iterable<StatementLine>): Record<string, StatementSum> {
  const sums = new Map<string, { count: number; amount: bigint; reward: bigint }>();
  for (const line of lines) {
    const sum = sums.get(line.currency) ?? { count: 0, amount: 0n, reward: 0n };
    sums.set(line.currency, {
      count: sum.count + 1,
      amount: sum.amount + BigInt(line.amount_net),
      reward: sum.reward + BigInt(line.reward),
    });
  }
  return Object.fromEntries(
    [...sums]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([currency, { count, amount, reward }]) => [
        currency,
        { count, amount_net: exact(amount), reward: exact(reward) },
      ]),
  );
}
