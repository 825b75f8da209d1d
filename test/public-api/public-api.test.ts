// What the package promises to code that imports it. Most of it is checked by the compiler: a change here is a change for users.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, test } from '@jest/globals';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { StripePartnerSync, StripePartnerSyncProps } from '../../lib/stripe-partner-sync.js';
import * as constructs from '../../lib/stripe-partner-sync.js';
import type {
  ChangeFeedEvent,
  Customer,
  CustomerEvent,
  DeletedTransaction,
  ListedTransaction,
  Reader,
  ReaderOptions,
  RecordedTransaction,
  Transaction,
  TransactionEvent,
} from '../../reader/reader.js';
import * as readers from '../../reader/reader.js';

/** Compiles if `T` can be used where a `U` is expected. */
function accepts<U>(_value: U): void {}

const props: StripePartnerSyncProps = { livemode: 'live' };

/** Never run: the compiler checks it. */
export function constructTypes(sync: StripePartnerSync): void {
  accepts<Construct>(sync);
  accepts<ITable>(sync.customersTable);
  accepts<ITable>(sync.transactionsTable);
  accepts<IQueue>(sync.queue);
  accepts<IQueue>(sync.deadLetterQueue);
  accepts<IEventBus | undefined>(sync.changeFeedBus);
  accepts<StripePartnerSyncProps>({ livemode: 'live', changeFeed: true });
  accepts<StripePartnerSyncProps>({ livemode: 'live', changeFeed: { personalData: true } });
  accepts<string>(sync.webhookUrl);
  accepts<StripePartnerSyncProps>({
    livemode: 'both',
    transactionSource: 'invoice',
    partialRefund: 'net',
    disputes: 'open',
    amountBasis: 'excluding_tax',
    retainData: false,
    outputs: false,
  });
  // @ts-expect-error: livemode is required, so that test and live money are not mixed by accident
  accepts<StripePartnerSyncProps>({});
  // @ts-expect-error: not a setting
  accepts<StripePartnerSyncProps>({ livemode: 'live', partialRefunds: 'net' });
  // @ts-expect-error: not a value of the setting
  accepts<StripePartnerSyncProps>({ livemode: 'live', disputes: 'all' });
}

/** Never run: the compiler checks it. */
export async function readerTypes(reader: Reader, client: DynamoDBDocumentClient): Promise<void> {
  accepts<ReaderOptions>({ client, customersTable: 'c', transactionsTable: 't' });
  accepts<Customer | undefined>(await reader.customer('k'));
  accepts<AsyncIterable<Customer>>(reader.customersOf('partner'));
  accepts<AsyncIterable<ListedTransaction>>(reader.transactionsOf('k', { livemode: true, from: 0, before: 1 }));
  accepts<AsyncIterable<ListedTransaction>>(reader.unattributedTransactions({ livemode: true }));
  accepts<AsyncIterable<Transaction>>(reader.transactions());
  const transaction = await reader.transaction('ch_1');
  if (transaction?.status === 'deleted')
    accepts<'refunded' | 'disputed' | 'failed' | 'expired' | undefined>(transaction.deleted_reason);
  // @ts-expect-error: a time is in Unix seconds
  reader.transactionsOf('k', { from: new Date() });
  // @ts-expect-error: internal attributes are not part of the row
  accepts<unknown>(transaction?._revision);
}

/** Never run: the compiler checks it. */
export function changeFeedTypes(event: ChangeFeedEvent): void {
  accepts<TransactionEvent | CustomerEvent>(event);
  accepts<number>(event.detail.sequence);
  accepts<readonly string[]>(event.detail.changed);
  if (event['detail-type'] === 'transaction.restored') {
    accepts<DeletedTransaction>(event.detail.before);
    accepts<RecordedTransaction>(event.detail.after);
  }
  if (event['detail-type'] === 'transaction.recorded') accepts<null>(event.detail.before);
  if (event['detail-type'] === 'customer.referred') accepts<string | undefined>(event.detail.after.partner_key);
  // @ts-expect-error: no such detail type
  if (event['detail-type'] === 'transaction.refunded') return;
  // @ts-expect-error: a customer's event has no amount
  if (event['detail-type'] === 'customer.created') accepts<unknown>(event.detail.after.amount);
}

test('the package exports these names and no others', () => {
  expect(
    Object.keys(constructs)
      .filter((name) => name !== 'default')
      .sort(),
  ).toEqual(['InvalidDeploymentError', 'StripePartnerSync']);
  expect(
    Object.keys(readers)
      .filter((name) => name !== 'default')
      .sort(),
  ).toEqual(['RewardError', 'RulesError', 'checkRules', 'createReader', 'customerRewards', 'parseRules']);
  expect(props.livemode).toBe('live');
});

/** The interfaces that a team fills in, and their files. */
const OPTIONS = {
  Settings: 'contract/settings.ts',
  StripePartnerSyncProps: 'lib/props.ts',
  AlarmThresholds: 'lib/alarm-rules.ts',
  AnalyticsExportOptions: 'lib/analytics-export.ts',
  ChangeFeedOptions: 'lib/change-feed.ts',
  CustomDomain: 'lib/webhook-api.ts',
  Throttle: 'lib/webhook-api.ts',
};

test.each(Object.entries(OPTIONS))(
  'each property of %s has an @example, and a @default if it is optional',
  (name, file) => {
    const source = readFileSync(join(__dirname, '..', '..', file), 'utf8');
    const [, body = ''] = new RegExp(`export interface ${name}\\b[^{]*\\{([\\s\\S]*?)\\n\\}`).exec(source)!;
    const properties = [...body.matchAll(/(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)?\s*readonly (\w+)(\??):/g)];
    expect(properties.length).toBeGreaterThan(1);
    for (const [, comment = '', property, optional] of properties) {
      expect([property, comment]).toEqual([property, expect.stringContaining('@example')]);
      if (optional) expect([property, comment]).toEqual([property, expect.stringContaining('@default')]);
    }
  },
);

test('each export of package.json is built from a source file that exists', () => {
  const root = join(__dirname, '..', '..');
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(Object.keys(exports)).toEqual([
    '.',
    './reader',
    './rewards/rewards.schema.json',
    './contract/change-feed.schema.json',
  ]);
  for (const name of ['.', './reader']) {
    const { types, default: file } = exports[name] as { types: string; default: string };
    expect(types).toBe(file.replace(/\.js$/, '.d.ts'));
    const source = file.replace('./dist/', '').replace(/\.js$/, '.ts');
    expect(readFileSync(join(root, source), 'utf8')).toContain('export');
  }
});
