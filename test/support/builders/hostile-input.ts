// Requests as an attacker, a broken proxy or a careless script would send them, from a seed.

import { subscribedTypes } from '../../../functions/domain/decide.js';
import { charge, customer, dispute, event, invoice, invoicePayment, refund } from './events.js';
import { sign } from './sign.js';

/** Part of the generated values. No response and no log line may contain it. */
export const MARK = 'MARK-of-the-input';

export interface HostileRequest {
  readonly body: string;
  readonly signature: string | undefined;
  readonly isSigned: boolean;
}

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  -0,
  1.5,
  2 ** 53,
  Number.MAX_SAFE_INTEGER,
  '',
  ' ',
  MARK,
  '\ud800',
  '\u0000',
  '\uFFFF',
  'x'.repeat(3000),
  [],
  [null],
  {},
  { id: MARK },
  { id: null },
  [[[[MARK]]]],
  { __proto__: null, constructor: MARK },
  'constructor',
  '__proto__',
  'toString',
  'cus_a',
  'ch_1',
  1_750_000_000,
];
const OBJECTS: Readonly<Record<string, () => Record<string, unknown>>> = {
  charge,
  customer,
  dispute,
  invoice,
  refund,
  invoice_payment: () => invoicePayment('in_1', 'pi_1'),
};

/** @param secret what valid signatures are made with */
export function hostileRequests(random: () => number, secret: string, transactionSource: 'charge' | 'invoice') {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  /** An event of a known type with some of its fields replaced, removed or added. */
  function mutatedEvent(): object {
    const type = pick(subscribedTypes({ transactionSource, disputes: 'open' }));
    const own = type.startsWith('charge.dispute.') ? 'dispute' : type.split('.')[0]!;
    const fitting = random() < 0.9 ? own : pick(Object.keys(OBJECTS));
    const made = event(type, structuredClone(OBJECTS[fitting]!())) as unknown as Record<string, unknown>;
    const object = (made.data as { object: Record<string, unknown> }).object;
    for (let i = Math.floor(random() * 4); i > 0; i--) {
      const target = pick([made, object, object, object]);
      const field = pick([...Object.keys(target), 'metadata', 'created', 'status', '__proto__', 'payments', 'parent']);
      if (random() < 0.2) delete target[field];
      else
        target[field] =
          random() < 0.3 && field === 'metadata'
            ? { customer_key: pick(VALUES), partner_key: pick(VALUES), gspk: pick(VALUES) }
            : pick(VALUES);
    }
    return made;
  }

  function mutatedText(text: string): string {
    const at = Math.floor(random() * text.length);
    switch (Math.floor(random() * 6)) {
      case 0:
        return text.slice(0, at);
      case 1:
        return `${text.slice(0, at)}${pick(['{', '}', '"', '\\u', '\u0000', ',', MARK])}${text.slice(at)}`;
      case 2:
        return '['.repeat(20_000);
      case 3:
        return text.replace('"id":', '"id":1,"id":');
      case 4:
        return `\uFEFF${text}`;
      default:
        return text;
    }
  }

  function mangledSignature(body: string): string | undefined {
    const good = sign(body, secret);
    const [time, v1] = good.split(',') as [string, string];
    return pick([
      undefined,
      '',
      good.slice(0, -1),
      `${time},${v1.replace('v1', 'v0')}`,
      v1,
      time,
      `t=1,${v1}`,
      `t=99999999999999999999,${v1}`,
      `t=NaN,${v1}`,
      `${time}${',v1=00'.repeat(500)}`,
      sign(body, 'whsec_other'),
      sign(`${body} `, secret),
      sign(body, secret, Date.now() - 400_000),
      sign(body, secret, Date.now() + 400_000),
      MARK,
      '💥'.repeat(100),
    ]);
  }

  return (): HostileRequest => {
    const text = JSON.stringify(mutatedEvent());
    const body = random() < 0.4 ? mutatedText(text) : text;
    const isSigned = random() < 0.6;
    return { body, isSigned, signature: isSigned ? sign(body, secret) : mangledSignature(body) };
  };
}
