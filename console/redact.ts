// A payload without what is personal in it: the values that logs may hold stay, all other text is covered.

/** Fields whose values name things and states, never people. */
const SHOWN = new Set(
  `id object type created livemode api_version amount amount_captured amount_refunded amount_paid amount_due currency status
  captured paid refunded customer invoice payment_intent charge disputed pending_webhooks subscription billing_reason`.split(
    /\s+/,
  ),
);

export const COVERED = '•••';

/** Keeps the shape: every text and number that could be of a person or a secret becomes `•••`. */
export function redact(value: unknown, name = '', isOpen = true): unknown {
  if (Array.isArray(value)) return value.map((each) => redact(each, name, isOpen));
  if (typeof value === 'object' && value !== null) {
    // A name in metadata is the sender's own, whatever it is called.
    const staysOpen = isOpen && name !== 'metadata';
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redact(each, key, staysOpen)]));
  }
  if (typeof value === 'boolean' || value === null || (isOpen && SHOWN.has(name))) return value;
  return COVERED;
}
