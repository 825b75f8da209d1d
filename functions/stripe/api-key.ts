// The Stripe API key that the team stored, cached.

/** How long a key is cached. */
const FRESH_MILLISECONDS = 60_000;
/** How soon it may be read again if none was stored, or if Stripe refused it. */
const RETRY_MILLISECONDS = 10_000;

/**
 * The stored key, or undefined if none is.
 *
 * @param refused a key that Stripe did not accept: a newer one may be stored
 * @throws what the read throws
 */
export type ApiKey = (refused?: string) => Promise<string | undefined>;

/**
 * @param read reads the secret's value from Secrets Manager
 * @param now the time in milliseconds
 */
export function cachedApiKey(read: () => Promise<string | undefined>, now: () => number = Date.now): ApiKey {
  let key: string | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<string | undefined> | undefined;
  const readOnce = async () => {
    try {
      key = parseApiKey(await read());
      readAt = now();
      return key;
    } finally {
      reading = undefined;
    }
  };
  return async (refused) => {
    const usable = key !== undefined && key !== refused;
    if (now() - readAt < (usable ? FRESH_MILLISECONDS : RETRY_MILLISECONDS)) return key;
    reading ??= readOnce();
    return reading;
  };
}

/** Reads `{"apiKey":"rk_live_…"}`. @returns undefined if the key is empty */
export function parseApiKey(value: string | undefined): string | undefined {
  let stored: { readonly apiKey?: unknown } | null;
  try {
    stored = JSON.parse(value ?? '{}');
  } catch {
    // The parser's own message would quote the secret.
    throw new Error('the secret of the Stripe API key is not JSON');
  }
  const apiKey = stored?.apiKey;
  return typeof apiKey === 'string' && apiKey.trim() !== '' ? apiKey.trim() : undefined;
}
