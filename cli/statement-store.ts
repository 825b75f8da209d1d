// The table `statements`: requests in, closed statements out. The only code that knows its keys.
//
// A partner's statements are a chain: each period begins on the day after the last one ended, and its first day is its key. A
// statement is closed by putting its header under that key, on the condition that there is none; so of two closings that have read
// the same chain, one wins, and the other has to read again. The lines come first, under the header's key and a hash of themselves:
// an attempt that crashed, or lost, never mixes with another, and the same attempt made again writes the same bytes.

import { createHash } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  BatchWriteCommand,
  type BatchWriteCommandInput,
  type DynamoDBDocumentClient,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { DEFAULT_SEGMENTS, scanInParallel } from '../reader/scan.js';
import { addDays } from '../rewards/dates.js';
import {
  hashOfLines,
  type ReasonedLine,
  type Reversed,
  type StatementLine,
  type StatementSum,
  sumsOf,
} from '../rewards/statement.js';
import { OperatorError } from './errors.js';
import type { Mode } from './read-rewards.js';

export interface StatementStore {
  readonly client: Pick<DynamoDBDocumentClient, 'send'>;
  readonly table: string;
}

/** What a closed statement says as a whole. */
export interface StatementHeader {
  readonly partner: string;
  readonly livemode: boolean;
  /** The first day after the last statement's period; 1970-01-01 for the first. */
  readonly from: string;
  /** The last day of the period. */
  readonly until: string;
  /** How many lines it has. */
  readonly lines: number;
  /** By currency, in its minor unit. */
  readonly sums: Readonly<Record<string, StatementSum>>;
  /** SHA-256 of the lines as `statement show --json` prints them. */
  readonly hash: string;
  /** The hash of the rules that it was closed with. */
  readonly rules_hash: string;
  /** ISO 8601. */
  readonly closed_at: string;
}

export interface ClosedStatement {
  readonly header: StatementHeader;
  readonly lines: readonly ReasonedLine[];
}

/** A partner's closed statements of one mode, oldest first, and what unfinished closings left behind. */
export interface Ledger {
  readonly statements: readonly ClosedStatement[];
  /** Entries of lines that belong to no header yet: a closing that goes on does not write them again. */
  readonly unfinished: ReadonlySet<string>;
  /** Entries of lines that can never belong to a header any more. */
  readonly leftovers: readonly string[];
}

/** An item of the table: a header, or a line. */
interface Item {
  readonly partner_key: string;
  readonly entry: string;
}
type HeaderItem = Item & Omit<StatementHeader, 'partner'> & { readonly _attempt: string };
type LineItem = Item &
  Omit<StatementLine, 'partner' | 'until' | 'product_key'> & {
    readonly product_key?: string;
    readonly _refunded: number;
    readonly _disputed: number;
  };

const FIRST_DAY = '1970-01-01';
const WRITE_BATCH = 25;
const WRITES_AT_ONCE = 8;

function headerEntry(mode: Mode, from: string): string {
  return `${mode}/${from}`;
}

/** @throws {OperatorError} if a closed statement is not what it was when it was closed */
export async function readLedger(store: StatementStore, partner: string, mode: Mode): Promise<Ledger> {
  const statements: ClosedStatement[] = [];
  const unfinished = new Set<string>();
  const leftovers: string[] = [];
  let open: { header: HeaderItem; lines: ReasonedLine[] } | undefined;
  const finish = () => {
    if (open) statements.push(verified(partner, open.header, open.lines));
    open = undefined;
  };
  // In the order of the entries a header comes before its lines. It was written after them, so a reader that sees it sees all of them.
  for await (const item of readEntries(store, partner, mode)) {
    const [, from, attempt] = item.entry.split('/');
    if (attempt === undefined) {
      finish();
      open = { header: item as HeaderItem, lines: [] };
    } else if (open?.header.from !== from) unfinished.add(item.entry);
    else if (open?.header._attempt === attempt) open.lines.push(lineOf(item as LineItem, partner, open.header.until));
    else leftovers.push(item.entry);
  }
  finish();
  return { statements, unfinished, leftovers };
}

async function* readEntries({ client, table }: StatementStore, partner: string, mode: Mode) {
  let ExclusiveStartKey: QueryCommandInput['ExclusiveStartKey'];
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: 'partner_key = :partner AND begins_with(entry, :mode)',
        ExpressionAttributeValues: { ':partner': partner, ':mode': `${mode}/` },
        ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}),
      }),
    );
    yield* (page.Items ?? []) as (HeaderItem | LineItem)[];
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
}

function verified(partner: string, item: HeaderItem, lines: readonly ReasonedLine[]): ClosedStatement {
  const { partner_key: _key, entry: _entry, _attempt, ...rest } = item;
  if (lines.length !== item.lines || hashOfLines(lines.map(({ line }) => line)) !== item.hash)
    throw new OperatorError(
      `the statement of ${partner} until ${item.until} is not as it was closed: its lines do not match its hash. ` +
        'Restore the table `statements` from its backups.',
    );
  return { header: { partner, ...rest }, lines };
}

function lineOf(item: LineItem, partner: string, until: string): ReasonedLine {
  const line: StatementLine = {
    partner,
    until,
    transaction_id: item.transaction_id,
    customer_key: item.customer_key,
    product_key: item.product_key ?? null,
    currency: item.currency,
    amount_net: item.amount_net,
    reward: item.reward,
    rule: item.rule,
    reason: item.reason,
  };
  const reversed: Reversed = { refunded: item._refunded, disputed: item._disputed };
  return { line, reversed };
}

