// What an event changes, as plain data. domain/ decides it, store/ carries it out.

import type { IgnoredReason } from '../../contract/outcomes.js';
import type { MetadataOddity } from './metadata.js';

/** A row of `transactions` that stands. Amounts in the currency's minor unit, times in Unix seconds. */
export interface RecordedTransaction {
  readonly transaction_id: string;
  readonly status: 'recorded';
  readonly source: 'charge' | 'invoice';
  readonly amount: number;
  readonly amount_refunded: number;
  readonly amount_net: number;
  readonly currency?: string;
  readonly captured?: boolean;
  readonly created?: number;
  readonly stripe_customer_id?: string;
  readonly customer_key?: string;
  readonly customer_key_source?: 'own' | 'linked';
  readonly product_key?: string;
  readonly payment_intent_id?: string;
  readonly invoice_id?: string;
  readonly livemode: boolean;
  readonly event_id: string;
  readonly event_type: string;
  readonly version: string;
}

export type DeletedReason = 'refunded' | 'failed' | 'expired';

/** What is left of a transaction that was taken back: a tombstone, kept until `expires_at` (Unix seconds). */
export interface DeletedTransaction {
  readonly transaction_id: string;
  readonly status: 'deleted';
  readonly source: 'charge' | 'invoice';
  readonly amount: number;
  readonly currency?: string;
  readonly created?: number;
  readonly livemode: boolean;
  readonly event_id: string;
  readonly event_type: string;
  readonly version: string;
  readonly deleted_reason: DeletedReason;
  readonly expires_at: number;
}

export type Transaction = RecordedTransaction | DeletedTransaction;

/** `customers[customer_key]` exists; with `snapshot` its attributes, with `partner` who referred it, if that is news. */
export interface CustomerChange {
  readonly kind: 'customer';
  readonly customer_key: string;
  readonly snapshot?: CustomerSnapshot;
  readonly partner?: PartnerClaim;
}

export interface CustomerSnapshot {
  readonly stripe_customer_id: string;
  readonly name?: string;
  readonly email?: string;
  readonly livemode: boolean;
  readonly version: string;
}

export interface PartnerClaim {
  readonly partner_key: string;
  readonly version: string;
}

/** The Stripe customer belongs to the `customer_key`, from this version on. */
export interface LinkChange {
  readonly kind: 'link';
  readonly stripe_customer_id: string;
  readonly customer_key: string;
  readonly version: string;
}

/** A charge's snapshot becomes its row, unless a newer one has or a deletion stands. */
export interface RecordChange {
  readonly kind: 'record';
  readonly row: RecordedTransaction;
}

/** A charge's row becomes a tombstone for good, by the newest deleting snapshot. */
export interface DeleteChange {
  readonly kind: 'delete';
  readonly row: DeletedTransaction;
}

/** A payment of an invoice, by the id of its payment intent or of its charge. */
export interface PaymentReference {
  readonly type: 'payment_intent' | 'charge';
  readonly id: string;
}

/**
 * Something that an event says about an invoice. Evidence is only ever added, each piece under its event's version, and the
 * invoice's row is computed from all of it (`invoice-row.ts`); so neither order nor duplicates can matter.
 */
export type InvoiceEvidence =
  | {
      readonly kind: 'invoice-paid';
      readonly invoice_id: string;
      readonly version: string;
      readonly row: RecordedTransaction;
    }
  | {
      readonly kind: 'invoice-payment';
      readonly invoice_id: string;
      readonly version: string;
      readonly payment: PaymentReference;
    }
  | ({ readonly kind: 'charge-refunded' } & ChargeRefund)
  | ({ readonly kind: 'charge-failed' } & ChargeFailure);

/** What a `charge.refunded` says, in invoice mode. */
export interface ChargeRefund extends DeletingEvent {
  readonly charge_id: string;
  readonly payment_intent_id?: string;
  /** The invoice that the charge itself names (API before 2025-03-31). */
  readonly invoice_id?: string;
  /** What was truly refunded, in minor units. */
  readonly amount_refunded: number;
}

/** What a `charge.failed` says, in invoice mode. */
export interface ChargeFailure extends DeletingEvent {
  readonly charge_id: string;
}

export interface DeletingEvent {
  readonly version: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly deleted_reason: DeletedReason;
  readonly expires_at: number;
}

export type Change = CustomerChange | LinkChange | RecordChange | DeleteChange | InvoiceEvidence;

/** What an event means. */
export interface Decision {
  /** The id of the event's object. */
  readonly objectId: string;
  readonly changes: readonly Change[];
  /** Why nothing is changed, where nothing is. */
  readonly ignored?: IgnoredReason;
  readonly oddities: readonly MetadataOddity[];
}
