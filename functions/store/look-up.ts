// What the tools and the console read of `links`.

import type { Entity } from '../domain/change.js';
import type { Stamp } from '../domain/event.js';
import type { CustomerLink } from '../domain/row.js';
import { dependentsOf, evidenceKey, keyOfLinksItem, linkKey, transactionsOfDependent } from './keys.js';
import { linkOf } from './links.js';

export { readEvidence } from './evidence.js';

import { type ItemKey, readItem, readPartition, type StoreContext } from './requests.js';

/** Which `customer_key` a Stripe customer has, or undefined if it is not linked. */
export async function readLink(
  context: StoreContext,
  stripeCustomerId: string,
): Promise<(CustomerLink & Stamp) | undefined> {
  return linkOf(await readItem(context, linkKey(context.tables, stripeCustomerId)));
}

/** The IDs of the transactions that take their `customer_key` from a Stripe customer's link, a page at a time. */
export async function* readDependents(context: StoreContext, stripeCustomerId: string): AsyncGenerator<string[]> {
  const { pk, prefix } = dependentsOf(stripeCustomerId);
  for await (const page of readPartition(context, pk, prefix)) {
    yield page.flatMap(({ sk }) => transactionsOfDependent(String(sk)));
  }
}

/** Every item of `links` about a Stripe customer and these entities: what a trial run has to remove again. */
export async function keysAbout(
  context: StoreContext,
  stripeCustomerId: string,
  entities: readonly Entity[],
): Promise<ItemKey[]> {
  const keys = [linkKey(context.tables, stripeCustomerId)];
  const { pk, prefix } = dependentsOf(stripeCustomerId);
  for await (const page of readPartition(context, pk, prefix))
    keys.push(...page.map((item) => keyOfLinksItem(context.tables, item)));
  return [...keys, ...entities.map((entity) => evidenceKey(context.tables, entity))];
}
