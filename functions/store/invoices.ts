// Rows of invoices. What events say of an invoice is kept in `links` as evidence that is only ever added, and its row is
// computed from all of it: write the evidence, then read all there is, and write the row until it agrees.

import type { Settings } from '../../contract/settings.js';
import type {
  ChargeFailure,
  ChargeRefund,
  InvoiceEvidence,
  RecordedTransaction,
  Transaction,
} from '../domain/change.js';
import { type InvoiceView, invoiceRow, type PaymentLink } from '../domain/invoice-row.js';
import {
  type Connection,
  type Item,
  keyText,
  type LinkItem,
  readItems,
  readPartition,
  writeLinks,
} from './connection.js';
import { type CustomerLink, followerKeyOf, linkKeyOf } from './customer-links.js';
import { replaceTransaction, transactionKeyOf } from './transactions.js';

/** The items that keep a piece of evidence where every question about it can find it. */
export function evidenceItems(evidence: InvoiceEvidence): LinkItem[] {
  switch (evidence.kind) {
    case 'invoice-paid':
      return [{ pk: `invoice#${evidence.invoice_id}`, sk: `paid#${evidence.version}`, row: evidence.row }];
    case 'invoice-payment': {
      const { payment, invoice_id, version } = evidence;
      const payer = `${payment.type}#${payment.id}`;
      return [
        { pk: `invoice#${invoice_id}`, sk: payer },
        { pk: payer, sk: `invoice#${version}#${invoice_id}`, invoice_id, version },
      ];
    }
    case 'charge-refunded': {
      const { kind: _, ...refund } = evidence;
      const charge = `charge#${refund.charge_id}`;
      const asked =
        refund.invoice_id !== undefined
          ? [{ pk: `invoice#${refund.invoice_id}`, sk: charge }]
          : refund.payment_intent_id !== undefined
            ? [{ pk: `payment_intent#${refund.payment_intent_id}`, sk: charge }]
            : [];
      return [{ pk: charge, sk: `refunded#${refund.version}`, refund }, ...asked];
    }
    case 'charge-failed': {
      const { kind: _, ...failure } = evidence;
      return [{ pk: `charge#${failure.charge_id}`, sk: `failed#${failure.version}`, failure }];
    }
  }
}

/** What is known in the partition of one invoice, one payment intent or one charge. */
interface Partition {
  readonly paid: RecordedTransaction[];
  readonly refunds: ChargeRefund[];
  readonly failures: ChargeFailure[];
  readonly links: PaymentLink[];
  readonly paymentIntents: string[];
  readonly charges: string[];
}

async function readEvidence(connection: Connection, pk: string): Promise<Partition> {
  const items = await readPartition(connection, pk);
  const [type, id] = split(pk);
  const under = (prefix: string) => items.filter((item) => String(item.sk).startsWith(`${prefix}#`));
  return {
    paid: under('paid').map((item) => item.row as RecordedTransaction),
    refunds: under('refunded').map((item) => item.refund as ChargeRefund),
    failures: under('failed').map((item) => item.failure as ChargeFailure),
    links: under('invoice').map((item) => ({
      type: type as PaymentLink['type'],
      id,
      invoice_id: String(item.invoice_id),
      version: String(item.version),
    })),
    paymentIntents: under('payment_intent').map((item) => split(String(item.sk))[1]),
    charges: under('charge').map((item) => split(String(item.sk))[1]),
  };
}

function split(key: string): [string, string] {
  const at = key.indexOf('#');
  return [key.slice(0, at), key.slice(at + 1)];
}

