/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The pages of one customer and of one transaction.

import type { FC } from 'hono/jsx';
import type { Customer, Transaction } from '../../reader/reader.js';
import { Attributes, Empty } from '../shell/elements.js';
import { eventLink, money, printable, rowLink } from '../shell/format.js';
import { Layout } from '../shell/layout.js';
import type { CustomerTransactions } from './customer-transactions.js';
import { customerOf, stateWords, type TableName } from './filter.js';
import { Pager } from './list-page.js';
import { TransactionsTable } from './tables.js';

export const CustomerPage: FC<{ customer: Customer; transactions: CustomerTransactions }> = ({
  customer,
  transactions,
}) => (
  <Layout
    title={printable(customer.name ?? customer.customer_key)}
    path="/customers"
    intro={
      customer.partner_key === undefined
        ? 'No partner referred this customer.'
        : `Referred by ${printable(customer.partner_key)}.`
    }
  >
    <section class="card" aria-labelledby="attributes">
      <h2 id="attributes">Attributes</h2>
      <Attributes row={customer} />
    </section>
    <section aria-labelledby="transactions">
      <h2 id="transactions">Recorded transactions, newest first</h2>
      {transactions.rows.length > 0 ? (
        <TransactionsTable transactions={transactions.rows} />
      ) : (
        <Empty>
          None. Deleted ones are listed{' '}
          <a href={`/transactions?${new URLSearchParams({ q: customer.customer_key })}`}>under Transactions</a>.
        </Empty>
      )}
      <Pager path="/customer" parameters={{ key: customer.customer_key }} {...transactions} />
    </section>
  </Layout>
);

export const TransactionPage: FC<{ transaction: Transaction }> = ({ transaction }) => {
  const customer = customerOf(transaction);
  return (
    <Layout
      title={
        transaction.status === 'deleted'
          ? 'Deleted transaction'
          : money(transaction.amount_net, transaction.currency ?? '')
      }
      path="/transactions"
      intro={
        <>
          <code>{printable(transaction.transaction_id)}</code> · {stateWords(transaction)}
        </>
      }
    >
      <section class="card" aria-labelledby="attributes">
        <h2 id="attributes">Attributes</h2>
        <Attributes row={transaction} />
      </section>
      <p>
        <a href={eventLink(transaction.event_id)}>The event that determined this row</a>
        {customer === undefined ? null : (
          <>
            {' '}
            · <a href={rowLink('customers', customer)}>Its customer</a>
          </>
        )}
      </p>
    </Layout>
  );
};

export const NotFoundPage: FC<{ table: TableName; id: string }> = ({ table, id }) => (
  <Layout title="Not found" path={`/${table}`}>
    <Empty>
      There is no {table.slice(0, -1)} <strong>{printable(id)}</strong>. <a href={`/${table}`}>Back to the list</a>
    </Empty>
  </Layout>
);
