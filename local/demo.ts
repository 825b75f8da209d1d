// A story of six customers of two partners, through real HTTP and real tables: each step in plain words, with the rows it
// changed, and at the end who owes which partner for what.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { postSigned, type SampleEvent, sampleCharge, sampleCustomer, sampleEvent } from '../cli/sample-events.js';
import { formatMoney } from '../contract/money.js';
import type { StackFile } from '../contract/stack-file.js';

type Row = Record<string, unknown>;

/** How long the rows of a step are waited for, in milliseconds: the queue's window, and patience. */
const PATIENCE = 20_000;

/** @returns the exit code: 0 when every step ended in the rows it should */
export async function runDemo(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { 'stack-file': { type: 'string' } } });
  const given = values['stack-file'] ?? '.local/stack.json';
  const running = readStackFile(given);
  if (running && (await answers(running))) {
    say(`Using the stack that is running at ${running.webhookUrl}\n`);
    return tell(running);
  }
  say('No stack is running: starting one for this story.\n');
  const own = await startOwn();
  try {
    return await tell(own.file);
  } finally {
    await own.stop();
  }
}

function readStackFile(file: string): StackFile | undefined {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

async function answers(stack: StackFile): Promise<boolean> {
  return fetch(stack.webhookUrl).then(
    () => true,
    () => false,
  );
}

async function startOwn() {
  const folder = mkdtempSync(join(tmpdir(), 'stripe-partner-sync-demo-'));
  const stackFile = join(folder, 'stack.json');
  const start = join(import.meta.dirname, '..', 'bin', 'start.ts');
  const child = spawn(
    process.execPath,
    [...process.execArgv, start, '--port', '0', '--ephemeral', '--quiet', '--stack-file', stackFile],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  while (!existsSync(stackFile)) {
    if (child.exitCode !== null) throw new Error('the stack did not start');
    await sleep(50);
  }
  return { file: readStackFile(stackFile)!, stop };
}

/** Names of this run: the story can be told to the same stack again. */
const RUN = randomBytes(3).toString('hex');
const id = (name: string) => `${name}_${RUN}`;
const PARTNERS = ['ada', 'grace'].map(id);
const NAMES = ['acme', 'bolt', 'cord', 'dune', 'echo', 'fern'].map(id);

async function tell(stack: StackFile): Promise<number> {
  const dynamodb = new DynamoDBClient({
    region: stack.region,
    endpoint: stack.dynamodbEndpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const client = DynamoDBDocumentClient.from(dynamodb);
  const read = rowReader(client, stack);
  let seen = new Map<string, Row>();
  let failures = 0;

  const step = async (words: string, send: () => Promise<void>, arrived: (rows: Map<string, Row>) => boolean) => {
    say(`• ${words}`);
    await send();
    const end = Date.now() + PATIENCE;
    let rows = await read();
    while (!arrived(rows) && Date.now() < end) {
      await sleep(100);
      rows = await read();
    }
    if (!arrived(rows)) {
      failures++;
      say('    ✘ the rows did not come');
    }
    const changed = [...rows].filter(([key, row]) => JSON.stringify(row) !== JSON.stringify(seen.get(key)));
    for (const [key, row] of changed) say(`    ${key}  ${describe(row)}`);
    if (changed.length === 0) say('    no row changed');
    seen = rows;
  };
  const post = async (event: SampleEvent, secret = stack.signingSecrets[0]!, expected = 200) => {
    const { status } = await postSigned(stack.webhookUrl, JSON.stringify(event), secret);
    if (status !== expected) throw new Error(`the webhook answered ${status}`);
  };
  const has = (key: string, fields: Row) => (rows: Map<string, Row>) =>
    Object.entries(fields).every(([name, value]) => rows.get(key)?.[name] === value);
  const transaction = (n: number) => id(`ch_${n}`);
  /** For what must change nothing: time enough for it to have done so. */
  const afterAWhile = () => {
    const since = Date.now();
    return () => Date.now() - since > 4_000;
  };

  const [acme, bolt, cord, dune, echo, fern] = NAMES as [string, string, string, string, string, string];
  const [ada, grace] = PARTNERS as [string, string];
  await step(
    `${acme} signs up through ${ada}'s link: Stripe tells of a customer whose metadata carries both keys`,
    () => post(customerEvent(1, acme, 0, { customer_key: acme, partner_key: ada })),
    has(acme, { partner_key: ada }),
  );
  await step(
    `${acme} pays 20.00 USD`,
    () => post(chargeEvent('charge.succeeded', 1, acme, 1, { amount: 2000 })),
    has(transaction(1), { customer_key: acme, amount_net: 2000 }),
  );
  await step(
    `${bolt} pays 45.00 USD, and Stripe tells of the charge before it tells of the customer: the charge waits`,
    () => post(chargeEvent('charge.succeeded', 2, bolt, 2, { amount: 4500 })),
    has(transaction(2), { status: 'recorded' }),
  );
  await step(
    `now the customer ${bolt} comes, referred by ${grace} (as gspk, the way her link carries it): the charge is hers`,
    () => post(customerEvent(2, bolt, 1, { customer_key: bolt, gspk: Buffer.from(grace).toString('base64') })),
    has(transaction(2), { customer_key: bolt }),
  );
  await step(
    `two events about ${cord} come in the wrong order: first the update of 12:05, then the creation of 12:00`,
    async () => {
      await post(
        customerEvent(3, cord, 300, { customer_key: cord, partner_key: grace }, 'customer.updated', `${cord} Inc.`),
      );
      await post(customerEvent(3, cord, 0, { customer_key: cord, partner_key: ada }, 'customer.created', cord));
    },
    // The newer name stands, and the earlier event tells who referred.
    has(cord, { name: `${cord} Inc.`, partner_key: ada }),
  );
  await step(
    `${cord} pays 100.00 USD for the gold product`,
    () => post(chargeEvent('charge.succeeded', 3, cord, 310, { amount: 10_000, metadata: { product_key: 'gold' } })),
    has(transaction(3), { product_key: 'gold', customer_key: cord }),
  );
  await step(
    `${dune} has no customer in Stripe: the charge itself carries customer_key and partner_key`,
    () =>
      post(
        chargeEvent('charge.succeeded', 4, undefined, 320, {
          amount: 6000,
          metadata: { customer_key: dune, partner_key: grace },
        }),
      ),
    has(transaction(4), { customer_key: dune, customer_key_source: 'own' }),
  );
  await step(
    `${echo} signs up through ${ada} and pays 30.00 USD, and gets it all back: the transaction is deleted for good`,
    async () => {
      await post(customerEvent(5, echo, 330, { customer_key: echo, partner_key: ada }));
      await post(chargeEvent('charge.refunded', 5, echo, 340, { amount: 3000, amount_refunded: 3000, refunded: true }));
      await post(chargeEvent('charge.succeeded', 5, echo, 335, { amount: 3000 }));
    },
    (rows) => has(transaction(5), { status: 'deleted' })(rows) && rows.has(echo),
  );
  await step(
    `${fern}, referred by ${grace}, tries to pay 80.00 USD and the card is declined`,
    async () => {
      await post(customerEvent(6, fern, 350, { customer_key: fern, partner_key: grace }));
      await post(
        chargeEvent('charge.failed', 6, fern, 351, {
          amount: 8000,
          status: 'failed',
          paid: false,
          captured: false,
          amount_captured: 0,
        }),
      );
    },
    (rows) => has(transaction(6), { deleted_reason: 'failed' })(rows) && rows.has(fern),
  );
  await step(
    `Stripe delivers the first charge of ${acme} once more, as it may: nothing is counted twice`,
    () => post(chargeEvent('charge.succeeded', 1, acme, 1, { amount: 2000 })),
    afterAWhile(),
  );
  await step(
    'somebody posts a charge of 9,999.00 USD with a forged signature: it is refused',
    () => post(chargeEvent('charge.succeeded', 7, acme, 400, { amount: 999_900 }), 'whsec_forged', 400),
    () => true,
  );

  say('\nWho owes which partner for what (read from the indexes by_partner and by_customer):\n');
  const owed = await readOwed(client, stack);
  for (const { partner, customers } of owed) {
    say(`  ${partner}`);
    for (const { customer, sums } of customers) say(`    ${customer.padEnd(14)} ${sums.join(', ') || 'nothing'}`);
  }
  const expected: Record<string, Record<string, string>> = {
    [ada]: { [acme]: '20.00 USD', [cord]: '100.00 USD (gold)', [echo]: '' },
    [grace]: { [bolt]: '45.00 USD', [dune]: '60.00 USD', [fern]: '' },
  };
  const told = Object.fromEntries(
    owed.map(({ partner, customers }) => [
      partner,
      Object.fromEntries(customers.map(({ customer, sums }) => [customer, sums.join(', ')])),
    ]),
  );
  if (JSON.stringify(told) !== JSON.stringify(expected)) failures++;
  dynamodb.destroy();
  say(
    failures === 0
      ? '\nEvery step ended in the rows it should.'
      : `\n${failures} steps did not end in the rows they should.`,
  );
  return failures === 0 ? 0 : 1;
}

/** Reads the rows of this story, by their keys. */
function rowReader(client: DynamoDBDocumentClient, { tables }: StackFile) {
  return async (): Promise<Map<string, Row>> => {
    const output = await client.send(
      new BatchGetCommand({
        RequestItems: {
          [tables.customers]: { ConsistentRead: true, Keys: NAMES.map((customer_key) => ({ customer_key })) },
          [tables.transactions]: {
            ConsistentRead: true,
            Keys: [1, 2, 3, 4, 5, 6, 7].map((n) => ({ transaction_id: id(`ch_${n}`) })),
          },
        },
      }),
    );
    const rows = Object.values(output.Responses ?? {}).flat();
    return new Map(
      rows.map((row) => [String(row.customer_key && !row.transaction_id ? row.customer_key : row.transaction_id), row]),
    );
  };
}

async function readOwed(client: DynamoDBDocumentClient, { tables }: StackFile) {
  const query = async (TableName: string, IndexName: string, key: string, value: string) => {
    const output = await client.send(
      new QueryCommand({
        TableName,
        IndexName,
        KeyConditionExpression: '#key = :value',
        ExpressionAttributeNames: { '#key': key },
        ExpressionAttributeValues: { ':value': value },
      }),
    );
    return output.Items ?? [];
  };
  return Promise.all(
    PARTNERS.map(async (partner) => {
      const customers = (await query(tables.customers, 'by_partner', 'partner_key', partner))
        .map((row) => String(row.customer_key))
        .sort();
      const lines = customers.map(async (customer) => {
        const transactions = await query(tables.transactions, 'by_customer', 'customer_key', customer);
        return {
          customer,
          sums: transactions.map(
            (row) => `${formatMoney(row.amount_net, row.currency)}${row.product_key ? ` (${row.product_key})` : ''}`,
          ),
        };
      });
      return { partner, customers: await Promise.all(lines) };
    }),
  );
}

function describe(row: Row): string {
  if (!row.transaction_id) {
    return `customer${row.name ? ` "${row.name}"` : ''}, referred by ${row.partner_key ?? 'nobody'}`;
  }
  if (row.status === 'deleted') return `deleted (${row.deleted_reason})`;
  const customer = row.customer_key
    ? `for ${row.customer_key} (${row.customer_key_source} key)`
    : 'waiting for its customer';
  return `recorded, ${formatMoney(Number(row.amount_net), String(row.currency))} ${customer}${row.product_key ? `, product ${row.product_key}` : ''}`;
}

const NOON = 1_750_000_000;

function customerEvent(
  n: number,
  name: string,
  at: number,
  metadata: Row,
  type = 'customer.created',
  shown = name,
): SampleEvent {
  const customer = sampleCustomer(
    { id: id(`cus_${n}`), livemode: false },
    { email: `${name}@example.com`, metadata, name: shown },
  );
  return stripeEvent(type, n, at, customer);
}

function chargeEvent(
  type: string,
  n: number,
  name: string | undefined,
  at: number,
  fields: Row & { amount: number },
): SampleEvent {
  const charge = sampleCharge(
    { id: id(`ch_${n}`), livemode: false },
    {
      created: NOON + at,
      customer: name === undefined ? null : id(`cus_${NAMES.indexOf(name) + 1}`),
      payment_intent: id(`pi_${n}`),
      ...fields,
    },
  );
  return stripeEvent(type, n, at, charge);
}

function stripeEvent(type: string, n: number, at: number, object: Parameters<typeof sampleEvent>[3]): SampleEvent {
  return sampleEvent(id(`evt_${type}_${n}_${at}`), type, NOON + at, object);
}

function say(text: string) {
  process.stdout.write(`${text}\n`);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
