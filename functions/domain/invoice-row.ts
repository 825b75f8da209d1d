// The row of an invoice, computed from all that is known of it. Pure, so its order-freedom needs no proof beyond this page.

import type { Settings } from '../../contract/settings.js';
import type {
  ChargeFailure,
  ChargeRefund,
  DeletedTransaction,
  DeletingEvent,
  RecordedTransaction,
  Transaction,
} from './change.js';
import { defined } from './event.js';

/** All evidence that can bear on one invoice, in any order. */
export interface InvoiceView {
  readonly invoice_id: string;
  /** What each `invoice.payment_succeeded` of it would record. */
  readonly paid: readonly RecordedTransaction[];
  readonly refunds: readonly ChargeRefund[];
  readonly failures: readonly ChargeFailure[];
  /** Which invoice each payment intent, and each charge, is known to have paid, by which version. */
  readonly links: readonly PaymentLink[];
}

export interface PaymentLink {
  readonly type: 'payment_intent' | 'charge';
  readonly id: string;
  readonly invoice_id: string;
  readonly version: string;
}

/**
 * The invoice's row; absent until its `invoice.payment_succeeded` has come.
 *
 * @returns a row without the `customer_key` of its linked Stripe customer, which the store adds
 */
export function invoiceRow(view: InvoiceView, settings: Settings): Transaction | undefined {
  const paid = newest(view.paid);
  if (!paid) return undefined;
  const refunds = view.refunds.filter((refund) => invoiceOf(refund, view.links) === view.invoice_id);
  const failures = view.failures.filter(
    (failure) => linked('charge', failure.charge_id, view.links) === view.invoice_id,
  );
  const refunded = settings.partialRefund === 'net' ? newestOfEachCharge(refunds) : refunds;
  const truly = refunded.filter((refund) => refund.amount_refunded > 0);
  const total = truly.reduce((sum, refund) => sum + refund.amount_refunded, 0);
  const isRefunded = settings.partialRefund === 'net' ? truly.length > 0 && total >= paid.amount : truly.length > 0;
  const deleting = newest<DeletingEvent>([...failures, ...(isRefunded ? truly : [])]);
  if (deleting) return deletedTransaction(paid, deleting);
  // Under `delete` nothing truly refunded is left here, so the total is 0.
  return { ...paid, amount_refunded: total, amount_net: paid.amount - total };
}

/** "The invoice of a charge is `charge.invoice`, else the invoice linked to its `payment_intent`, else to the charge id." */
function invoiceOf(refund: ChargeRefund, links: readonly PaymentLink[]): string | undefined {
  return (
    refund.invoice_id ??
    (refund.payment_intent_id === undefined ? undefined : linked('payment_intent', refund.payment_intent_id, links)) ??
    linked('charge', refund.charge_id, links)
  );
}

/** Where two invoices claim one payment, the newer word counts. */
function linked(type: PaymentLink['type'], id: string, links: readonly PaymentLink[]): string | undefined {
  return newest(links.filter((link) => link.type === type && link.id === id))?.invoice_id;
}

function newestOfEachCharge(refunds: readonly ChargeRefund[]): ChargeRefund[] {
  const charges = new Set(refunds.map((refund) => refund.charge_id));
  return [...charges].flatMap((id) => newest(refunds.filter((refund) => refund.charge_id === id)) ?? []);
}

export function newest<T extends { readonly version: string }>(items: readonly T[]): T | undefined {
  return items.reduce<T | undefined>((best, item) => (best && best.version >= item.version ? best : item), undefined);
}

/** "Of an invoice: `amount`, `currency`, `created` and `livemode` from its own newest event", the rest from the deleting one. */
function deletedTransaction(paid: RecordedTransaction, deleting: DeletingEvent): DeletedTransaction {
  return defined({
    transaction_id: paid.transaction_id,
    status: 'deleted' as const,
    source: 'invoice' as const,
    amount: paid.amount,
    currency: paid.currency,
    created: paid.created,
    livemode: paid.livemode,
    event_id: deleting.event_id,
    event_type: deleting.event_type,
    version: deleting.version,
    deleted_reason: deleting.deleted_reason,
    expires_at: deleting.expires_at,
  });
}
