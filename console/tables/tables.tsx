/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Customers and transactions as tables.

import type { FC } from 'hono/jsx';
import type { Customer, Transaction } from '../../reader/reader.js';
import { ModeBadge, Scroll } from '../shell/elements.js';
import { date, money, printable, rowLink } from '../shell/format.js';
import { customerOf, stateWords } from './filter.js';

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
          <th scope="col">Mode</th>
        </tr>
      </thead>
      <tbody>
        {customers.map((each) => (
          <tr>
            <th scope="row">
              <a href={rowLink('customers', each.customer_key)}>{printable(each.customer_key)}</a>
            </th>
            <td>{printable(each.name ?? '–')}</td>
            <td>{each.partner_key === undefined ? 'no partner' : printable(each.partner_key)}</td>
            <td>
              <code>{each.stripe_customer_id ?? '–'}</code>
            </td>
            <td>
              <ModeBadge livemode={each.livemode} />
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
          <th scope="col">Mode</th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {transactions.map((each) => (
          <TransactionRow transaction={each} />
        ))}
      </tbody>
    </table>
  </Scroll>
);

const TransactionRow: FC<{ transaction: Transaction }> = ({ transaction }) => {
  const { transaction_id, status, created, amount_net, currency = '', product_key, livemode } = transaction;
  const customer = customerOf(transaction);
  return (
    <tr class={status === 'deleted' ? 'deleted' : ''}>
      <th scope="row">
        <a href={rowLink('transactions', transaction_id)}>{printable(transaction_id)}</a>
      </th>
      <td>{date(created)}</td>
      <td class="number">{status === 'deleted' ? '–' : money(amount_net, currency)}</td>
      <td>{customer === undefined ? '–' : <a href={rowLink('customers', customer)}>{printable(customer)}</a>}</td>
      <td>{printable(product_key ?? '–')}</td>
      <td>
        <ModeBadge livemode={livemode} />
      </td>
      <td>{stateWords(transaction)}</td>
    </tr>
  );
};
