/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Customers and transactions: lists, search, single rows, CSV.

import { type Context, Hono } from 'hono';
import { stream } from 'hono/streaming';
import { csv } from '../../cli/output.js';
import { readerOf } from '../../cli/show.js';
import type { Customer, Transaction } from '../../reader/reader.js';
import { page } from '../page.js';
import {
  CustomerPage,
  CustomersPage,
  NotFoundPage,
  stateOf,
  TransactionPage,
  TransactionsPage,
} from '../pages/tables.js';
import type { Shared } from '../parts.js';
import { decodeKey, findByKey, mentions, readPage, readTransactionsOf } from '../rows.js';

export function tableRoutes({ target }: Shared): Hono {
  const app = new Hono();
  const reader = readerOf(target);

  /** On the first page of a search what is found by its key comes at once; only else is the table looked through. */
  const list = async <T extends Customer | Transaction>(
    c: Context,
    table: 'customers' | 'transactions',
    wanted?: (row: T) => boolean,
  ) => {
    const query = (c.req.query('q') ?? '').trim();
    const after = decodeKey(c.req.query('after'));
    if (query !== '' && !after) {
      const found = (await findByKey(target, query))[table] as unknown as T[];
      const items = wanted ? found.filter(wanted) : found;
      if (items.length > 0) return { query, first: true, page: { items, read: items.length } };
    }
    const matches = query === '' ? wanted : (row: T) => (wanted?.(row) ?? true) && mentions(row, query);
    return { query, first: !after, page: await readPage<T>(target, table, after, matches) };
  };

  app.get('/customers', async (c) =>
    page(c, <CustomersPage path="/customers" {...(await list<Customer>(c, 'customers'))} />),
  );

  app.get('/transactions', async (c) => {
    const status = c.req.query('status') ?? '';
    const isInState = (row: Transaction) =>
      status === 'waiting' ? row.status === 'recorded' && row.customer_key === undefined : row.status === status;
    const found = await list<Transaction>(c, 'transactions', status === '' ? undefined : isInState);
    return page(c, <TransactionsPage path="/transactions" status={status} {...found} />);
  });

  app.get('/customers/:key', async (c) => {
    const key = c.req.param('key');
    const customer = await reader.customer(key);
    if (!customer) return page(c, <NotFoundPage path="/customers" id={key} />, 404);
    const after = decodeKey(c.req.query('after'));
    const transactions = await readTransactionsOf(target, key, after);
    return page(c, <CustomerPage customer={customer} transactions={transactions} first={!after} />);
  });

  app.get('/transactions/:id', async (c) => {
    const id = c.req.param('id');
    const transaction = await reader.transaction(id);
    if (!transaction) return page(c, <NotFoundPage path="/transactions" id={id} />, 404);
    return page(c, <TransactionPage transaction={transaction} />);
  });

  app.get('/customers.csv', (c) => download(c, 'customers', CUSTOMER_COLUMNS, reader.customers()));
  app.get('/transactions.csv', (c) => download(c, 'transactions', TRANSACTION_COLUMNS, reader.transactions()));
  return app;
}

const CUSTOMER_COLUMNS: readonly (keyof Customer)[] = [
  'customer_key',
  'name',
  'email',
  'partner_key',
  'stripe_customer_id',
  'livemode',
];
const TRANSACTION_COLUMNS = [
  'transaction_id',
  'state',
  'source',
  'created',
  'currency',
  'amount',
  'amount_refunded',
  'amount_net',
  'customer_key',
  'product_key',
  'stripe_customer_id',
  'payment_intent_id',
  'invoice_id',
  'livemode',
  'event_id',
  'event_type',
] as const;

/** Row by row: a million of them need no memory. */
function download(c: Context, name: string, columns: readonly string[], rows: AsyncIterable<object>) {
  c.header('content-type', 'text/csv; charset=utf-8');
  c.header('content-disposition', `attachment; filename="${name}.csv"`);
  return stream(c, async (output) => {
    await output.write(`${columns.join(',')}\n`);
    let lines: string[] = [];
    const flush = async () => {
      await output.write(lines.join(''));
      lines = [];
    };
    for await (const row of rows) {
      const values: Record<string, unknown> = {
        ...row,
        ...('transaction_id' in row ? { state: stateOf(row as Transaction) } : {}),
      };
      lines.push(`${columns.map((column) => csv(String(values[column] ?? ''))).join(',')}\n`);
      if (lines.length >= 1000) await flush();
      if (output.aborted) return;
    }
    await flush();
  });
}
