// A list as CSV, row by row.

import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import { csv } from '../../cli/output.js';
import type { Transaction } from '../../reader/reader.js';
import { stateWords, type TableName } from './filter.js';

const COLUMNS: Readonly<Record<TableName, readonly string[]>> = {
  customers: ['customer_key', 'name', 'email', 'partner_key', 'stripe_customer_id', 'livemode'],
  transactions: [
    'transaction_id',
    'state',
    'source',
    'created',
    'currency',
    'amount',
    'amount_refunded',
    'amount_disputed',
    'amount_net',
    'customer_key',
    'deleted_customer_key',
    'product_key',
    'stripe_customer_id',
    'payment_intent_id',
    'invoice_id',
    'livemode',
    'event_id',
    'event_type',
  ],
};
const LINES_AT_ONCE = 1000;

export function downloadCsv(c: Context, table: TableName, rows: AsyncIterable<object>) {
  c.header('content-type', 'text/csv; charset=utf-8');
  c.header('content-disposition', `attachment; filename="${table}.csv"`);
  return stream(c, async (output) => {
    let lines = [COLUMNS[table].join(',')];
    const flush = async () => {
      await output.write(`${lines.join('\n')}\n`);
      lines = [];
    };
    for await (const row of rows) {
      const values: Readonly<Record<string, unknown>> = {
        ...row,
        ...('transaction_id' in row ? { state: stateWords(row as Transaction) } : {}),
      };
      lines.push(COLUMNS[table].map((column) => csv(String(values[column] ?? ''))).join(','));
      if (lines.length >= LINES_AT_ONCE) await flush();
      if (output.aborted) return;
    }
    if (lines.length > 0) await flush();
  });
}
