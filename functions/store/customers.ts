// Rows of `customers`: the newest snapshot tells who a customer is, the earliest claim who referred it.

import type { CustomerChange } from '../domain/change.js';
import { type Connection, type Item, keyText, readItems, updateIf } from './connection.js';

/** The attributes that a snapshot sets, or removes where it lacks them. */
const SNAPSHOT_ATTRIBUTES = ['stripe_customer_id', 'name', 'email', 'livemode', 'version'] as const;

export function customerKeyOf(connection: Connection, customerKey: string) {
  return { table: connection.tables.customers, key: { customer_key: customerKey } };
}

/**
 * Makes the customer exist and brings it up to date.
 *
 * @param known the row as it was read, to spare writes that would change nothing
 * @returns whether anything was news
 */
export async function writeCustomer(
  connection: Connection,
  change: CustomerChange,
  known: Item | undefined,
): Promise<boolean> {
  const { table, key } = customerKeyOf(connection, change.customer_key);
  for (let row = known, written = false; ; ) {
    const update = customerUpdate(change, row);
    if (!update) return written;
    written = await updateIf(connection, { TableName: table, Key: key, ...update });
    if (written) return true;
    // Another worker was here since the row was read: see what is still news.
    row = (await readItems(connection, [{ table, key }])).get(keyText(table, key));
  }
}

function customerUpdate(change: CustomerChange, row: Item | undefined) {
  const { snapshot, partner } = change;
  const set: string[] = [];
  const remove: string[] = [];
  const conditions: string[] = [];
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  if (snapshot && !(row?.version && String(row.version) >= snapshot.version)) {
    for (const name of SNAPSHOT_ATTRIBUTES) {
      names[`#${name}`] = name;
      if (snapshot[name] === undefined) remove.push(`#${name}`);
      else {
        set.push(`#${name} = :${name}`);
        values[`:${name}`] = snapshot[name];
      }
    }
    conditions.push('(attribute_not_exists(#version) OR #version < :version)');
  }
  if (partner && !(row?.partner_version && String(row.partner_version) <= partner.version)) {
    set.push('partner_key = :partner_key', 'partner_version = :partner_version');
    values[':partner_key'] = partner.partner_key;
    values[':partner_version'] = partner.version;
    conditions.push('(attribute_not_exists(partner_version) OR partner_version > :partner_version)');
  }
  if (set.length === 0) return row ? undefined : { ConditionExpression: 'attribute_not_exists(customer_key)' };
  return {
    UpdateExpression: `SET ${set.join(', ')}${remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : ''}`,
    ConditionExpression: conditions.join(' AND '),
    ...(snapshot && Object.keys(names).length > 0 ? { ExpressionAttributeNames: names } : {}),
    ExpressionAttributeValues: values,
  };
}
