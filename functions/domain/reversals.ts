// How much of one payment refunds and disputes take back. Pure, and the same for charges and invoices.

import type { Settings } from '../../contract/settings.js';
import type { DisputeSnapshot, Evidence, RefundSnapshot, ShownRefund } from './change.js';
import { createdAt, type Source } from './event.js';

/** What is known about one charge's reversals. */
export interface ReversalView {
  /** C: the charge snapshot that counts. Without one, no refund is shown, and every event is later. */
  readonly charge: ShownRefund | undefined;
  readonly evidence: Evidence;
}

/** The payment that the reversals are taken from: the row's amount and currency. */
export interface Reversible {
  readonly amount: number;
  readonly currency?: string;
}

export interface Reversed {
  readonly refunded: number;
  readonly disputed: number;
  /** Every event that the amounts are computed from, without C. */
  readonly sources: readonly Source[];
}

/** @returns amounts in minor units; together at most the payment's amount */
export function reversed(payment: Reversible, view: ReversalView, settings: Settings): Reversed {
  const { charge, evidence } = view;
  const refunds = evidence.refunds ?? [];
  const added = refunds.filter((refund) => !refund.undone && !includes(charge, refund));
  const subtracted = refunds.filter((refund) => refund.undone && stillIncludes(charge, refund));
  const shown = Math.max(0, shownBy(view, settings) - total(subtracted));
  const refunded = Math.min(payment.amount, shown + total(added));
  const disputes = (evidence.disputes ?? []).filter((dispute) => counts(dispute, settings));
  const left = payment.amount - refunded;
  const isForeign = disputes.some(({ currency }) => isDifferent(currency, payment.currency));
  const disputed = isForeign ? left : Math.min(left, total(disputes));
  return { refunded, disputed, sources: [...added, ...subtracted, ...disputes] };
}

/**
 * The refund that the charge shows. "Payloads without `amount_captured` … do not distinguish a refund from a released amount. …
 * Under `delete`, what C shows counts only if C says `refunded: true` or any `charge.refunded` of the charge that shows a refund
 * has been received; then at least 1 counts."
 */
function shownBy({ charge, evidence }: ReversalView, settings: Settings): number {
  if (!charge) return 0;
  if (!charge.is_ambiguous || settings.partialRefund === 'net') return charge.shown;
  return charge.says_refunded || evidence.refunds_shown?.some(({ shows }) => shows) ? Math.max(1, charge.shown) : 0;
}

/**
 * "C includes a refund whose `created` … is before the `created` of C's event. … Within the same second, a `charge.refunded` comes
 * after the creation of a refund and before its undoing; any other charge event comes before the creation and after the undoing."
 */
function includes(charge: ShownRefund | undefined, refund: RefundSnapshot): boolean {
  if (!charge) return false;
  const at = createdAt(charge.version);
  return refund.created < at || (refund.created === at && charge.event_type === 'charge.refunded');
}

/** "C still includes an undone refund if the event of its newest snapshot was created after C's event." */
function stillIncludes(charge: ShownRefund | undefined, refund: RefundSnapshot): boolean {
  if (!charge || !includes(charge, refund)) return false;
  const [undone, at] = [createdAt(refund.version), createdAt(charge.version)];
  return undone > at || (undone === at && charge.event_type === 'charge.refunded');
}

const LOST = ['lost', 'appeal_needs_response', 'appeal_under_review'];
const NOT_HELD = ['won', 'prevented'];

/** "Under `lost`, the statuses … count; under `open`, every status except `won`, `prevented` and those that start with `warning_`." */
function counts({ status }: DisputeSnapshot, { disputes }: Settings): boolean {
  if (disputes === 'ignore') return false;
  if (disputes === 'lost') return LOST.includes(status);
  return !NOT_HELD.includes(status) && !status.startsWith('warning_');
}

function isDifferent(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a.toLowerCase() !== b.toLowerCase();
}

function total(items: readonly { readonly amount: number }[]): number {
  return items.reduce((sum, { amount }) => sum + amount, 0);
}

/**
 * "Under `partialRefund: delete` the row is deleted if `refunded` + `disputed` > 0; under `net` if the sum reaches `amount` and is
 * > 0. `deleted_reason` is … `refunded` if `refunded` alone is sufficient, otherwise `disputed`."
 *
 * @returns why the row is deleted, or undefined if it is recorded
 */
export function deletedBy(
  amount: number,
  { refunded, disputed }: Pick<Reversed, 'refunded' | 'disputed'>,
  { partialRefund }: Settings,
): 'refunded' | 'disputed' | undefined {
  const isSufficient = (sum: number) => sum > 0 && (partialRefund === 'delete' || sum >= amount);
  if (isSufficient(refunded)) return 'refunded';
  return isSufficient(refunded + disputed) ? 'disputed' : undefined;
}
