// `statement preview` and `statement close`: the next statement is the difference between what the rules say now and what closed
// statements say.

import { readItems } from '../functions/store/requests.js';
import { isDay } from '../rewards/dates.js';
import type { Histories } from '../rewards/histories.js';
import { customerRewards, type Reward, RewardError } from '../rewards/rewards.js';
import type { Rules } from '../rewards/rules.js';
import {
  addUp,
  type Difference,
  differences,
  inOrder,
  type ReasonedLine,
  statementLine,
  type TransactionState,
} from '../rewards/statement.js';
import { OperatorError } from './errors.js';
import { type Mode, modeFilter, type ReadOptions, type ReadTarget, readHistories } from './read-rewards.js';
import {
  type ClosedStatement,
  type Ledger,
  readLedger,
  readPeriods,
  removeLeftovers,
  type StatementHeader,
  type StatementStore,
  writeStatement,
} from './statement-store.js';

export interface StatementOptions extends ReadOptions {
  readonly rules: Rules;
  /** The last day of the period, `YYYY-MM-DD` in UTC. */
  readonly until: string;
  /** Today, in UTC: no later period can be closed. */
  readonly today: string;
  /** Only this partner. */
  readonly partner?: string;
}

/** The rules are not those that the partner's last statement was closed with. */
export interface RulesChange {
  readonly partner: string;
  readonly until: string;
  readonly before: string;
  readonly now: string;
}

/** A partner's statement as it would be closed; without lines, none is closed. */
export interface PreviewedStatement {
  readonly partner: string;
  readonly lines: readonly ReasonedLine[];
  readonly rulesChange?: RulesChange;
}

export type ClosingResult = { readonly rulesChange?: RulesChange } & (
  | { readonly outcome: 'closed' | 'already closed'; readonly header: StatementHeader }
  | { readonly outcome: 'no new lines'; readonly partner: string }
);

/** Writes nothing. */
export async function previewStatements(target: ReadTarget, options: StatementOptions): Promise<PreviewedStatement[]> {
  return explained(async () => {
    const view = await readView(target, options);
    const previews: PreviewedStatement[] = [];
    for (const partner of view.partners) {
      const ledger = await readLedger(view.store, partner, view.mode);
      requireNextPeriod(ledger.statements.at(-1), options.until);
      previews.push(await preview(view, ledger, partner));
    }
    return previews;
  });
}

/**
 * Closes a statement for each partner to whom there is something to state, one after the other. It may crash at any point and be
 * run again, and several may run at the same time: each partner gets one statement for the period.
 *
 * @param onResult called after each partner
 * @throws {OperatorError} before anything is written if the period is in the future, or before one that is closed
 */
export async function closeStatements(
  target: ReadTarget,
  options: StatementOptions,
  onResult: (result: ClosingResult) => void,
): Promise<void> {
  await explained(async () => {
    let view = await readView(target, options);
    requireRewards(view);
    for (const partner of view.partners) {
      let result = await closePartner(view, partner);
      while (!result) {
        view = await readView(target, options);
        result = await closePartner(view, partner);
      }
      onResult(result);
    }
  });
}

/** What a closing knows: the tables as it read them, and the rules. */
interface View extends StatementOptions {
  readonly target: ReadTarget;
  readonly store: StatementStore;
  readonly histories: Histories;
  readonly mode: Mode;
  readonly partners: readonly string[];
  /** Until when each partner's statements were closed before the tables were read. */
  readonly closedUntil: ReadonlyMap<string, string>;
}

async function readView(target: ReadTarget, options: StatementOptions): Promise<View> {
  const { until, today, partner } = options;
  if (!isDay(until)) throw new OperatorError(`${JSON.stringify(until)} is not a date; write it as 2025-01-31`, 2);
  if (until > today) throw new OperatorError(`a period until ${until} is in the future: today is ${today} in UTC`, 2);
  const store = statementStoreOf(target);
  const filter = modeFilter(options.livemode, target);
  const periods = (await readPeriods(store, options.concurrency)).filter(filter.accepts);
  const histories = await readHistories(target, { ...options, consistent: true }, filter);
  const mode = filter.mode() ?? 'live';
  const mine = periods.filter((each) => (partner ?? each.partner) === each.partner);
  requireNextPeriodOfAll(mine, until);
  const closedUntil = new Map<string, string>();
  for (const each of mine)
    if (each.until > (closedUntil.get(each.partner) ?? '')) closedUntil.set(each.partner, each.until);
  const known = new Set([...histories.partners(), ...closedUntil.keys()]);
  if (partner !== undefined && !known.has(partner))
    throw new OperatorError(`no customer was referred by ${partner}, and there is no statement for ${partner}`);
  const partners = partner === undefined ? [...known].sort((a, b) => (a < b ? -1 : 1)) : [partner];
  return { ...options, target, store, histories, mode, partners, closedUntil };
}

export function statementStoreOf({ dynamodb, tables }: Pick<ReadTarget, 'dynamodb' | 'tables'>): StatementStore {
  if (!tables.statements)
    throw new OperatorError(
      'this stack has no table for statements: deploy it again, or name the table with --statements-table',
    );
  return { client: dynamodb, table: tables.statements };
}

