// Refunds and disputes: what one event says about one of them. `reversals.ts` computes what they add up to.

import type { Settings } from '../../contract/settings.js';
import type { Change, Decision, Evidence } from './change.js';
import {
  defined,
  expectObject,
  optionalString,
  optionalTime,
  referencedId,
  requiredAmount,
  requiredId,
  type StripeEvent,
  type StripeObject,
  sourceOf,
} from './event.js';
import { intentOf } from './invoice-charge.js';
import { relate } from './relate.js';

/** Decides `refund.created`, `refund.updated`, `refund.failed` and `charge.refund.updated`. */
export function decideRefund(event: StripeEvent, settings: Settings): Decision {
  const refund = expectObject(event, 'refund');
  const id = requiredId(refund, 'id');
  const isUndone = event.type === 'refund.failed' || refund.status === 'failed' || refund.status === 'canceled';
  const snapshot = defined({
    ...sourceOf(event),
    id,
    amount: requiredAmount(refund, 'amount'),
    // "the event's, if the refund has none"
    created: optionalTime(refund.created) ?? event.created,
    undone: isUndone ? (true as const) : undefined,
  });
  return decideReversal(id, refund, { refunds: [snapshot] }, settings);
}

/** Decides `charge.dispute.*`. */
export function decideDispute(event: StripeEvent, settings: Settings): Decision {
  const dispute = expectObject(event, 'dispute');
  // Before disputes had IDs, a charge had at most one.
  const id = referencedId(dispute.id, 'id') ?? referencedId(dispute.charge, 'charge') ?? requiredId(dispute, 'id');
  const snapshot = defined({
    ...sourceOf(event),
    id,
    amount: requiredAmount(dispute, 'amount'),
    currency: optionalString(dispute.currency),
    status: optionalString(dispute.status) ?? 'unknown',
  });
  return decideReversal(id, dispute, { disputes: [snapshot] }, settings);
}

function decideReversal(objectId: string, object: StripeObject, evidence: Evidence, settings: Settings): Decision {
  const chargeId = referencedId(object.charge, 'charge');
  if (chargeId === undefined) return { objectId, changes: [], ignored: 'no_charge', metadataIssues: [] };
  return { objectId, changes: reversalChanges(chargeId, object, evidence, settings), metadataIssues: [] };
}

function reversalChanges(chargeId: string, object: StripeObject, evidence: Evidence, settings: Settings): Change[] {
  if (settings.transactionSource === 'charge') return [{ kind: 'charge', charge_id: chargeId, evidence }];
  return relate({ type: 'charge', id: chargeId }, evidence, intentOf(object));
}
