// Charges in `invoice` mode: what `charge.refunded` and `charge.failed` say about the invoice that the charge paid. "Customer
// events and invoices alone identify customers in this mode; charge metadata is not read."

import type { Decision, Entity, Evidence } from './change.js';
import { refundsShown, shownRefund } from './charge.js';
import {
  defined,
  expectObject,
  referencedId,
  requiredId,
  type StripeEvent,
  type StripeObject,
  sourceOf,
} from './event.js';
import { relate } from './relate.js';

/** Decides `charge.refunded` in `invoice` mode. */
export function decideInvoiceRefund(event: StripeEvent): Decision {
  const charge = expectObject(event, 'charge');
  const id = requiredId(charge, 'id');
  const invoice = referencedId(charge.invoice, 'invoice');
  const evidence: Evidence = {
    refunded: defined({ ...shownRefund(event, charge), invoice_id: invoice }),
    ...refundsShown(event, charge),
  };
  const named: Entity[] = [
    ...intentOf(charge),
    ...(invoice === undefined ? [] : [{ type: 'invoice' as const, id: invoice }]),
  ];
  return { objectId: id, changes: relate({ type: 'charge', id }, evidence, named), metadataIssues: [] };
}

/** Decides `charge.failed` in `invoice` mode: it "deletes only by the charge's own ID". */
export function decideInvoiceFailure(event: StripeEvent): Decision {
  const charge = expectObject(event, 'charge');
  const id = requiredId(charge, 'id');
  const changes = relate({ type: 'charge', id }, { failed: sourceOf(event) }, intentOf(charge));
  return { objectId: id, changes, metadataIssues: [] };
}

/** The payment intent that a charge, refund or dispute names. */
export function intentOf(object: StripeObject): Entity[] {
  const id = referencedId(object.payment_intent, 'payment_intent');
  return id === undefined ? [] : [{ type: 'payment_intent', id }];
}
