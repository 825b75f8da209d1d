// The row of a charge, computed from its newest snapshot, the evidence of refunds and disputes, and its Stripe customer's link.

import type { Settings } from '../../contract/settings.js';
import type { ChargeSnapshot, Evidence, RefundShown } from './change.js';
import { defined } from './event.js';
import { joinEvidence } from './join.js';
import { deletedBy, reversed } from './reversals.js';
import { type CustomerLink, keyOf, rowOf, type StoredRow } from './row.js';

/** What a charge's row is computed from. */
export interface ChargeView {
  readonly charge_id: string;
  readonly snapshot: ChargeSnapshot;
  /** Every decisive `charge.refunded`. */
  readonly refunds_shown: readonly RefundShown[] | undefined;
  readonly evidence: Evidence | undefined;
  /** The revision of the evidence, or undefined if there is none. */
  readonly revision: number | undefined;
  readonly link: CustomerLink | undefined;
}

export function chargeRow(view: ChargeView, settings: Settings): StoredRow {
  const { snapshot, link } = view;
  const { event_id, event_type, version, api_version, shown, says_refunded, is_ambiguous, failure, ...payment } =
    snapshot;
  const about = { transaction_id: view.charge_id, source: 'charge' as const };
  const source = { event_id, event_type, version };
  const internal = { _api_version: api_version, _refunds_shown: view.refunds_shown };
  if (failure) {
    // "the newest of those alone determines the row": no refund, no dispute.
    const balance = { amount: payment.amount, refunded: 0, disputed: 0, deleted_reason: failure };
    return defined({ ...rowOf(about, payment, balance, [source], link), ...internal });
  }
  const evidence = joinEvidence(view.evidence, { refunds_shown: view.refunds_shown ?? [] })!;
  const { refunded, disputed, sources } = reversed(payment, { charge: snapshot, evidence }, settings);
  const balance = {
    amount: payment.amount,
    refunded,
    disputed,
    deleted_reason: deletedBy(payment.amount, { refunded, disputed }, settings),
  };
  const row = rowOf(about, payment, balance, [source, ...sources], link);
  const isHidden = row.version !== version || row.amount_refunded !== shown;
  return defined({
    ...row,
    ...internal,
    _evidence: view.revision,
    _snapshot: isHidden ? { ...source, shown } : undefined,
    _says_refunded: says_refunded,
    _is_ambiguous: is_ambiguous,
  });
}

/** The snapshot that a stored row was computed from. Deleted rows of pre-release builds lack some of its attributes. */
export function snapshotOf(row: StoredRow): ChargeSnapshot {
  const { event_id, event_type, version } = row._snapshot ?? row;
  const { deleted_reason } = row;
  return defined({
    event_id,
    event_type,
    version,
    api_version: row._api_version,
    shown: row._snapshot?.shown ?? row.amount_refunded ?? (deleted_reason === 'refunded' ? row.amount : 0),
    says_refunded: row._says_refunded,
    is_ambiguous: row._is_ambiguous,
    failure: deleted_reason === 'failed' || deleted_reason === 'expired' ? deleted_reason : undefined,
    amount: row.amount,
    currency: row.currency,
    captured: row.captured,
    created: row.created,
    stripe_customer_id: row.stripe_customer_id,
    customer_key: row.customer_key_source === 'own' ? keyOf(row) : undefined,
    product_key: row.product_key,
    payment_intent_id: row.payment_intent_id,
    invoice_id: row.invoice_id,
    livemode: row.livemode,
  });
}