/** Checks all partners before the first statement is written. */
function requireNextPeriodOfAll(periods: readonly { partner: string; until: string }[], until: string): void {
  const last = new Map<string, string>();
  const closed = new Set<string>();
  for (const each of periods) {
    if (each.until === until) closed.add(each.partner);
    if (each.until > (last.get(each.partner) ?? '')) last.set(each.partner, each.until);
  }
  for (const [partner, lastUntil] of last)
    if (lastUntil > until && !closed.has(partner)) throw earlierPeriod(partner, lastUntil, until);
}

function requireNextPeriod(last: ClosedStatement | undefined, until: string): void {
  if (last && last.header.until > until) throw earlierPeriod(last.header.partner, last.header.until, until);
}

function earlierPeriod(partner: string, closed: string, until: string): OperatorError {
  return new OperatorError(
    `the statement of ${partner} until ${closed} is closed, so a period until ${until} cannot be closed any more: ` +
      'close a later one; what has changed since will be in it',
    2,
  );
}

/** @throws {RewardError} if the rules cannot be applied to a transaction of any partner, before the first of them is written */
function requireRewards(view: View): void {
  for (const partner of view.partners) for (const _reward of rewardsOf(view, partner));
}

/** @returns undefined if another closing has continued the partner's chain since the tables were read: what it read may be newer */
async function closePartner(view: View, partner: string): Promise<ClosingResult | undefined> {
  const ledger = await readLedger(view.store, partner, view.mode);
  await removeLeftovers(view.store, partner, ledger);
  const same = ledger.statements.find(({ header }) => header.until === view.until);
  if (same) return { outcome: 'already closed', header: same.header, ...rulesChangeOf(view, same) };
  const last = ledger.statements.at(-1);
  requireNextPeriod(last, view.until);
  if (last?.header.until !== view.closedUntil.get(partner)) return undefined;
  const { lines, rulesChange } = await preview(view, ledger, partner);
  const change = rulesChange ? { rulesChange } : {};
  if (lines.length === 0) return { outcome: 'no new lines', partner, ...change };
  const draft = { partner, mode: view.mode, until: view.until, lines, rulesHash: view.rules.hash };
  const header = await writeStatement(view.store, draft, ledger, new Date().toISOString());
  return header && { outcome: 'closed', header, ...change };
}

async function preview(view: View, ledger: Ledger, partner: string): Promise<PreviewedStatement> {
  const last = ledger.statements.at(-1);
  const stated = addUp(ledger.statements.flatMap(({ lines }) => lines));
  const found = differences(stated, rewardsOf(view, partner));
  const change = last ? rulesChangeOf(view, last) : {};
  const lines = await explain(view, partner, found, change.rulesChange !== undefined);
  return { partner, lines: inOrder(lines), ...change };
}

function rulesChangeOf({ rules }: View, { header }: ClosedStatement): { rulesChange?: RulesChange } {
  if (header.rules_hash === rules.hash) return {};
  return {
    rulesChange: { partner: header.partner, until: header.until, before: header.rules_hash, now: rules.hash },
  };
}

function* rewardsOf({ histories, rules, until }: View, partner: string): Iterable<Reward> {
  for (const { customer, transactions } of histories.customers(partner))
    yield* customerRewards(customer, transactions, rules, until);
}

/** Finds the reasons why earlier statements no longer match; reads the row of a transaction that no longer earns anything. */
async function explain(
  { target, histories, until }: View,
  partner: string,
  found: readonly Difference[],
  rulesChanged: boolean,
): Promise<ReasonedLine[]> {
  const gone = found.flatMap(({ reward, stated }) => (reward ? [] : [stated!.transaction_id]));
  const rows = await readStates(target, gone);
  return found.map((difference) => {
    const { reward, stated } = difference;
    const row = reward ? recorded(reward, histories) : rows.get(stated!.transaction_id);
    const owner = histories.partnerOf(row?.customer_key);
    const state = row && { ...row, ...(owner === undefined ? {} : { partner: owner }) };
    return statementLine(difference, { partner, until, state, rulesChanged });
  });
}

function recorded({ customer_key, transaction_id }: Reward, histories: Histories): TransactionState {
  return { status: 'recorded', customer_key, reversed: histories.reversed(transaction_id) };
}

async function readStates(
  { dynamodb, tables }: ReadTarget,
  ids: readonly string[],
): Promise<Map<string, TransactionState>> {
  const keys = ids.map((transaction_id) => ({ table: tables.transactions, key: { transaction_id } }));
  const rows = await readItems({ client: dynamodb, tables }, keys);
  const states = new Map<string, TransactionState>();
  for (const key of keys) {
    const row = rows.get(key) as Row | undefined;
    if (!row) continue;
    const reversed = { refunded: row.amount_refunded ?? 0, disputed: row.amount_disputed ?? 0 };
    const { status, deleted_reason, customer_key } = row;
    states.set(row.transaction_id, {
      status,
      reversed,
      ...(deleted_reason ? { deleted_reason } : {}),
      ...(customer_key ? { customer_key } : {}),
    });
  }
  return states;
}

interface Row extends Omit<TransactionState, 'reversed'> {
  readonly transaction_id: string;
  readonly amount_refunded?: number;
  readonly amount_disputed?: number;
}

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RewardError) throw new OperatorError(error.message);
    throw error;
  }
}
