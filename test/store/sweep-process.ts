// Sweeps one Stripe customer with a given number of dependents, in a process whose memory the test can measure. The tables are
// made up page by page, so that only the store's own memory counts.

import { sweepDependents } from '../../functions/store/links.js';

const DEPENDENTS = Number(process.argv[2]);
/** Items in a page of 1 MB, the most that a query returns. */
const PAGE = 8_000;

interface Command {
  readonly constructor: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: each command has its own input
  readonly input: any;
}

let puts = 0;

function row(id: string) {
  return {
    transaction_id: id,
    status: 'recorded',
    source: 'charge',
    amount: 2000,
    amount_refunded: 0,
    amount_net: 2000,
    currency: 'usd',
    stripe_customer_id: 'cus_a',
    livemode: true,
    event_id: `evt_${id}`,
    event_type: 'charge.succeeded',
    version: `001750000000#0#evt_${id}`,
    filler: 'x'.repeat(300),
    _revision: 1,
  };
}

async function send({ constructor: { name }, input }: Command) {
  await new Promise((resolve) => setImmediate(resolve));
  if (name === 'QueryCommand') {
    const first = input.ExclusiveStartKey ? Number(input.ExclusiveStartKey.sk.split('_')[1]) + 1 : 0;
    const count = Math.min(PAGE, DEPENDENTS - first);
    const Items = Array.from({ length: count }, (_, i) => ({
      pk: 'customer#cus_a',
      sk: `transaction#ch_${first + i}`,
    }));
    const last = Items.at(-1);
    return first + count < DEPENDENTS ? { Items, LastEvaluatedKey: last } : { Items };
  }
  if (name === 'BatchGetCommand') {
    const { links, transactions } = input.RequestItems;
    const link = { pk: 'customer#cus_a', sk: 'link', customer_key: 'acme', version: '001750000000#0#evt_1', moves: 1 };
    if (links) return { Responses: { links: [link] } };
    const rows = transactions.Keys.map(({ transaction_id }: { transaction_id: string }) => row(transaction_id));
    return { Responses: { transactions: rows } };
  }
  if (name === 'PutCommand') puts++;
  return {};
}

const tables = { customers: 'customers', transactions: 'transactions', links: 'links' };
const assigned = await sweepDependents({ client: { send } as never, tables }, 'cus_a');
process.stdout.write(JSON.stringify({ assigned, puts, maxRssMiB: process.resourceUsage().maxRSS / 1024 }));
