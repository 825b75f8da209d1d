// Two changes about the same thing joined into one. The result does not depend on their order or on how often each occurs,
// so a batch can be joined before it is written, and stored evidence can absorb any event at any time.

import type {
  ChargeChange,
  ChargeSnapshot,
  CustomerChange,
  Entity,
  Evidence,
  EvidenceChange,
  LinkChange,
  PartnerClaim,
  RefundShown,
} from './change.js';
import { defined, isNewer, newest, type Stamp } from './event.js';

/** "Failure is final": the newest failed snapshot, otherwise the newest snapshot. */
export function joinSnapshots(
  a: ChargeSnapshot | undefined,
  b: ChargeSnapshot | undefined,
): ChargeSnapshot | undefined {
  const all = [a, b].filter((snapshot) => snapshot !== undefined);
  return newest(all.filter(({ failure }) => failure)) ?? newest(all);
}

export function joinCharges(a: ChargeChange, b: ChargeChange): ChargeChange {
  return defined({
    kind: 'charge' as const,
    charge_id: a.charge_id,
    snapshot: joinSnapshots(a.snapshot, b.snapshot),
    refunds_shown: joinRefundsShown(a.refunds_shown, b.refunds_shown),
    evidence: joinEvidence(a.evidence, b.evidence),
  });
}

export function joinEvidenceChanges(a: EvidenceChange, b: EvidenceChange): EvidenceChange {
  return { ...a, evidence: joinEvidence(a.evidence, b.evidence)! };
}

/** The newest snapshot says who the customer is, the earliest claim who referred it. */
export function joinCustomers(a: CustomerChange, b: CustomerChange): CustomerChange {
  return defined({
    kind: 'customer' as const,
    customer_key: a.customer_key,
    snapshot: newest([a.snapshot, b.snapshot].filter((snapshot) => snapshot !== undefined)),
    partner: earliestClaim(a.partner, b.partner),
    erased: a.erased ?? b.erased,
  });
}

/** The claim with the smallest version; of two renderings of one event the greater. */
export function earliestClaim(a: PartnerClaim | undefined, b: PartnerClaim | undefined): PartnerClaim | undefined {
  if (!a || !b) return a ?? b;
  if (a.version === b.version) return isNewer(b, a) ? b : a;
  return a.version < b.version ? a : b;
}

export function joinLinks(a: LinkChange, b: LinkChange): LinkChange {
  const oldest = isNewer(a.oldest, b.oldest) ? b.oldest : a.oldest;
  return { ...(isNewer(b, a) ? b : a), oldest };
}

export function joinEvidence(a: Evidence | undefined, b: Evidence | undefined): Evidence | undefined {
  if (!a || !b) return a ?? b;
  return defined({
    refunds: joinLists(a.refunds, b.refunds, ({ id }) => id),
    disputes: joinLists(a.disputes, b.disputes, ({ id }) => id),
    refunds_shown: joinRefundsShown(a.refunds_shown, b.refunds_shown),
    refunded: newest([a.refunded, b.refunded].filter((each) => each !== undefined)),
    failed: newest([a.failed, b.failed].filter((each) => each !== undefined)),
    paid: newest([a.paid, b.paid].filter((each) => each !== undefined)),
    claims: joinLists(a.claims, b.claims, ({ version }) => version),
    links: joinLists(a.links, b.links, ({ version, invoice_id }) => `${version}#${invoice_id}`),
    related: joinEntities(a.related, b.related),
  });
}

/** By event, so that the greater rendering of an event replaces the other. */
export function joinRefundsShown(a: readonly RefundShown[] | undefined, b: readonly RefundShown[] | undefined) {
  return joinLists(a, b, ({ version }) => version);
}

/** The newest by ID, sorted by ID. */
function joinLists<T extends Stamp>(
  a: readonly T[] | undefined,
  b: readonly T[] | undefined,
  idOf: (item: T) => string,
): readonly T[] | undefined {
  if (!a || !b) return a ?? b;
  const byId = new Map<string, T>();
  for (const item of [...a, ...b]) {
    const known = byId.get(idOf(item));
    if (!known || isNewer(item, known)) byId.set(idOf(item), item);
  }
  return [...byId].sort(([x], [y]) => compare(x, y)).map(([, item]) => item);
}

function joinEntities(
  a: readonly Entity[] | undefined,
  b: readonly Entity[] | undefined,
): readonly Entity[] | undefined {
  if (!a || !b) return a ?? b;
  const byText = new Map([...a, ...b].map((entity) => [entityText(entity), entity]));
  return [...byText].sort(([x], [y]) => compare(x, y)).map(([, entity]) => entity);
}

export function entityText({ type, id }: Entity): string {
  return `${type}#${id}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
