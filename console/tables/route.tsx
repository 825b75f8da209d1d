/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Customers and transactions: lists, single rows, CSV.

import { type Context, Hono } from 'hono';
import { readerOf, type Target } from '../../cli/target.js';
import { page } from '../shell/page.js';
import { downloadCsv } from './csv.js';
import { readCustomerTransactions } from './customer-transactions.js';
import { parseFilter, type TableName } from './filter.js';
import { ListPage } from './list-page.js';
import { createLists, decodePosition, type Position, readNewest, readPage, rowsIn } from './lists.js';
import { CustomerPage, NotFoundPage, TransactionPage } from './row-pages.js';

export function tableRoutes({ target }: { readonly target: Target }): Hono {
  const app = new Hono();
  const reader = readerOf(target);
  const lists = createLists(target);

  const showList = async (c: Context, table: TableName) => {
    const filter = parseFilter(c.req.query());
    const list = await lists.openForPage(table, filter);
    const { read } = list;
    const parts = list.positions
      ? { page: await readPage(target, list, positionIn(c)) }
      : { newest: await readNewest(target, list) };
    return page(c, <ListPage table={table} filter={filter} read={read} {...parts} />);
  };
  for (const table of ['customers', 'transactions'] as const) {
    app.get(`/${table}`, (c) => showList(c, table));
    app.get(`/${table}.csv`, (c) =>
      downloadCsv(c, table, rowsIn(target, lists.open(table, parseFilter(c.req.query())))),
    );
  }

  app.get('/customer', async (c) => {
    const key = c.req.query('key') ?? '';
    const customer = key === '' ? undefined : await reader.customer(key);
    if (!customer) return page(c, <NotFoundPage table="customers" id={key} />, 404);
    const transactions = await readCustomerTransactions(target, key, positionIn(c));
    return page(c, <CustomerPage customer={customer} transactions={transactions} />);
  });

  app.get('/transaction', async (c) => {
    const id = c.req.query('id') ?? '';
    const transaction = id === '' ? undefined : await reader.transaction(id);
    if (!transaction) return page(c, <NotFoundPage table="transactions" id={id} />, 404);
    return page(c, <TransactionPage transaction={transaction} />);
  });
  return app;
}

function positionIn(c: Context): { readonly after?: Position; readonly before?: Position } {
  const after = decodePosition(c.req.query('after'));
  const before = decodePosition(c.req.query('before'));
  return { ...(after ? { after } : {}), ...(before ? { before } : {}) };
}
