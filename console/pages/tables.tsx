/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Customers and transactions: lists, one customer, one transaction.

import type { FC } from 'hono/jsx';
import { formatMoney } from '../../contract/money.js';
import type { Customer, Transaction } from '../../reader/reader.js';
import { encodeKey, type Key, type Page } from '../rows.js';
import { Attributes } from './feed.js';
import { date, Empty, Layout, Scroll } from './layout.js';

const at = (path: string, id: string) => `${path}/${encodeURIComponent(id)}`;

export const CustomersTable: FC<{ customers: readonly Customer[] }> = ({ customers }) => (
  <Scroll label="Customers">
    <table class="stack">
      <caption class="hidden">Customers</caption>
      <thead>
        <tr>
          <th scope="col">Customer</th>
          <th scope="col">Name</th>
          <th scope="col">Partner</th>
          <th scope="col">Stripe customer</th>
        </tr>
      </thead>
      <tbody>
        {customers.map((each) => (
          <tr>
            <th scope="row">
              <a href={at('/customers', each.customer_key)}>{each.customer_key}</a>
            </th>
            <td>{each.name ?? '–'}</td>
            <td>{each.partner_key ?? 'nobody'}</td>
            <td>
              <code>{each.stripe_customer_id ?? '–'}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </Scroll>
);

export const TransactionsTable: FC<{ transactions: readonly Transaction[] }> = ({ transactions }) => (
  <Scroll label="Transactions">
    <table class="stack">
      <caption class="hidden">Transactions</caption>
      <thead>
        <tr>
          <th scope="col">Transaction</th>
          <th scope="col">Created</th>
          <th scope="col" class="number">
            Net
          </th>
          <th scope="col">Customer</th>
          <th scope="col">Product</th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {transactions.map((each) => (
          <tr class={each.status === 'deleted' ? 'deleted' : ''}>
            <th scope="row">
              <a href={at('/transactions', each.transaction_id)}>{each.transaction_id}</a>
            </th>
            <td>{date(each.created)}</td>
            <td class="number">
              {each.status === 'deleted' ? '–' : formatMoney(each.amount_net, each.currency ?? '')}
            </td>
            <td>
              {each.status === 'recorded' && each.customer_key !== undefined ? (
                <a href={at('/customers', each.customer_key)}>{each.customer_key}</a>
              ) : (
                '–'
              )}
            </td>
            <td>{(each.status === 'recorded' && each.product_key) || '–'}</td>
            <td>{stateOf(each)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </Scroll>
);

export function stateOf(transaction: Transaction): string {
  if (transaction.status === 'deleted') return `deleted: ${transaction.deleted_reason}`;
  return transaction.customer_key === undefined ? 'waiting for its customer' : 'recorded';
}

const SearchForm: FC<{ path: string; query: string; hint: string; status?: string }> = ({
  path,
  query,
  hint,
  status,
}) => (
  <search>
    <form class="toolbar" method="get" action={path}>
      <label>
        Search <input type="search" name="q" value={query} placeholder={hint} autocomplete="off" />
      </label>
      {status === undefined ? null : (
        <label>
          State{' '}
          <select name="status">
            {STATES.map(([value, name]) => (
              <option value={value} selected={value === status}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <button type="submit">Search</button>
      {query === '' ? null : <a href={path}>Show all</a>}
      <a class="aside" href={`${path}.csv`} download>
        Download CSV
      </a>
    </form>
  </search>
);

const STATES = [
  ['', 'all'],
  ['recorded', 'recorded'],
  ['waiting', 'waiting for a customer'],
  ['deleted', 'deleted'],
] as const;

export interface Listing {
  readonly path: '/customers' | '/transactions';
  readonly query: string;
  readonly status?: string;
}

/** Where the list goes on; while a search passes over many rows, the page follows it by itself. */
const More: FC<Listing & { next: Key; read: number; searching: boolean; count: number }> = ({
  path,
  query,
  status = '',
  next,
  read,
  searching,
  count,
}) => {
  const href = `${path}?${new URLSearchParams({ q: query, status, after: encodeKey(next) })}`;
  return searching ? (
    <p class="more" data-search={href} data-read={String(read)} data-count={String(count)} role="status">
      {read.toLocaleString('en')} rows searched. <a href={href}>Go on searching</a>
    </p>
  ) : (
    <p class="more">
      <a class="button" rel="next" href={href}>
        Next page
      </a>
    </p>
  );
};

interface ListPageProps<T> extends Listing {
  readonly page: Page<T>;
  readonly first: boolean;
}

export const CustomersPage: FC<ListPageProps<Customer>> = ({ page, first, ...listing }) => (
  <Layout
    title="Customers"
    path="/customers"
    scripts={['search.js']}
    intro="Every customer with the partner who referred them."
  >
    <SearchForm path="/customers" query={listing.query} hint="any id or key" />
    <div id="results">
      {page.items.length > 0 ? <CustomersTable customers={page.items} /> : null}
      {page.items.length === 0 && !page.next ? <NothingFound first={first} {...listing} /> : null}
      <Pager page={page} first={first} {...listing} />
    </div>
  </Layout>
);

export const TransactionsPage: FC<ListPageProps<Transaction>> = ({ page, first, ...listing }) => (
  <Layout
    title="Transactions"
    path="/transactions"
    scripts={['search.js']}
    intro="What was paid; and what was taken away again, with the reason."
  >
    <SearchForm path="/transactions" query={listing.query} hint="any id or key" status={listing.status ?? ''} />
    <div id="results">
      {page.items.length > 0 ? <TransactionsTable transactions={page.items} /> : null}
      {page.items.length === 0 && !page.next ? <NothingFound first={first} {...listing} /> : null}
      <Pager page={page} first={first} {...listing} />
    </div>
  </Layout>
);

const Pager: FC<Listing & { page: Page<object>; first: boolean }> = ({ page, first, ...listing }) => (
  <nav class="pager" aria-label="Pages of the list">
    {first ? null : (
      <a href={`${listing.path}?${new URLSearchParams({ q: listing.query, status: listing.status ?? '' })}`}>
        First page
      </a>
    )}
    {page.next ? (
      <More
        {...listing}
        next={page.next}
        read={page.read}
        count={page.items.length}
        searching={listing.query !== '' || page.items.length === 0}
      />
    ) : null}
  </nav>
);

const NothingFound: FC<Listing & { first: boolean }> = ({ query, status = '', path, first }) =>
  query !== '' ? (
    <Empty>
      Nothing here is called <strong>{query}</strong>. Ids and keys are matched whole.
    </Empty>
  ) : !first || status !== '' ? (
    <Empty>No more rows. </Empty>
  ) : (
    <Empty>
      There are no {path.slice(1)} yet. Send an event from the <a href="/testing">testing suite</a>, or run{' '}
      <code>npm run demo</code>.
    </Empty>
  );

export interface CustomerPageProps {
  readonly customer: Customer;
  readonly transactions: Page<Transaction>;
  readonly first: boolean;
}

export const CustomerPage: FC<CustomerPageProps> = ({ customer, transactions, first }) => {
  const href = at('/customers', customer.customer_key);
  return (
    <Layout
      title={customer.name ?? customer.customer_key}
      path="/customers"
      intro={`Referred by ${customer.partner_key ?? 'nobody'}.`}
    >
      <section class="card" aria-labelledby="attributes">
        <h2 id="attributes">Attributes</h2>
        <Attributes row={customer} />
      </section>
      <section aria-labelledby="transactions">
        <h2 id="transactions">Transactions that stand, oldest first</h2>
        {transactions.items.length > 0 ? (
          <TransactionsTable transactions={transactions.items} />
        ) : (
          <Empty>None. What was refunded is under Transactions, by its id.</Empty>
        )}
        <nav class="pager" aria-label="Pages of the list">
          {first ? null : <a href={href}>First page</a>}
          {transactions.next ? (
            <a class="button" rel="next" href={`${href}?after=${encodeKey(transactions.next)}`}>
              Next page
            </a>
          ) : null}
        </nav>
      </section>
    </Layout>
  );
};

export const TransactionPage: FC<{ transaction: Transaction }> = ({ transaction }) => (
  <Layout
    title={
      transaction.status === 'deleted'
        ? 'Deleted transaction'
        : formatMoney(transaction.amount_net, transaction.currency ?? '')
    }
    path="/transactions"
    intro={
      <>
        <code>{transaction.transaction_id}</code> · {stateOf(transaction)}
      </>
    }
  >
    <section class="card" aria-labelledby="attributes">
      <h2 id="attributes">Attributes</h2>
      <Attributes row={transaction} />
    </section>
    <p>
      <a href={at('/events', transaction.event_id)}>The event that decided it</a>
      {transaction.status === 'recorded' && transaction.customer_key !== undefined ? (
        <>
          {' '}
          · <a href={at('/customers', transaction.customer_key)}>Its customer</a>
        </>
      ) : null}
    </p>
  </Layout>
);

export const NotFoundPage: FC<{ path: '/customers' | '/transactions'; id: string }> = ({ path, id }) => (
  <Layout title="Not found" path={path}>
    <Empty>
      There is no row <strong>{id}</strong>. <a href={path}>Back to the list</a>
    </Empty>
  </Layout>
);
