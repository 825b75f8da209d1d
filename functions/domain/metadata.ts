// customer_key, partner_key and product_key, as they stand in an object's metadata.

import { defined, isObject } from './event.js';

/** What the metadata says, and what in it could not be used (codes, to be counted). */
export interface Keys {
  readonly customer_key?: string;
  readonly partner_key?: string;
  readonly product_key?: string;
  readonly oddities: readonly MetadataOddity[];
}

type KeyName = 'customer_key' | 'partner_key' | 'product_key';

export type MetadataOddity = `${KeyName}_unusable` | 'gspk_undecodable';

/** DynamoDB's limit for a partition key, of a table or of an index, in bytes of UTF-8. */
const MAX_KEY_BYTES = 2048;

/**
 * Reads the keys from metadata in order of precedence: a key is taken from the first that has it.
 * Metadata that is absent, null or not an object is empty.
 */
export function readKeys(...sources: readonly unknown[]): Keys {
  const oddities: MetadataOddity[] = [];
  const found: { [name in KeyName]?: string | undefined } = {};
  for (const source of sources) {
    if (!isObject(source)) continue;
    found.customer_key ??= readValue(source, 'customer_key', oddities);
    found.product_key ??= readValue(source, 'product_key', oddities);
    found.partner_key ??= readValue(source, 'partner_key', oddities) ?? readGspk(source, oddities);
  }
  return { ...defined(found), oddities };
}

/** "A value is used as it stands after trimming white space; an empty one counts as absent." */
function readValue(
  metadata: Readonly<Record<string, unknown>>,
  name: KeyName,
  oddities: MetadataOddity[],
): string | undefined {
  const value = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || !isUsable(value.trim())) {
    oddities.push(`${name}_unusable`);
    return undefined;
  }
  return value.trim() || undefined;
}

/** "`gspk` (a base64 partner key, as the referral link carries it) stands in for an absent `partner_key`." */
function readGspk(metadata: Readonly<Record<string, unknown>>, oddities: MetadataOddity[]): string | undefined {
  const value = Object.hasOwn(metadata, 'gspk') ? metadata.gspk : undefined;
  if (value === undefined || value === null || (typeof value === 'string' && value.trim() === '')) return undefined;
  const decoded = typeof value === 'string' ? decodeBase64(value.trim()) : undefined;
  if (decoded === undefined || !isUsable(decoded)) {
    oddities.push('gspk_undecodable');
    return undefined;
  }
  return decoded || undefined;
}

/** Base64 or base64url, padded or not, of UTF-8 text; undefined where it is neither. */
function decodeBase64(text: string): string | undefined {
  const unpadded = text.replace(/={1,2}$/, '');
  const padding = text.length - unpadded.length;
  if (!/^[A-Za-z0-9+/_-]+$/.test(unpadded) || unpadded.length % 4 === 1) return undefined;
  if (padding > 0 && text.length % 4 !== 0) return undefined;
  try {
    // Node's decoder takes both alphabets; only the UTF-8 has still to be checked.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(unpadded, 'base64')).trim();
  } catch {
    return undefined;
  }
}

/** A value longer than an index key may be, or with half a surrogate pair, would fail the write: it counts as absent. */
function isUsable(value: string): boolean {
  return value.isWellFormed() && Buffer.byteLength(value) <= MAX_KEY_BYTES;
}
