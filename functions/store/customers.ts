// Rows of `customers`: the newest snapshot says who a customer is, the earliest claim who referred it.

import type { CustomerChange, CustomerSnapshot, PartnerClaim } from '../domain/change.js';
import { defined, isNewer } from '../domain/event.js';
import { earliestClaim } from '../domain/join.js';
import { customerKey } from './keys.js';
import { type Item, type StoreContext, updateItem } from './requests.js';

/** A row as it is stored. */
interface StoredCustomer extends Partial<CustomerSnapshot> {
  readonly customer_key: string;
  readonly partner_key?: string;
  readonly partner_version?: string;
  readonly _api_version?: string;
  readonly _partner_api_version?: string;
  /** The customer's name and email are never stored again. */
  readonly _erased?: true;
}

/**
 * Makes the customer exist and brings it up to date.
 *
 * @param known the row as it was read; it may be out of date
 * @returns whether the row changed
 */
export async function writeCustomer(
  context: StoreContext,
  change: CustomerChange,
  known: Item | undefined,
): Promise<boolean> {
  const at = customerKey(context.tables, change.customer_key);
  const { written } = await updateItem(context, at, known, (current) =>
    nextRow(current as StoredCustomer | undefined, change),
  );
  return written;
}

/** @returns the row with what is new in the change, or undefined if nothing is */
function nextRow(row: StoredCustomer | undefined, change: CustomerChange): Item | undefined {
  const snapshot = newerSnapshot(row, change.snapshot);
  const partner = earlierPartner(row, change.partner);
  const isErased = row?._erased ?? change.erased;
  if (row && !snapshot && !partner && isErased === row._erased) return undefined;
  const { name, email, ...rest } = { ...row, customer_key: change.customer_key, ...snapshot, ...partner };
  return defined({ ...rest, ...(isErased ? {} : { name, email }), _erased: isErased });
}

function newerSnapshot(row: StoredCustomer | undefined, snapshot: CustomerSnapshot | undefined) {
  if (!snapshot) return undefined;
  const known = row?.version === undefined ? undefined : stampOf(row.version, row._api_version);
  if (known && !isNewer(snapshot, known)) return undefined;
  const { api_version, ...attributes } = snapshot;
  // What the newest snapshot lacks is removed.
  return { name: undefined, email: undefined, ...attributes, _api_version: api_version };
}

function earlierPartner(row: StoredCustomer | undefined, partner: PartnerClaim | undefined) {
  if (!partner) return undefined;
  const known =
    row?.partner_version === undefined
      ? undefined
      : { partner_key: row.partner_key!, ...stampOf(row.partner_version, row._partner_api_version) };
  if (earliestClaim(known, partner) !== partner) return undefined;
  const { partner_key, version, api_version } = partner;
  return { partner_key, partner_version: version, _partner_api_version: api_version };
}

function stampOf(version: string, apiVersion: string | undefined) {
  return { version, ...(apiVersion === undefined ? {} : { api_version: apiVersion }) };
}
