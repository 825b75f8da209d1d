// Rows of `transactions`: what rows of charges and of invoices have in common.

import type { DeletedReason, Payment, RefundShown, Transaction } from './change.js';
import { defined, newest, type Source } from './event.js';

/** A row as it is stored: its public attributes, and internal ones that say what they were computed from. */
export interface StoredRow extends Transaction {
  /** How often the link's key had moved when the row took its key from the link. */
  readonly _link?: number;
  /** Which state of the evidence the row was computed from: a charge's revision, or an invoice's fingerprint. */
  readonly _evidence?: number | string;
  /** Of a charge's snapshot. */
  readonly _api_version?: string;
  /** Of a charge's snapshot, if the row shows something else. */
  readonly _snapshot?: Source & { readonly shown: number };
  readonly _says_refunded?: true;
  readonly _is_ambiguous?: true;
  /** Incremented by every write. A row of a pre-release build has none. */
  readonly _revision?: number;
  readonly _refunds_shown?: readonly RefundShown[];
}

/** Which `customer_key` a Stripe customer has. */
export interface CustomerLink {
  readonly customer_key: string;
  /** How often the key has changed. A row computed from an older key never equals one computed from the newer. */
  readonly moves: number;
}

/** What reversals leave of a payment. */
export interface Balance {
  readonly amount: number;
  readonly refunded: number;
  readonly disputed: number;
  readonly deleted_reason: DeletedReason | undefined;
}

/**
 * @param payment what the charge or invoice says about itself
 * @param sources the events that the row is computed from
 * @param link the link of the payment's Stripe customer; a payment with its own key does not need it
 */
export function rowOf(
  about: { readonly transaction_id: string; readonly source: 'charge' | 'invoice' },
  payment: Payment,
  balance: Balance,
  sources: readonly Source[],
  link: CustomerLink | undefined,
): StoredRow {
  const { customer_key: ownKey, amount: _, ...rest } = payment;
  const { amount, refunded, disputed, deleted_reason } = balance;
  const { event_id, event_type, version } = newest(sources)!;
  const key = ownKey ?? link?.customer_key;
  return defined({
    ...about,
    status: deleted_reason ? ('deleted' as const) : ('recorded' as const),
    ...rest,
    amount,
    amount_refunded: refunded,
    amount_disputed: disputed > 0 ? disputed : undefined,
    amount_net: deleted_reason ? 0 : amount - refunded - disputed,
    customer_key: deleted_reason ? undefined : key,
    deleted_customer_key: deleted_reason ? key : undefined,
    customer_key_source: key === undefined ? undefined : ownKey === undefined ? ('linked' as const) : ('own' as const),
    event_id,
    event_type,
    version,
    deleted_reason,
    _link: ownKey === undefined ? link?.moves : undefined,
  });
}

/** The key of a row, recorded or deleted. */
export function keyOf(row: Transaction): string | undefined {
  return row.customer_key ?? row.deleted_customer_key;
}

/** The Stripe customer whose link gives a payment its key: none if the payment has its own. */
export function linkedCustomer(payment: Payment): string | undefined {
  return payment.customer_key === undefined ? payment.stripe_customer_id : undefined;
}

/** Whether a row takes its key from this Stripe customer's link. */
export function dependsOn(row: StoredRow, stripeCustomerId: string): boolean {
  return row.stripe_customer_id === stripeCustomerId && row.customer_key_source !== 'own';
}

/** The row with the key of its Stripe customer's link. */
export function withLinkedKey(row: StoredRow, link: CustomerLink): StoredRow {
  const { customer_key: _, deleted_customer_key: __, ...rest } = row;
  const key =
    row.status === 'deleted' ? { deleted_customer_key: link.customer_key } : { customer_key: link.customer_key };
  return { ...rest, ...key, customer_key_source: 'linked', _link: link.moves };
}
