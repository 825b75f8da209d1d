// The signing secrets that are valid now, cached: a flood of bad signatures must not cause a flood of reads.

/** How long a list is cached. A revoked secret is refused within this time. */
export const FRESH_MILLISECONDS = 60_000;
/** How soon a signature that matches no secret may cause another read, in case a secret was just added. */
export const RETRY_MILLISECONDS = 10_000;

/** The signing secrets cannot be read, and none are cached. */
export class SecretUnavailableError extends Error {
  override readonly name = 'SecretUnavailableError';
}

export interface SigningSecrets {
  /** The valid secrets. @throws {SecretUnavailableError} */
  current(): Promise<readonly string[]>;
  /**
   * The valid secrets after a signature matched none: read again, unless the last read was a moment ago.
   *
   * @throws {SecretUnavailableError} if the last read failed: the signature may be one of a new secret
   */
  renewed(): Promise<readonly string[]>;
}

/**
 * @param read reads the secret's value from Secrets Manager
 * @param now the time in milliseconds
 */
export function signingSecrets(read: () => Promise<string | undefined>, now: () => number = Date.now): SigningSecrets {
  let secrets: readonly string[] | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let failed = false;
  /** Why the last read failed, so that the log can tell a missing permission from a secret that is not stored. */
  let cause: unknown;
  let reading: Promise<void> | undefined;

  const readOnce = () => {
    reading ??= (async () => {
      try {
        secrets = parseSigningSecrets(await read());
        failed = false;
      } catch (error) {
        failed = true;
        cause = error;
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
      // While Secrets Manager is down, a secret that was valid a moment ago still works.
      if (secrets === undefined) throw new SecretUnavailableError(undefined, { cause });
      return secrets;
    },
    async renewed() {
      if (reading || now() - readAt >= RETRY_MILLISECONDS) await readOnce();
      if (secrets === undefined || failed) throw new SecretUnavailableError(undefined, { cause });
      return secrets;
    },
  };
}

/**
 * Reads `{"signingSecrets":["whsec_…", …]}`.
 *
 * @throws {SecretUnavailableError} if there is no usable list, for example because no secret is stored yet
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
    // The parser's own message would quote the secret.
  }
  throw new SecretUnavailableError();
}