/** Which invoices' rows a piece of evidence can change, read after it was written. */
export async function invoicesTouchedBy(connection: Connection, evidence: InvoiceEvidence): Promise<string[]> {
  switch (evidence.kind) {
    case 'invoice-paid':
      return [evidence.invoice_id];
    case 'invoice-payment': {
      // A new word on who was paid may also take refunds away from an invoice that had them by an older or a weaker word.
      const payer = await readEvidence(connection, `${evidence.payment.type}#${evidence.payment.id}`);
      const charges = await Promise.all(payer.charges.map((id) => readEvidence(connection, `charge#${id}`)));
      return distinct([evidence.invoice_id, ...[payer, ...charges].flatMap(invoicesOf)]);
    }
    case 'charge-refunded': {
      if (evidence.invoice_id !== undefined) return [evidence.invoice_id];
      const payers = [`charge#${evidence.charge_id}`];
      if (evidence.payment_intent_id !== undefined) payers.push(`payment_intent#${evidence.payment_intent_id}`);
      const partitions = await Promise.all(payers.map((pk) => readEvidence(connection, pk)));
      return distinct(partitions.flatMap(invoicesOf));
    }
    case 'charge-failed':
      return distinct(invoicesOf(await readEvidence(connection, `charge#${evidence.charge_id}`)));
  }
}

function invoicesOf(partition: Partition): string[] {
  return partition.links.map((link) => link.invoice_id);
}

function distinct(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}

async function readView(connection: Connection, invoiceId: string): Promise<InvoiceView> {
  const invoice = await readEvidence(connection, `invoice#${invoiceId}`);
  const intents = new Map<string, Partition>();
  const readIntents = async (ids: readonly string[]) => {
    const missing = distinct(ids).filter((id) => !intents.has(id));
    const read = await Promise.all(missing.map((id) => readEvidence(connection, `payment_intent#${id}`)));
    missing.forEach((id, i) => {
      intents.set(id, read[i]!);
    });
  };
  await readIntents(invoice.paymentIntents);
  const chargeIds = distinct([...invoice.charges, ...[...intents.values()].flatMap((intent) => intent.charges)]);
  const charges = await Promise.all(chargeIds.map((id) => readEvidence(connection, `charge#${id}`)));
  const refunds = charges.flatMap((charge) => charge.refunds);
  await readIntents(
    refunds.flatMap((refund) => (refund.invoice_id === undefined ? (refund.payment_intent_id ?? []) : [])),
  );
  return {
    invoice_id: invoiceId,
    paid: invoice.paid,
    refunds,
    failures: charges.flatMap((charge) => charge.failures),
    links: [...intents.values(), ...charges].flatMap((partition) => partition.links),
  };
}

/**
 * Brings the invoice's row to what all evidence says, and to its Stripe customer's link.
 *
 * @returns the row, or undefined where the invoice has not been paid yet, so that its refunds wait; and whether it changed
 */
export async function settleInvoice(
  connection: Connection,
  settings: Settings,
  invoiceId: string,
): Promise<{ row: Transaction | undefined; changed: boolean }> {
  const rowKey = transactionKeyOf(connection, invoiceId);
  for (let changed = false; ; ) {
    const decided = invoiceRow(await readView(connection, invoiceId), settings);
    if (!decided) return { row: undefined, changed };
    const stripeCustomerId = followedCustomer(decided);
    const linkKey = stripeCustomerId === undefined ? undefined : linkKeyOf(connection, stripeCustomerId);
    const followerKey =
      stripeCustomerId === undefined ? undefined : followerKeyOf(connection, stripeCustomerId, invoiceId);
    const read = await readItems(connection, [
      rowKey,
      ...(linkKey ? [linkKey] : []),
      ...(followerKey ? [followerKey] : []),
    ]);
    const current = read.get(keyText(rowKey.table, rowKey.key));
    const link = linkKey && (read.get(keyText(linkKey.table, linkKey.key)) as CustomerLink | undefined);
    const row = link
      ? { ...decided, customer_key: link.customer_key, customer_key_source: 'linked' as const }
      : decided;
    if (current && isSame(row, current)) return { row, changed };
    if (followerKey && !read.has(keyText(followerKey.table, followerKey.key)))
      await writeLinks(connection, [followerKey.key]);
    // Written or not, everything is read once more: only a row that agrees with what was read after it ends the loop.
    if (await replaceTransaction(connection, row, current)) changed = true;
  }
}

function followedCustomer(row: Transaction): string | undefined {
  return row.status === 'recorded' && row.customer_key === undefined ? row.stripe_customer_id : undefined;
}

function isSame(row: Transaction, current: Item): boolean {
  const entries = Object.entries(row);
  return entries.length === Object.keys(current).length && entries.every(([name, value]) => current[name] === value);
}
