// Evidence as pre-release builds kept it in `invoice` mode: an item for each piece, in the partition of what it is about.

import type { Entity, Evidence, PaidInvoice, ShownRefund } from '../domain/change.js';
import { defined, type Source } from '../domain/event.js';
import { joinEvidence } from '../domain/join.js';
import { pieceOfEvidence } from './keys.js';
import type { Item } from './requests.js';

/** @param items the items of the entity's partition */
export function evidenceOfVersion010(items: readonly Item[]): Evidence | undefined {
  return items.map(pieceOf).reduce<Evidence | undefined>(joinEvidence, undefined);
}

function pieceOf(item: Item): Evidence | undefined {
  const { name, id } = pieceOfEvidence(item);
  switch (name) {
    case 'paid':
      return { paid: paidInvoice(item.row as Item) };
    case 'refunded':
      return chargeRefund(item.refund as Item);
    case 'failed':
      return { failed: sourceOf(item.failure as Item) };
    case 'invoice': {
      const { invoice_id, version } = item as { invoice_id: string; version: string };
      return { links: [{ version, invoice_id }], related: [{ type: 'invoice', id: invoice_id }] };
    }
    case 'payment_intent':
    case 'charge':
      return { related: [{ type: name, id } satisfies Entity] };
    default:
      return undefined;
  }
}

function paidInvoice(row: Item): PaidInvoice {
  const { transaction_id, status, source, amount_refunded, amount_net, customer_key, customer_key_source, ...rest } =
    row;
  return defined({
    ...(rest as unknown as PaidInvoice),
    customer_key: customer_key_source === 'own' ? (customer_key as string) : undefined,
  });
}

function chargeRefund(refund: Item): Evidence {
  const { payment_intent_id, invoice_id, amount_refunded } = refund as { [name: string]: string | undefined };
  const shown = Number(amount_refunded);
  const refunded: ShownRefund = defined({ ...sourceOf(refund), shown, invoice_id });
  const related: Entity[] = [
    ...(payment_intent_id === undefined ? [] : [{ type: 'payment_intent' as const, id: payment_intent_id }]),
    ...(invoice_id === undefined ? [] : [{ type: 'invoice' as const, id: invoice_id }]),
  ];
  return { refunded, refunds_shown: [{ version: refunded.version, shows: shown > 0 }], related };
}

function sourceOf({ version, event_id, event_type }: Item): Source {
  return { version, event_id, event_type } as Source;
}
