// The signing secrets that are valid now, kept for a while: a flood of bad signatures must not become a flood of reads.

/** How long a list is used without asking again: a revoked secret is refused within this time. */
export const FRESH_MILLISECONDS = 60_000;
/** How soon a signature that fits no secret may cause another read, in case a secret was just added. */
export const RETRY_MILLISECONDS = 10_000;

/** No list of signing secrets could be had, now or lately. */
export class SecretUnavailableError extends Error {
  override readonly name = 'SecretUnavailableError';
}

export interface SigningSecrets {
  /** The valid secrets. @throws {SecretUnavailableError} */
  current(): Promise<readonly string[]>;
  /**
   * The valid secrets after one fitted nothing: read again, unless that was done a moment ago.
   *
   * @throws {SecretUnavailableError} where they could not be read lately: then nobody can say that the signature is wrong
   */
  renewed(): Promise<readonly string[]>;
}

/**
 * @param read reads the secret's value, as Secrets Manager holds it
 * @param now the time in milliseconds
 */
export function signingSecrets(read: () => Promise<string | undefined>, now: () => number = Date.now): SigningSecrets {
  let secrets: readonly string[] | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let failed = false;
  let reading: Promise<void> | undefined;

  const readOnce = () => {
    reading ??= (async () => {
      try {
        secrets = parseSigningSecrets(await read());
        failed = false;
      } catch {
        failed = true;
      }
      readAt = now();
      reading = undefined;
    })();
    return reading;
  };

  return {
    async current() {
      const age = now() - readAt;
      if (reading || age >= (failed ? RETRY_MILLISECONDS : FRESH_MILLISECONDS)) await readOnce();
      // An outage of the secret's store does not stop what is signed with a secret that was valid a moment ago.
      if (secrets === undefined) throw new SecretUnavailableError();
      return secrets;
    },
    async renewed() {
      if (reading || now() - readAt >= RETRY_MILLISECONDS) await readOnce();
      if (secrets === undefined || failed) throw new SecretUnavailableError();
      return secrets;
    },
  };
}

/**
 * Reads `{"signingSecrets":["whsec_…", …]}`.
 *
 * @throws {SecretUnavailableError} where there is no usable list, as before the first secret is stored
 */
export function parseSigningSecrets(value: string | undefined): string[] {
  try {
    const list: unknown = JSON.parse(value ?? '').signingSecrets;
    if (
      Array.isArray(list) &&
      list.length > 0 &&
      list.every((each) => typeof each === 'string' && each.trim() !== '')
    ) {
      return list.map((each: string) => each.trim());
    }
  } catch {
    // Told below: the reason would quote the secret.
  }
  throw new SecretUnavailableError();
}
