// Reads customer_key, partner_key and product_key from an object's metadata.

import { defined, isObject } from './event.js';

/** What the metadata says, and codes for the values that could not be used. */
export interface Keys {
  readonly customer_key?: string;
  readonly partner_key?: string;
  readonly product_key?: string;
  readonly issues: readonly MetadataIssue[];
}

type KeyName = 'customer_key' | 'partner_key' | 'product_key';

export type MetadataIssue = `${KeyName}_unusable` | 'gspk_undecodable';

/** DynamoDB's limit for a partition key, of a table or of an index, in bytes of UTF-8. */
const MAX_KEY_BYTES = 2048;

/**
 * Reads the keys from metadata in order of precedence: a key is taken from the first that has it.
 * Metadata that is absent, null or not an object is empty.
 */
export function readKeys(...sources: readonly unknown[]): Keys {
  const issues: MetadataIssue[] = [];
  const found: { [name in KeyName]?: string | undefined } = {};
  for (const source of sources) {
    if (!isObject(source)) continue;
    found.customer_key ??= readValue(source, 'customer_key', issues);
    found.product_key ??= readValue(source, 'product_key', issues);
    found.partner_key ??= readValue(source, 'partner_key', issues) ?? readGspk(source, issues);
  }
  return { ...defined(found), issues };
}

/** "Values are trimmed; an empty value counts as absent." */
function readValue(
  metadata: Readonly<Record<string, unknown>>,
  name: KeyName,
  issues: MetadataIssue[],
): string | undefined {
  const value = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || !isUsableKey(value.trim())) {
    issues.push(`${name}_unusable`);
    return undefined;
  }
  return value.trim() || undefined;
}

/** "`gspk` (a base64-encoded partner key, as the referral link carries it) is used when `partner_key` is absent." */
function readGspk(metadata: Readonly<Record<string, unknown>>, issues: MetadataIssue[]): string | undefined {
  const value = Object.hasOwn(metadata, 'gspk') ? metadata.gspk : undefined;
  if (value === undefined || value === null || (typeof value === 'string' && value.trim() === '')) return undefined;
  const decoded = typeof value === 'string' ? decodeBase64(value.trim()) : undefined;
  if (decoded === undefined || !isUsableKey(decoded)) {
    issues.push('gspk_undecodable');
    return undefined;
  }
  return decoded || undefined;
}

/** Decodes base64 or base64url, padded or not, of UTF-8 text; undefined if it is neither. */
function decodeBase64(text: string): string | undefined {
  const unpadded = text.replace(/={1,2}$/, '');
  const padding = text.length - unpadded.length;
  if (!/^[A-Za-z0-9+/_-]+$/.test(unpadded) || unpadded.length % 4 === 1) return undefined;
  if (padding > 0 && text.length % 4 !== 0) return undefined;
  try {
    // Node's decoder accepts both alphabets, so only the UTF-8 is left to check.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(unpadded, 'base64')).trim();
  } catch {
    return undefined;
  }
}

/** DynamoDB rejects a key that is too long or not valid Unicode, so such a value counts as absent. */
export function isUsableKey(value: string): boolean {
  return value.isWellFormed() && Buffer.byteLength(value) <= MAX_KEY_BYTES;
}
