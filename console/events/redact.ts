// Hides personal data in a payload: fields that logs may contain stay, all other values are replaced.

/** Fields whose values identify objects or states, never people. */
const SHOWN = new Set(
  `id object type created livemode api_version amount amount_captured amount_refunded amount_paid amount_due currency status
  captured paid refunded customer invoice payment_intent charge disputed pending_webhooks subscription billing_reason
  reason failure_reason`.split(/\s+/),
);

export const REDACTED = '•••';

/** Keeps the structure; every text and number that could be personal or secret becomes `•••`. */
export function redact(value: unknown, name = '', isTrusted = true): unknown {
  if (Array.isArray(value)) return value.map((each) => redact(each, name, isTrusted));
  if (typeof value === 'object' && value !== null) {
    // Names in metadata are the sender's, whatever they are called.
    const staysTrusted = isTrusted && name !== 'metadata';
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redact(each, key, staysTrusted)]));
  }
  if (typeof value === 'boolean' || value === null || (isTrusted && SHOWN.has(name))) return value;
  return REDACTED;
}