/** What a closing writes: all of it is decided by what it read, so that the same reading writes the same bytes. */
export interface Draft {
  readonly partner: string;
  readonly mode: Mode;
  readonly until: string;
  /** In their order. */
  readonly lines: readonly ReasonedLine[];
  readonly rulesHash: string;
}

/**
 * Writes the lines, then the header.
 *
 * @param ledger as it was read when the lines were computed: the statement continues its chain
 * @param closedAt ISO 8601
 * @returns undefined if another closing has continued the chain first; then this one has no effect
 * @throws {RewardError} before anything is written if a sum is too large for an exact number
 */
export async function writeStatement(
  store: StatementStore,
  draft: Draft,
  ledger: Ledger,
  closedAt: string,
): Promise<StatementHeader | undefined> {
  const last = ledger.statements.at(-1)?.header;
  const from = last ? addDays(last.until, 1) : FIRST_DAY;
  const attempt = hashOfDraft(draft);
  const items = draft.lines.map((reasoned, i) =>
    lineItem(draft, `${headerEntry(draft.mode, from)}/${attempt}`, i, reasoned),
  );
  const lines = draft.lines.map(({ line }) => line);
  const header: StatementHeader = {
    partner: draft.partner,
    livemode: draft.mode === 'live',
    from,
    until: draft.until,
    lines: lines.length,
    sums: sumsOf(lines),
    hash: hashOfLines(lines),
    rules_hash: draft.rulesHash,
    closed_at: closedAt,
  };
  const missing = items.filter(({ entry }) => !ledger.unfinished.has(entry));
  await writeAll(
    store,
    missing.map((item) => ({ PutRequest: { Item: { ...item } } })),
  );
  const { partner: partner_key, ...rest } = header;
  const item: HeaderItem = { partner_key, entry: headerEntry(draft.mode, from), ...rest, _attempt: attempt };
  return (await putHeader(store, item)) ? header : undefined;
}

/** Internal attributes are part of it: lines that differ in them alone are another attempt. */
function hashOfDraft({ until, lines, rulesHash }: Draft): string {
  return createHash('sha256')
    .update(JSON.stringify([until, rulesHash, lines]))
    .digest('hex')
    .slice(0, 32);
}

function lineItem({ partner }: Draft, prefix: string, index: number, { line, reversed }: ReasonedLine): LineItem {
  const { partner: _partner, until: _until, product_key, ...rest } = line;
  return {
    partner_key: partner,
    entry: `${prefix}/${String(index).padStart(9, '0')}`,
    ...rest,
    ...(product_key === null ? {} : { product_key }),
    _refunded: reversed.refunded,
    _disputed: reversed.disputed,
  };
}

async function putHeader({ client, table }: StatementStore, item: HeaderItem): Promise<boolean> {
  try {
    await client.send(
      new PutCommand({ TableName: table, Item: { ...item }, ConditionExpression: 'attribute_not_exists(entry)' }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** Removes what lost or crashed closings left in periods that are closed. */
export async function removeLeftovers(store: StatementStore, partner: string, { leftovers }: Ledger): Promise<void> {
  await writeAll(
    store,
    leftovers.map((entry) => ({ DeleteRequest: { Key: { partner_key: partner, entry } } })),
  );
}

type WriteRequest = NonNullable<BatchWriteCommandInput['RequestItems']>[string][number];

async function writeAll({ client, table }: StatementStore, requests: readonly WriteRequest[]): Promise<void> {
  const batches = Array.from({ length: Math.ceil(requests.length / WRITE_BATCH) }, (_, i) =>
    requests.slice(i * WRITE_BATCH, (i + 1) * WRITE_BATCH),
  ).values();
  const worker = async () => {
    for (const batch of batches) {
      let pending: WriteRequest[] = [...batch];
      for (let attempt = 0; pending.length > 0; attempt++) {
        // Throttled: wait ever longer.
        if (attempt > 0)
          await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(2000, 50 * 2 ** attempt)));
        const { UnprocessedItems } = await client.send(new BatchWriteCommand({ RequestItems: { [table]: pending } }));
        pending = UnprocessedItems?.[table] ?? [];
      }
    }
  };
  await Promise.all(Array.from({ length: WRITES_AT_ONCE }, worker));
}

/** Whose statement is closed until when, and of which mode. */
export interface ClosedPeriod {
  readonly partner: string;
  readonly livemode: boolean;
  readonly until: string;
}

/** One for each closed statement, of both modes. */
export async function readPeriods(
  { client, table }: StatementStore,
  segments: number = DEFAULT_SEGMENTS,
): Promise<ClosedPeriod[]> {
  const periods: ClosedPeriod[] = [];
  await scanInParallel<HeaderItem>(
    client,
    {
      TableName: table,
      ConsistentRead: true,
      FilterExpression: 'attribute_exists(closed_at)',
      ProjectionExpression: 'partner_key, livemode, #until',
      ExpressionAttributeNames: { '#until': 'until' },
      segments,
    },
    (items) => {
      for (const { partner_key, livemode, until } of items) periods.push({ partner: partner_key, livemode, until });
    },
  );
  return periods;
}
