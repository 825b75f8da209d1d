// `show customer KEY`, `show transaction ID`: one row, and what belongs to it.

import { formatMoney } from '../contract/money.js';
import { createReader } from '../reader/reader.js';
import { OperatorError } from './errors.js';
import { type Output, table } from './output.js';
import type { Target } from './target.js';

export function readerOf({ dynamodb, tables }: Target) {
  return createReader({ client: dynamodb, customersTable: tables.customers, transactionsTable: tables.transactions });
}

export async function showCustomer(target: Target, customerKey: string, output: Output): Promise<void> {
  const reader = readerOf(target);
  const customer = await reader.customer(customerKey);
  if (!customer) throw new OperatorError(`there is no customer ${customerKey}`);
  output.item(customer, attributes(customer));
  for await (const transaction of reader.transactionsOf(customerKey)) {
    const { transaction_id, amount_net, currency = '', created } = transaction;
    const on = created === undefined ? '' : new Date(created * 1000).toISOString().slice(0, 10);
    output.item(transaction, `  ${transaction_id}  ${on}  ${formatMoney(amount_net, currency)}`);
  }
}

export async function showTransaction(target: Target, transactionId: string, output: Output): Promise<void> {
  const transaction = await readerOf(target).transaction(transactionId);
  if (!transaction) throw new OperatorError(`there is no transaction ${transactionId}`);
  output.item(transaction, attributes(transaction));
}

function attributes(row: object): string {
  return table(Object.entries(row).map(([name, value]) => [name, String(value)]));
}
