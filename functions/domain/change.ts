// What an event changes, as plain data. domain/ decides it, store/ carries it out.
//
// Each kind of change can be joined with another about the same thing (`join.ts`), in any order and any number of times.

import type { IgnoredReason } from '../../contract/outcomes.js';
import type { Source, Stamp } from './event.js';
import type { MetadataIssue } from './metadata.js';

/** A recorded row of `transactions`. */
export interface RecordedTransaction extends Transaction {
  readonly status: 'recorded';
  readonly deleted_customer_key?: never;
  readonly deleted_reason?: never;
}

/** A row of `transactions` that reversals, or a failure, have deleted. */
export interface DeletedTransaction extends Transaction {
  readonly status: 'deleted';
  readonly customer_key?: never;
  readonly deleted_reason: DeletedReason;
}

/** The public attributes of a row of `transactions`. Amounts are in the currency's minor unit, times in Unix seconds. */
export interface Transaction {
  readonly transaction_id: string;
  readonly status: 'recorded' | 'deleted';
  readonly source: 'charge' | 'invoice';
  readonly amount: number;
  readonly amount_refunded: number;
  /** Only if greater than 0. */
  readonly amount_disputed?: number;
  readonly amount_net: number;
  readonly currency?: string;
  readonly captured?: boolean;
  readonly created?: number;
  readonly stripe_customer_id?: string;
  /** Of a recorded row. */
  readonly customer_key?: string;
  /** Of a deleted row, in place of `customer_key`. */
  readonly deleted_customer_key?: string;
  readonly customer_key_source?: 'own' | 'linked';
  readonly product_key?: string;
  readonly payment_intent_id?: string;
  readonly invoice_id?: string;
  readonly livemode: boolean;
  readonly event_id: string;
  readonly event_type: string;
  readonly version: string;
  readonly deleted_reason?: DeletedReason;
}

export type DeletedReason = 'refunded' | 'disputed' | 'failed' | 'expired';

/** What a charge or an invoice says about itself, apart from its reversals. */
export interface Payment {
  readonly amount: number;
  readonly currency?: string;
  readonly captured?: boolean;
  readonly created?: number;
  readonly stripe_customer_id?: string;
  /** From its own metadata. */
  readonly customer_key?: string;
  readonly product_key?: string;
  readonly payment_intent_id?: string;
  readonly invoice_id?: string;
  readonly livemode: boolean;
}

/** A decisive snapshot of a charge. */
export interface ChargeSnapshot extends Payment, ShownRefund {
  /** The payment failed, or its authorization lapsed. */
  readonly failure?: 'failed' | 'expired';
}

/** What a snapshot of a charge says about its refunds. */
export interface ShownRefund extends Source {
  /** `amount_refunded`, less what a partial capture released. */
  readonly shown: number;
  /** `refunded` is true. */
  readonly says_refunded?: true;
  /** The payload has no `amount_captured`, so it cannot tell a refund from a released amount (before API 2020-08-27). */
  readonly is_ambiguous?: true;
}

/** Whether a `charge.refunded` shows a refund. */
export interface RefundShown extends Stamp {
  readonly shows: boolean;
}

/** The newest snapshot of one refund. */
export interface RefundSnapshot extends Source {
  readonly id: string;
  readonly amount: number;
  /** When the refund was created. */
  readonly created: number;
  /** It failed or was canceled. */
  readonly undone?: true;
}

/** The newest snapshot of one dispute. */
export interface DisputeSnapshot extends Source {
  readonly id: string;
  readonly amount: number;
  readonly currency?: string;
  readonly status: string;
}

/** A paid event of an invoice. */
export interface PaidInvoice extends Payment, Source {
  /** The invoice's total and the part of it that is not tax, if the invoice states both. */
  readonly tax_basis?: { readonly total: number; readonly excluding_tax: number };
}

/** What one event says about which payments paid an invoice. */
export interface PaymentClaim extends Stamp {
  readonly payments: readonly Entity[];
}

export interface PaymentLink extends Stamp {
  readonly invoice_id: string;
}

/** Something that evidence is about. */
export interface Entity {
  readonly type: 'charge' | 'payment_intent' | 'invoice';
  readonly id: string;
}

/**
 * What is known about a charge, a payment intent or an invoice in addition to its row. Evidence only grows: each field is the newest
 * of its kind, the newest by ID, or a set. Lists are sorted, so equal evidence is equal as JSON.
 */
export interface Evidence {
  /** Of a charge. */
  readonly refunds?: readonly RefundSnapshot[];
  readonly disputes?: readonly DisputeSnapshot[];
  /** Every `charge.refunded` of the charge. */
  readonly refunds_shown?: readonly RefundShown[];
  /** Of a charge in `invoice` mode: its newest `charge.refunded`, with the invoice that it names. */
  readonly refunded?: ShownRefund & { readonly invoice_id?: string };
  /** Of a charge in `invoice` mode: its newest `charge.failed`. */
  readonly failed?: Source;
  /** Of an invoice: its newest paid event. */
  readonly paid?: PaidInvoice;
  /** Of an invoice: by event, so that the greater rendering of an event replaces the other. */
  readonly claims?: readonly PaymentClaim[];
  /** Of a payment intent or a charge: which invoice it paid, as pre-release builds kept it. */
  readonly links?: readonly PaymentLink[];
  /** Everything that was ever named together with this; where to look, not what is true. */
  readonly related?: readonly Entity[];
}

/** `customers[customer_key]` exists; `snapshot` has its attributes, `partner` who referred it. */
export interface CustomerChange {
  readonly kind: 'customer';
  readonly customer_key: string;
  readonly snapshot?: CustomerSnapshot;
  readonly partner?: PartnerClaim;
  /** The customer's name and email are forgotten for good. */
  readonly erased?: true;
}

export interface CustomerSnapshot extends Stamp {
  readonly stripe_customer_id: string;
  readonly name?: string;
  readonly email?: string;
  readonly livemode: boolean;
}

/** The earliest one counts. */
export interface PartnerClaim extends Stamp {
  readonly partner_key: string;
}

/** The Stripe customer belongs to the `customer_key` from this version on. */
export interface LinkChange extends Stamp {
  readonly kind: 'link';
  readonly stripe_customer_id: string;
  readonly customer_key: string;
  /** The oldest event that was merged into this change. */
  readonly oldest: Stamp;
}

/** What is new about a charge in `charge` mode: a decisive snapshot, or evidence of refunds and disputes, or both. */
export interface ChargeChange {
  readonly kind: 'charge';
  readonly charge_id: string;
  readonly snapshot?: ChargeSnapshot;
  /** Every decisive `charge.refunded`. They are kept in the row, which is written anyway. */
  readonly refunds_shown?: readonly RefundShown[];
  readonly evidence?: Evidence;
}

/** What is new about an entity in `invoice` mode. */
export interface EvidenceChange {
  readonly kind: 'evidence';
  readonly entity: Entity;
  readonly evidence: Evidence;
}

export type Change = CustomerChange | LinkChange | ChargeChange | EvidenceChange;

/** What an event means. */
export interface Decision {
  /** The ID of the event's object. */
  readonly objectId: string;
  readonly changes: readonly Change[];
  /** Why nothing is changed, if nothing is. */
  readonly ignored?: IgnoredReason;
  readonly metadataIssues: readonly MetadataIssue[];
}
