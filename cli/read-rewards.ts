// Reads the tables for `report`, `owed` and `statement`: customers first, then transactions, both in parallel segments.

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Customer, Transaction } from '../reader/reader.js';
import { DEFAULT_SEGMENTS, scanInParallel } from '../reader/scan.js';
import { isDay } from '../rewards/dates.js';
import { createHistories, type Histories } from '../rewards/histories.js';
import { type ParsedRules, parseRules, RulesError } from '../rewards/parse-rules.js';
import { OperatorError } from './errors.js';
import type { Target } from './target.js';

export type Mode = 'live' | 'test';

export interface ReadOptions {
  /** The transactions of one mode. By default the stack's own; required if the tables hold both. */
  readonly livemode?: Mode;
  /** How many segments of a table are read in parallel. */
  readonly concurrency?: number;
  /** Strongly consistent reads cost twice as much. */
  readonly consistent?: boolean;
  /** Called after each page, with the rows read so far. */
  readonly onProgress?: (rows: number) => void;
}

export type ReadTarget = Pick<Target, 'dynamodb' | 'tables'> & {
  readonly settings: Pick<Target['settings'], 'livemode'>;
};

/** Options of every command that reads the tables in parallel. */
export const READ_OPTIONS = {
  livemode: { choices: ['live', 'test'] as const, describe: 'only live or only test transactions' },
  concurrency: { type: 'number', default: DEFAULT_SEGMENTS, describe: 'segments of a table to read in parallel' },
} as const;
export const RULES_OPTION = {
  type: 'string',
  demandOption: true,
  describe: 'the file of rules, such as rewards.json',
} as const;

/** @throws {OperatorError} unless it is a whole number that DynamoDB accepts and one process can keep up with */
export function concurrencyOf(value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= 64) return value;
  throw new OperatorError('--concurrency needs a whole number from 1 to 64', 2);
}

/** @throws {OperatorError} for anything but a day of the calendar */
export function parseDay(flag: string, text: string): string {
  if (isDay(text)) return text;
  throw new OperatorError(`${flag}: ${JSON.stringify(text)} is not a date; write it like 2025-01-31`, 2);
}

/** The attributes of `transactions` that sums and rewards need; reading fewer bytes makes a large table faster to read. */
const ATTRIBUTES =
  'transaction_id #status customer_key product_key currency created amount_net amount_refunded amount_disputed livemode'.split(
    ' ',
  );

/** @throws {OperatorError} naming each line that is wrong */
export function readRulesFile(path: string): ParsedRules {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new OperatorError(`the rules cannot be read: ${(error as Error).message}`, 2);
  }
  try {
    return parseRules(text);
  } catch (error) {
    if (!(error instanceof RulesError)) throw error;
    throw new OperatorError(error.problems.map((each) => rulesProblem(path, each)).join('\n'), 1);
  }
}

/** `rewards.json:3: rule 2: …`, as editors and terminals link it. */
export function rulesProblem(
  path: string,
  { line, message }: { readonly line: number; readonly message: string },
): string {
  return `${basename(path)}:${line}: ${message}`;
}

/** Each customer who is referred by a partner. */
export async function readCustomers(
  { dynamodb, tables }: ReadTarget,
  options: ReadOptions,
  onCustomer: (customer: Customer) => void,
): Promise<void> {
  await scanInParallel<Customer>(
    dynamodb,
    {
      TableName: tables.customers,
      ProjectionExpression: 'customer_key, partner_key',
      ConsistentRead: options.consistent ?? false,
      segments: options.concurrency ?? DEFAULT_SEGMENTS,
    },
    (items) => items.forEach(onCustomer),
  );
}

/** Each transaction that is recorded, with the attributes that sums need. */
export async function readRecorded(
  { dynamodb, tables }: ReadTarget,
  options: ReadOptions,
  onTransaction: (transaction: Transaction & { readonly status: 'recorded' }) => void,
): Promise<void> {
  let rows = 0;
  await scanInParallel<Transaction>(
    dynamodb,
    {
      TableName: tables.transactions,
      ProjectionExpression: ATTRIBUTES.join(', '),
      ExpressionAttributeNames: { '#status': 'status' },
      ConsistentRead: options.consistent ?? false,
      segments: options.concurrency ?? DEFAULT_SEGMENTS,
    },
    (items) => {
      for (const item of items) if (item.status === 'recorded') onTransaction(item);
      rows += items.length;
      options.onProgress?.(rows);
    },
  );
}

/** Accepts transactions of one mode only, because live and test money are never added together. */
export interface ModeFilter {
  /** @throws {OperatorError} once both modes were seen and none was asked for */
  accepts(row: { readonly livemode?: boolean }): boolean;
  /** The mode asked for, or the only one that was seen. */
  mode(): Mode | undefined;
}

export function modeFilter(wanted: Mode | undefined, { settings }: Pick<ReadTarget, 'settings'>): ModeFilter {
  const only = wanted ?? (settings.livemode === 'both' ? undefined : settings.livemode);
  let seen: Mode | undefined;
  return {
    accepts({ livemode }) {
      const mode = livemode ? 'live' : 'test';
      if (only) return mode === only;
      if (seen && seen !== mode)
        throw new OperatorError(
          'there are live and test transactions: choose one with --livemode live or --livemode test',
          2,
        );
      seen = mode;
      return true;
    },
    mode: () => only ?? seen,
  };
}

/** All customers with a partner, and their recorded transactions of one mode. */
export async function readHistories(target: ReadTarget, options: ReadOptions, filter: ModeFilter): Promise<Histories> {
  const histories = createHistories();
  await readCustomers(target, options, ({ customer_key, partner_key }) => {
    if (partner_key !== undefined) histories.addCustomer({ customer_key, partner_key });
  });
  await readRecorded(target, options, (row) => {
    if (histories.partnerOf(row.customer_key) !== undefined && filter.accepts(row)) histories.addTransaction(row);
  });
  return histories;
}
