// The outcome of an event as a sentence: "recorded 20.00 USD for acme".

import { outcomeInWords } from '../../contract/outcomes.js';
import type { Settings } from '../../contract/settings.js';
import type { Change, DisputeSnapshot, RefundSnapshot } from '../../functions/domain/change.js';
import { decide } from '../../functions/domain/decide.js';
import { parseEvent } from '../../functions/domain/event.js';
import type { Transaction } from '../../reader/reader.js';
import { count, money } from '../shell/format.js';
import type { Entry } from './history.js';

export interface Known {
  /** What the event changes, if its payload is known. */
  readonly changes: readonly Change[];
  /** The transaction that the event is about, as it is now. */
  readonly row?: Transaction;
}

/** @returns nothing for a payload that is not known, or that no rule understands */
export function changesIn(payload: string | undefined, settings: Settings): readonly Change[] {
  if (payload === undefined) return [];
  try {
    return decide(parseEvent(JSON.parse(payload)), settings).changes;
  } catch {
    return [];
  }
}

const REASONS: Readonly<Record<string, string>> = {
  no_customer_key: 'its metadata has no customer_key',
  not_yet_paid: 'not paid yet',
  nothing_paid: 'nothing was paid',
  no_payment_named: 'it names no payment',
  no_charge: 'it names no charge',
  paid_out_of_band: 'the invoice was paid outside Stripe',
  unsupported_type: 'this stack does not use the event type',
  livemode_mismatch: 'this stack does not use events of this mode',
};

export function describeOutcome({ outcome, reason, attributed = 0 }: Entry, known: Known): string {
  const reversal = reversalIn(known.changes, known.row?.currency);
  const sentence = reversal
    ? `${reversal}: ${describeReversal(outcome, known.row)}`
    : describe(outcome, reason, known.changes, known.row);
  return attributed > 0
    ? `${sentence}; ${count(attributed, 'waiting transaction')} credited to the customer`
    : sentence;
}

function describe(outcome: string, reason: string | undefined, changes: readonly Change[], row?: Transaction): string {
  switch (outcome) {
    case 'queued':
      return 'accepted, in the queue';
    case 'recorded':
      return `recorded ${amountIn(changes, row)}for ${customerIn(changes, row)}`;
    case 'waiting':
      return waitingWords(changes, row);
    case 'deleted':
      return `deleted the transaction (${row?.deleted_reason ?? 'refunded'})`;
    case 'customer_updated':
      return customerWords(changes);
    case 'ignored':
      return `ignored: ${REASONS[reason ?? ''] ?? reason}`;
    default:
      return `${outcomeInWords(outcome)}${reason ? ` (${reason})` : ''}`;
  }
}

/** `refund of 20.00 USD failed`, `dispute of 20.00 USD won`; undefined for any other event. */
function reversalIn(changes: readonly Change[], rowCurrency = ''): string | undefined {
  for (const change of changes) {
    const evidence = change.kind === 'charge' || change.kind === 'evidence' ? change.evidence : undefined;
    const [refund] = evidence?.refunds ?? [];
    if (refund) return refundWords(refund, rowCurrency);
    const [dispute] = evidence?.disputes ?? [];
    if (dispute) return disputeWords(dispute, rowCurrency);
  }
  return undefined;
}

/** A refund's snapshot has no currency; it is the payment's. */
function refundWords({ amount, undone, event_type }: RefundSnapshot, currency: string): string {
  const what = currency === '' ? 'refund' : `refund of ${money(amount, currency)}`;
  if (!undone) return what;
  return event_type === 'refund.failed' ? `${what} failed` : `${what} failed or was canceled`;
}

function disputeWords({ amount, currency, status }: DisputeSnapshot, rowCurrency: string): string {
  const what = `dispute of ${money(amount, currency ?? rowCurrency)}`;
  return ['won', 'lost', 'prevented'].includes(status)
    ? `${what} ${status}`
    : `${what} (${status.replaceAll('_', ' ')})`;
}

function describeReversal(outcome: string, row?: Transaction): string {
  switch (outcome) {
    case 'queued':
      return 'accepted, in the queue';
    case 'recorded':
      return row ? paymentWords(row) : 'the payment counted; its row was removed later';
    case 'waiting':
      return row ? paymentWords(row) : 'stored, the payment is not known yet';
    case 'deleted':
      return 'the payment does not count';
    case 'unchanged':
      return 'no row changes';
    default:
      return outcomeInWords(outcome);
  }
}

/** The row is read later than the event was applied, so it may have been deleted since. */
function paymentWords(row: Transaction): string {
  if (row.status === 'deleted') return `the payment counted; later ${row.deleted_reason}`;
  const net = money(row.amount_net, row.currency ?? '');
  return row.customer_key === undefined
    ? `${net} is recorded, without a customer`
    : `${net} counts for ${row.customer_key}`;
}

function waitingWords(changes: readonly Change[], row?: Transaction): string {
  const amount = amountIn(changes, row).trim();
  if (amount === '') return 'stored, its invoice is not known yet';
  // The customer may have arrived since.
  const customer = row?.customer_key ?? row?.deleted_customer_key;
  return customer === undefined
    ? `recorded ${amount}, its customer is not known yet`
    : `recorded ${amount}, later credited to ${customer}`;
}

/** What the event itself says, less the refunds that it shows. */
function amountIn(changes: readonly Change[], row?: Transaction): string {
  for (const change of changes) {
    if (change.kind === 'charge' && change.snapshot) {
      const { amount, shown, currency = '' } = change.snapshot;
      return `${money(amount - shown, currency)} `;
    }
    if (change.kind === 'evidence' && change.evidence.paid) {
      const { amount, currency = '' } = change.evidence.paid;
      return `${money(amount, currency)} `;
    }
  }
  return row?.status === 'recorded' ? `${money(row.amount_net, row.currency ?? '')} ` : '';
}

function customerIn(changes: readonly Change[], row?: Transaction): string {
  const known = row?.customer_key ?? row?.deleted_customer_key;
  if (known !== undefined) return known;
  for (const change of changes) if (change.kind === 'customer') return change.customer_key;
  return 'its customer';
}

function customerWords(changes: readonly Change[]): string {
  for (const change of changes) {
    if (change.kind !== 'customer') continue;
    if (change.erased) return `name and email of customer ${change.customer_key} erased`;
    // Not "referred by": an earlier event may name another partner, and then that one counts.
    const named = change.partner ? `; this event names the partner ${change.partner.partner_key}` : '';
    return `customer ${change.customer_key} updated${named}`;
  }
  return 'customer updated';
}
