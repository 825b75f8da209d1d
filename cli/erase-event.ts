// The event by which `erase` asks to forget a customer's name and email.

import { randomUUID } from 'node:crypto';
import { ERASE_EVENT_TYPE } from '../functions/domain/customer.js';

/** An event of our own, which goes through the queue like any event, and so may arrive late, twice or out of order. */
export function eraseEvent(customerKey: string, now = Date.now()): object {
  return {
    id: `erase_${randomUUID()}`,
    object: 'event',
    type: ERASE_EVENT_TYPE,
    created: Math.floor(now / 1000),
    livemode: false,
    data: { object: { id: customerKey } },
  };
}
