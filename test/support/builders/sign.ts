// Signs bodies as Stripe does.

import { createHmac } from 'node:crypto';

/** @param at the time of signing, in milliseconds */
export function sign(body: string | Buffer, secret: string, at = Date.now()): string {
  const timestamp = Math.floor(at / 1000);
  const signature = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');
  return `t=${timestamp},v1=${signature}`;
}
