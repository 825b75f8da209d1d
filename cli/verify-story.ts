// The events that `verify` sends, about a customer and a payment made for this run, and the rows that they make.

import { randomBytes } from 'node:crypto';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { keysAbout } from '../functions/store/look-up.js';
import type { Transaction } from '../reader/reader.js';
import { type SampleEvent, sampleCharge, sampleCustomer, sampleEvent, sampleInvoice } from './sample-events.js';
import { readerOf, type Target } from './target.js';

/** One event, and whether the tables show that it has been applied. */
export interface Step {
  readonly event: SampleEvent;
  applied(): Promise<boolean>;
}

export interface Story {
  readonly customer: Step;
  readonly paid: Step;
  /** The same payment as it was a moment before. */
  readonly olderPaid: Step;
  /** A full refund, which fails later. */
  readonly refund: Step;
  readonly refundFailed: Step;
  /** A lost dispute, which an appeal wins later; absent if the stack ignores disputes. */
  readonly dispute?: { readonly lost: Step; readonly won: Step };
  /** The steps whose events were accepted. */
  readonly sent: Set<Step>;
  /** Whether everything that was sent has been applied, as far as rows can show it. */
  settled(): Promise<boolean>;
  isLeft(): Promise<boolean>;
  remove(): Promise<void>;
}

/** The customers of every run have this partner, so that the next run finds what an earlier one left. */
const PARTNER = 'stripe_partner_sync_verify';
/** In minor units of US dollars. */
const AMOUNT = 100;
/** A run that began so long ago has ended, in seconds. */
const EARLIER = 15 * 60;

/** Events in the stack's own mode and from its transaction source. */
export function createStory(target: Target): Story {
  const reader = readerOf(target);
  const ids = idsOf(`verify_${randomBytes(6).toString('hex')}`, target);
  const event = eventsOf(ids, target);
  const transaction = () => reader.transaction(ids.transaction);
  const isRecorded = (row: Transaction | undefined) =>
    row?.status === 'recorded' && row.customer_key === ids.key && row.event_id === event.paid.id;
  const customer: Step = {
    event: event.customer,
    applied: async () => (await reader.customer(ids.key))?.partner_key === PARTNER,
  };
  const paid: Step = { event: event.paid, applied: async () => isRecorded(await transaction()) };
  const olderPaid: Step = { event: event.olderPaid, applied: paid.applied };
  const isDeleted = async (reason: string) => {
    const row = await transaction();
    return row?.status === 'deleted' && row.deleted_reason === reason;
  };
  const isBack = async () => {
    const row = await transaction();
    return row?.status === 'recorded' && row.customer_key === ids.key && row.amount_net === AMOUNT;
  };
  const refund: Step = { event: event.refund, applied: () => isDeleted('refunded') };
  const refundFailed: Step = { event: event.refundFailed, applied: isBack };
  const lost: Step = { event: event.disputeLost, applied: () => isDeleted('disputed') };
  const won: Step = { event: event.disputeWon, applied: isBack };
  const sent = new Set<Step>();
  return {
    customer,
    paid,
    olderPaid,
    refund,
    refundFailed,
    ...(target.settings.disputes === 'ignore' ? {} : { dispute: { lost, won } }),
    sent,
    async settled() {
      if (sent.has(customer) && !(await customer.applied())) return false;
      const last = [won, lost, refundFailed, refund].find((step) => sent.has(step));
      if (last) return last.applied();
      return !sent.has(paid) || (await transaction()) !== undefined;
    },
    isLeft: async () => Boolean((await reader.customer(ids.key)) ?? (await transaction())),
    remove: () => removeRows(target, ids),
  };
}

/** Removes the rows of runs that were interrupted, or whose events were applied after they had ended. */
export async function removeEarlierRuns(target: Target, now = Date.now()): Promise<void> {
  for await (const { customer_key } of readerOf(target).customersOf(PARTNER)) {
    const customer = await readerOf(target).customer(customer_key);
    // A version begins with the second in which its event was created.
    const createdAt = Number.parseInt(customer?.version ?? '0', 10);
    if (/^verify_[0-9a-f]{12}$/.test(customer_key) && createdAt < now / 1000 - EARLIER) {
      await removeRows(target, idsOf(customer_key, target));
    }
  }
}

interface Ids {
  readonly key: string;
  readonly customer: string;
  readonly charge: string;
  readonly invoice: string;
  readonly transaction: string;
}

function idsOf(key: string, { settings }: Target): Ids {
  const [customer, charge, invoice] = [`cus_${key}`, `ch_${key}`, `in_${key}`];
  return { key, customer, charge, invoice, transaction: settings.transactionSource === 'invoice' ? invoice : charge };
}

function eventsOf(ids: Ids, { settings }: Target) {
  const invoices = settings.transactionSource === 'invoice';
  const livemode = settings.livemode === 'live';
  const now = Math.floor(Date.now() / 1000);
  const event = (type: string, at: number, object: Parameters<typeof sampleEvent>[3]) =>
    sampleEvent(`evt_${ids.key}_${type}_${at}`, type, now + at, object);
  const common = { created: now, customer: ids.customer };
  const charge = (fields: object) =>
    sampleCharge(
      { id: ids.charge, livemode },
      { amount: AMOUNT, invoice: invoices ? ids.invoice : null, ...common, ...fields },
    );
  const invoice = sampleInvoice({ id: ids.invoice, livemode }, { amount_paid: AMOUNT, charge: ids.charge, ...common });
  const paid = (at: number) =>
    invoices ? event('invoice.payment_succeeded', at, invoice) : event('charge.succeeded', at, charge({}));
  const reversal = (prefix: string, object: string, fields: object) => ({
    id: `${prefix}_${ids.key}`,
    object,
    amount: AMOUNT,
    charge: ids.charge,
    currency: 'usd',
    livemode,
    ...fields,
  });
  const metadata = { customer_key: ids.key, partner_key: PARTNER };
  return {
    customer: event(
      'customer.created',
      -5,
      sampleCustomer({ id: ids.customer, livemode }, { metadata, name: 'verify' }),
    ),
    paid: paid(0),
    olderPaid: paid(-3),
    refund: event('charge.refunded', 2, charge({ amount_refunded: AMOUNT, refunded: true })),
    refundFailed: event('refund.failed', 4, reversal('re', 'refund', { created: now + 1, status: 'failed' })),
    disputeLost: event('charge.dispute.closed', 6, reversal('dp', 'dispute', { created: now + 5, status: 'lost' })),
    disputeWon: event('charge.dispute.closed', 8, reversal('dp', 'dispute', { created: now + 5, status: 'won' })),
  };
}

async function removeRows({ dynamodb, tables }: Target, ids: Ids): Promise<void> {
  await dynamodb.send(new DeleteCommand({ TableName: tables.transactions, Key: { transaction_id: ids.transaction } }));
  const entities = [
    { type: 'charge', id: ids.charge },
    { type: 'invoice', id: ids.invoice },
  ] as const;
  for (const { table, key } of await keysAbout({ client: dynamodb, tables }, ids.customer, entities))
    await dynamodb.send(new DeleteCommand({ TableName: table, Key: key }));
  // Last, because an interrupted removal is found again by this row.
  await dynamodb.send(new DeleteCommand({ TableName: tables.customers, Key: { customer_key: ids.key } }));
}
