// `verify`: the testing suite. Signs events of its own and follows each into the tables of a stack, then removes its rows.

import { randomBytes } from 'node:crypto';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { keysAbout } from '../functions/store/look-up.js';
import { OperatorError } from './errors.js';
import type { Output } from './output.js';
import { postSigned, sampleCharge, sampleCustomer, sampleEvent, sampleInvoice } from './sample-events.js';
import { readerOf } from './show.js';
import type { Target } from './target.js';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What to do about it. */
  readonly remedy?: string;
}

export interface VerifyOptions {
  readonly url?: string;
  /** How long rows are waited for, in seconds. */
  readonly deadline: number;
}

/** @returns the checks, each told as it ends; the rows that it made are removed whatever happens */
export async function verify(
  target: Target,
  { url = target.webhookUrl, deadline }: VerifyOptions,
  output: Output,
): Promise<Check[]> {
  if (url === '') throw new OperatorError('the stack has no webhook URL: name it with --url', 2);
  const [secret] = await target.signingSecrets.read();
  const checks: Check[] = [];
  const check = async (name: string, remedy: string, holds: () => Promise<boolean>) => {
    const ok = await holds().catch(() => false);
    checks.push({ name, ok, ...(ok ? {} : { remedy }) });
    output.item(checks.at(-1)!, `${ok ? '✔' : '✘'} ${name}${ok ? '' : `\n    ${remedy}`}`);
    return ok;
  };
  const run = story(target);
  const post = async (event: object, { key = secret ?? '', at = Date.now() } = {}) =>
    (await postSigned(url, JSON.stringify(event), key, at)).status;
  const arrives = async (holds: () => Promise<boolean>) => {
    for (const end = Date.now() + deadline * 1000; ; await sleep(250)) {
      if (await holds()) return true;
      if (Date.now() > end) return false;
    }
  };

  const reachable = await check(
    'the webhook is reachable',
    `Nothing answers at ${url}: is the stack deployed, the domain set up?`,
    async () => (await post({}, { key: 'whsec_forged' })) !== 0,
  );
  if (!reachable) return checks;
  await check(
    'a forged signature is refused',
    'The endpoint takes events of anybody: it is not this product’s.',
    async () => (await post(run.customer, { key: 'whsec_forged' })) === 400,
  );
  await check(
    'an old timestamp is refused',
    'The endpoint takes events again that were recorded long ago: it is not this product’s.',
    async () => (await post(run.customer, { at: Date.now() - 301_000 })) === 400,
  );
  if (
    !(await check(
      'a signing secret is stored',
      'Store the endpoint’s secret, or run `connect`: see docs/deploy.md.',
      async () => secret !== undefined,
    ))
  )
    return checks;
  try {
    const taken =
      'The webhook refuses events signed with the stored secret: it may be a minute until a new one is picked up.';
    const late =
      'It did not reach the tables in time: look at the dashboard, the worker’s errors and the dead letters.';
    await check('a signed customer is taken', taken, async () => (await post(run.customer)) === 200);
    await check('a customer reaches the tables', late, () => arrives(run.customerIsThere));
    await check('a signed charge is taken', taken, async () => (await post(run.charge)) === 200);
    await check('a charge is recorded under its customer', late, () => arrives(run.chargeIsThere));
    await check(
      'a duplicate changes nothing',
      'The same event was counted twice.',
      async () => (await post(run.charge)) === 200 && (await stays(run.chargeIsThere)),
    );
    await check(
      'an update out of order changes nothing',
      'An older event overwrote a newer one.',
      async () => (await post(run.olderCharge)) === 200 && (await stays(run.chargeIsThere)),
    );
    await check(
      'a refund takes the charge away',
      late,
      async () => (await post(run.refund)) === 200 && (await arrives(run.chargeIsGone)),
    );
  } finally {
    await run.remove();
  }
  return checks;
}

/** Events of the stage's own mode and transaction source, about things that nobody else has. */
function story(target: Target) {
  const { settings, dynamodb, tables } = target;
  const reader = readerOf(target);
  const run = `verify_${randomBytes(6).toString('hex')}`;
  const invoices = settings.transactionSource === 'invoice';
  const [customerId, chargeId, invoiceId] = [`cus_${run}`, `ch_${run}`, `in_${run}`];
  const transactionId = invoices ? invoiceId : chargeId;
  const livemode = settings.livemode === 'live';
  const now = Math.floor(Date.now() / 1000);
  const event = (type: string, at: number, object: Parameters<typeof sampleEvent>[3]) =>
    sampleEvent(`evt_${run}_${type}_${at}`, type, now + at, object);
  const common = { created: now, customer: customerId };
  const charge = (fields: object) =>
    sampleCharge(
      { id: chargeId, livemode },
      { amount: 100, invoice: invoices ? invoiceId : null, ...common, ...fields },
    );
  const invoice = sampleInvoice({ id: invoiceId, livemode }, { amount_paid: 100, charge: chargeId, ...common });
  const paid = (at: number) =>
    invoices ? event('invoice.payment_succeeded', at, invoice) : event('charge.succeeded', at, charge({}));
  const newest = paid(0);
  return {
    customer: event(
      'customer.created',
      -5,
      sampleCustomer(
        { id: customerId, livemode },
        { metadata: { customer_key: run, partner_key: run }, name: 'verify' },
      ),
    ),
    charge: newest,
    olderCharge: paid(-3),
    refund: event('charge.refunded', 5, charge({ amount_refunded: 100, refunded: true })),
    customerIsThere: async () => (await reader.customer(run))?.partner_key === run,
    chargeIsThere: async () => {
      const row = await reader.transaction(transactionId);
      return row?.status === 'recorded' && row.customer_key === run && row.event_id === newest.id;
    },
    chargeIsGone: async () => (await reader.transaction(transactionId))?.status === 'deleted',
    async remove() {
      await dynamodb.send(new DeleteCommand({ TableName: tables.customers, Key: { customer_key: run } }));
      await dynamodb.send(
        new DeleteCommand({ TableName: tables.transactions, Key: { transaction_id: transactionId } }),
      );
      const entities = [
        { type: 'charge', id: chargeId },
        { type: 'invoice', id: invoiceId },
      ] as const;
      for (const { table, key } of await keysAbout({ client: dynamodb, tables }, customerId, entities))
        await dynamodb.send(new DeleteCommand({ TableName: table, Key: key }));
    },
  };
}

/** What must not change is looked at for a while: the queue's window, and some. */
async function stays(holds: () => Promise<boolean>): Promise<boolean> {
  for (const end = Date.now() + 4000; Date.now() < end; await sleep(250)) if (!(await holds())) return false;
  return true;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
