/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The lists of customers and of transactions, with search, filters and pages.

import type { FC } from 'hono/jsx';
import type { Customer, Transaction } from '../../reader/reader.js';
import { Empty } from '../shell/elements.js';
import { count, printable } from '../shell/format.js';
import { Layout } from '../shell/layout.js';
import { type Filter, filterParameters, MODES, type TableName } from './filter.js';
import { encodePosition, type Page } from './lists.js';
import { CustomersTable, TransactionsTable } from './tables.js';

export interface ListPageProps {
  readonly table: TableName;
  readonly filter: Filter;
  /** Absent while the table is still being read. */
  readonly page?: Page<Customer | Transaction>;
  /** The first of the rows read so far, while it is. */
  readonly newest?: readonly (Customer | Transaction)[];
  /** Rows read so far. */
  readonly read: number;
}

const TITLES = { customers: 'Customers', transactions: 'Transactions' } as const;
const INTROS = {
  customers: 'Every customer and the partner who referred them.',
  transactions: 'Every payment, newest first. A deleted one shows why it no longer counts.',
} as const;

export const ListPage: FC<ListPageProps> = ({ table, filter, page, newest = [], read }) => (
  <Layout title={TITLES[table]} path={`/${table}`} scripts={['progress.js']} intro={INTROS[table]}>
    <FilterForm table={table} filter={filter} />
    <div id="results">
      {page ? (
        <Results table={table} filter={filter} page={page} />
      ) : (
        <>
          <Reading read={read} />
          {newest.length === 0 ? null : <Rows table={table} rows={newest} />}
        </>
      )}
    </div>
  </Layout>
);

const FilterForm: FC<{ table: TableName; filter: Filter }> = ({ table, filter }) => (
  <search>
    <form class="toolbar" method="get" action={`/${table}`}>
      <label>
        Search <input type="search" name="q" value={filter.query} placeholder="any ID or key" autocomplete="off" />
      </label>
      {table === 'transactions' ? (
        <Choice label="State" name="state" value={filter.state} options={STATE_OPTIONS} />
      ) : null}
      <Choice label="Mode" name="mode" value={filter.mode} options={MODES.map((mode) => [mode, mode] as const)} />
      <button type="submit">Show</button>
      {Object.keys(filterParameters(filter)).length === 0 ? null : <a href={`/${table}`}>Show all</a>}
      <a class="aside" href={`/${table}.csv?${new URLSearchParams(filterParameters(filter))}`} download>
        Download CSV
      </a>
    </form>
  </search>
);

const STATE_OPTIONS = [
  ['recorded', 'recorded'],
  ['waiting', 'without a customer'],
  ['deleted', 'deleted'],
] as const;

interface ChoiceProps {
  readonly label: string;
  readonly name: string;
  readonly value: string | undefined;
  readonly options: readonly (readonly [string, string])[];
}

const Choice: FC<ChoiceProps> = ({ label, name, value, options }) => (
  <label>
    {label}{' '}
    <select name={name}>
      <option value="">all</option>
      {options.map(([option, words]) => (
        <option value={option} selected={option === value}>
          {words}
        </option>
      ))}
    </select>
  </label>
);

/** The page asks again until the table has been read. */
const Reading: FC<{ read: number }> = ({ read }) => (
  <p role="status" data-reading>
    {count(read, 'row')} read… <progress aria-label="Reading the table" />
  </p>
);

const Results: FC<{ table: TableName; filter: Filter; page: Page<Customer | Transaction> }> = ({
  table,
  filter,
  page,
}) => {
  if (page.total === 0) return <NothingFound table={table} filter={filter} />;
  return (
    <>
      <p class="hint" role="status">
        {page.rows.length === page.total
          ? count(page.total, table.slice(0, -1))
          : `${(page.offset + 1).toLocaleString('en')}–${(page.offset + page.rows.length).toLocaleString('en')} of ${count(page.total, table.slice(0, -1))}`}
      </p>
      <Rows table={table} rows={page.rows} />
      <Pager path={`/${table}`} parameters={filterParameters(filter)} {...page} />
    </>
  );
};

const Rows: FC<{ table: TableName; rows: readonly (Customer | Transaction)[] }> = ({ table, rows }) =>
  table === 'customers' ? (
    <CustomersTable customers={rows as readonly Customer[]} />
  ) : (
    <TransactionsTable transactions={rows as readonly Transaction[]} />
  );

interface PagerProps extends Pick<Page<object>, 'previous' | 'next'> {
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export const Pager: FC<PagerProps> = ({ path, parameters, previous, next }) => {
  const href = (position: Readonly<Record<string, string>>) =>
    `${path}?${new URLSearchParams({ ...parameters, ...position })}`;
  return (
    <nav class="pager" aria-label="Pages of the list">
      {previous ? (
        <a class="button" rel="prev" href={href({ before: encodePosition(previous) })}>
          Previous page
        </a>
      ) : null}
      {next ? (
        <a class="button" rel="next" href={href({ after: encodePosition(next) })}>
          Next page
        </a>
      ) : null}
    </nav>
  );
};

const NothingFound: FC<{ table: TableName; filter: Filter }> = ({ table, filter }) => {
  if (filter.query !== '')
    return (
      <Empty>
        No {table.slice(0, -1)} matches <strong>{printable(filter.query)}</strong>
        {filter.state || filter.mode ? ' with these filters' : ''}. The search compares whole IDs and keys.
      </Empty>
    );
  if (filter.state || filter.mode) return <Empty>No {table.slice(0, -1)} matches these filters.</Empty>;
  return (
    <Empty>
      There are no {table} yet. Send an event from the <a href="/testing">testing suite</a>, or run{' '}
      <code>npm run demo</code>.
    </Empty>
  );
};
