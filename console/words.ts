// What became of an event, in a sentence: "recorded 20.00 USD for acme".

import { formatMoney } from '../contract/money.js';
import { outcomeInWords } from '../contract/outcomes.js';
import type { Settings } from '../contract/settings.js';
import type { Change } from '../functions/domain/change.js';
import { decide } from '../functions/domain/decide.js';
import { parseEvent } from '../functions/domain/event.js';
import type { Transaction } from '../reader/reader.js';
import type { Entry } from './history.js';

export interface Known {
  /** What the event says to change, where its payload is known. */
  readonly changes: readonly Change[];
  /** The transaction that the event is about, as it stands now. */
  readonly row?: Transaction;
}

/** @returns nothing to change for a payload that is not known, or not understood */
export function changesIn(payload: string | undefined, settings: Settings): readonly Change[] {
  if (payload === undefined) return [];
  try {
    return decide(parseEvent(JSON.parse(payload)), settings).changes;
  } catch {
    return [];
  }
}

const REASONS: Readonly<Record<string, string>> = {
  no_customer_key: 'its metadata names no customer_key',
  not_yet_paid: 'not paid yet',
  nothing_paid: 'nothing was paid',
  not_by_id: 'it does not name its payment by id',
  unsupported_type: 'the settings do not use this type',
  livemode_mismatch: 'the settings do not accept this livemode',
};

export function describeOutcome(entry: Entry, { changes, row }: Known): string {
  const { outcome, reason } = entry;
  const sentence = describe(outcome, reason, changes, row);
  const attributed = entry.attributed ? `, ${entry.attributed} waiting transactions attributed` : '';
  return `${sentence}${attributed}`;
}

function describe(outcome: string, reason: string | undefined, changes: readonly Change[], row?: Transaction): string {
  switch (outcome) {
    case 'queued':
      return 'accepted, in the queue';
    case 'recorded':
      return `recorded ${amountIn(changes, row)}for ${customerIn(changes, row)}`;
    case 'waiting': {
      const amount = amountIn(changes, row);
      if (amount === '') return 'noted, waiting for its invoice';
      // What waited may have been attributed since.
      const { customer_key: customerKey } = (row ?? {}) as { customer_key?: string };
      return `recorded ${amount.trim()}, ${customerKey === undefined ? 'waiting for its customer' : `since attributed to ${customerKey}`}`;
    }
    case 'deleted':
      return `took the payment away (${row?.status === 'deleted' ? row.deleted_reason : 'refunded'})`;
    case 'customer_updated':
      return customerWords(changes);
    case 'ignored':
      return `ignored: ${REASONS[reason ?? ''] ?? reason}`;
    default:
      return `${outcomeInWords(outcome)}${reason ? ` (${reason})` : ''}`;
  }
}

function amountIn(changes: readonly Change[], row?: Transaction): string {
  for (const change of changes) {
    const payment =
      change.kind === 'charge' ? change.snapshot : change.kind === 'evidence' ? change.evidence.paid : undefined;
    if (payment) return `${formatMoney(payment.amount, payment.currency ?? '')} `;
  }
  return row?.status === 'recorded' ? `${formatMoney(row.amount_net, row.currency ?? '')} ` : '';
}

function customerIn(changes: readonly Change[], row?: Transaction): string {
  if (row?.status === 'recorded' && row.customer_key !== undefined) return row.customer_key;
  for (const change of changes) if (change.kind === 'customer') return change.customer_key;
  return 'its customer';
}

function customerWords(changes: readonly Change[]): string {
  for (const change of changes) {
    if (change.kind !== 'customer') continue;
    return `customer ${change.customer_key} updated${change.partner ? `, referred by ${change.partner.partner_key}` : ''}`;
  }
  return 'customer updated';
}
