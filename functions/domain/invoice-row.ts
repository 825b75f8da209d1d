// The row of an invoice, computed from everything that is known about it and about the charges that paid it.

import type { Settings } from '../../contract/settings.js';
import type { Entity, Evidence, PaidInvoice, PaymentLink } from './change.js';
import { newest, type Source } from './event.js';
import { entityText } from './join.js';
import { deletedBy, reversed } from './reversals.js';
import { type Balance, type CustomerLink, rowOf, type StoredRow } from './row.js';

/** The evidence of everything that is related to an invoice, directly or not. */
export type InvoiceView = ReadonlyMap<string, { readonly entity: Entity; readonly evidence: Evidence }>;

/** @returns the row, or undefined until the invoice has been paid */
export function invoiceRow(
  invoiceId: string,
  view: InvoiceView,
  link: CustomerLink | undefined,
  settings: Settings,
): StoredRow | undefined {
  const paid = paidEventOf(invoiceId, view);
  if (!paid) return undefined;
  const { event_id, event_type, version, api_version: _, tax_basis, ...payment } = paid;
  const sum = sumOfCharges(invoiceId, paid, view, settings);
  const failure = newest(failuresOf(invoiceId, view));
  const balance: Balance = {
    amount: paid.amount,
    refunded: sum.refunded,
    disputed: sum.disputed,
    deleted_reason: failure ? 'failed' : deletedBy(paid.amount, sum, settings),
  };
  // "the newest such event determines `event_id`, `event_type` and `version`"
  const sources = failure ? [failure] : [{ event_id, event_type, version }, ...sum.sources];
  return rowOf(
    { transaction_id: invoiceId, source: 'invoice' },
    payment,
    settings.amountBasis === 'excluding_tax' ? withoutTax(balance, tax_basis) : balance,
    sources,
    link,
  );
}

export function paidEventOf(invoiceId: string, view: InvoiceView): PaidInvoice | undefined {
  return view.get(entityText({ type: 'invoice', id: invoiceId }))?.evidence.paid;
}

/** "`refunded` and `disputed` of an invoice are the sums over its charges, capped at `amount_paid`." */
function sumOfCharges(invoiceId: string, paid: PaidInvoice, view: InvoiceView, settings: Settings) {
  const sources: Source[] = [];
  let refunded = 0;
  let disputed = 0;
  for (const { entity, evidence } of view.values()) {
    if (entity.type !== 'charge' || invoiceOf(entity, evidence, view) !== invoiceId) continue;
    const charge = evidence.refunded;
    const part = reversed(paid, { charge, evidence }, settings);
    refunded += part.refunded;
    disputed += part.disputed;
    sources.push(...part.sources);
    if (charge && charge.shown > 0) sources.push(charge);
  }
  refunded = Math.min(paid.amount, refunded);
  return { refunded, disputed: Math.min(paid.amount - refunded, disputed), sources };
}

/**
 * "The invoice of a charge is `charge.invoice` of its newest `charge.refunded` …; otherwise the invoice linked to its payment
 * intent …; otherwise the invoice linked to the charge ID."
 */
function invoiceOf(charge: Entity, evidence: Evidence, view: InvoiceView): string | undefined {
  const intents = (evidence.related ?? []).filter(({ type }) => type === 'payment_intent');
  return evidence.refunded?.invoice_id ?? linkedInvoice(intents, view) ?? linkedInvoice([charge], view);
}

/** The invoice that one of these payments paid. "The newest link wins." */
function linkedInvoice(payments: readonly Entity[], view: InvoiceView): string | undefined {
  const wanted = new Set(payments.map(entityText));
  const links = [...view.values()].flatMap(({ entity, evidence }): readonly PaymentLink[] => {
    if (wanted.has(entityText(entity))) return evidence.links ?? [];
    const claims = (evidence.claims ?? []).filter(({ payments }) =>
      payments.some((each) => wanted.has(entityText(each))),
    );
    return claims.map((claim) => ({ ...claim, invoice_id: entity.id }));
  });
  return newest(links)?.invoice_id;
}

/** "`charge.failed` deletes only by the charge's own ID." */
function failuresOf(invoiceId: string, view: InvoiceView): Source[] {
  return [...view.values()].flatMap(({ entity, evidence }) =>
    entity.type === 'charge' && evidence.failed && linkedInvoice([entity], view) === invoiceId ? [evidence.failed] : [],
  );
}

/**
 * "Each of `amount`, `amount_refunded` and `amount_disputed` becomes a × X / T, rounded half up, after the decision whether the row
 * is deleted. If T is 0 or the tax is unknown, amounts stay as they are."
 */
function withoutTax(balance: Balance, basis: PaidInvoice['tax_basis']): Balance {
  if (!basis || basis.total <= 0) return balance;
  const [total, excluding] = [BigInt(basis.total), BigInt(basis.excluding_tax)];
  const scale = (amount: number) => Number((2n * BigInt(amount) * excluding + total) / (2n * total));
  return {
    ...balance,
    amount: scale(balance.amount),
    refunded: scale(balance.refunded),
    disputed: scale(balance.disputed),
  };
}
