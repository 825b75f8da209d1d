// `show customer KEY`, `show transaction ID`: one row, and what belongs to it.

import { formatMoney } from '../../contract/money.js';
import { onTarget, type Register } from '../command.js';
import { OperatorError } from '../errors.js';
import { type Output, table } from '../output.js';
import { readerOf, type Target } from '../target.js';

export const registerShow: Register = (yargs) =>
  yargs.command(
    'show <what> <id>',
    'print one row: `show customer KEY` or `show transaction ID`',
    (y) =>
      y
        .positional('what', { choices: ['customer', 'transaction'] as const, demandOption: true })
        .positional('id', { type: 'string', demandOption: true, describe: 'a customer_key, or a charge or invoice ID' })
        .example('npx $0 show customer acme --local', 'a customer and its recorded transactions')
        .example('npx $0 show transaction ch_3PkXyz --stage prod', 'every attribute of one transaction'),
    (argv) =>
      onTarget(argv, (target, output) =>
        (argv.what === 'customer' ? showCustomer : showTransaction)(target, argv.id, output),
      ),
  );

async function showCustomer(target: Target, customerKey: string, output: Output): Promise<void> {
  const reader = readerOf(target);
  const customer = await reader.customer(customerKey);
  if (!customer) throw new OperatorError(`there is no customer ${customerKey}`);
  output.item(customer, attributes(customer));
  for await (const transaction of reader.transactionsOf(customerKey)) {
    const { transaction_id, amount_net, currency = '', created, livemode } = transaction;
    const day = created === undefined ? '–'.padEnd(10) : new Date(created * 1000).toISOString().slice(0, 10);
    const mode = livemode ? 'live' : 'test';
    output.item(transaction, `  ${transaction_id}  ${day}  ${mode}  ${formatMoney(amount_net, currency)}`);
  }
}

async function showTransaction(target: Target, transactionId: string, output: Output): Promise<void> {
  const transaction = await readerOf(target).transaction(transactionId);
  if (!transaction) throw new OperatorError(`there is no transaction ${transactionId}`);
  output.item(transaction, attributes(transaction));
}

function attributes(row: object): string {
  return table(Object.entries(row).map(([name, value]) => [name, String(value)]));
}
