// Joins: the order, the grouping and the number of facts do not matter.

import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ChargeSnapshot, Evidence, LinkChange, PartnerClaim } from '../../functions/domain/change.js';
import { isNewer, newest } from '../../functions/domain/event.js';
import {
  earliestClaim,
  joinCharges,
  joinCustomers,
  joinEvidence,
  joinEvidenceChanges,
  joinLinks,
  joinSnapshots,
} from '../../functions/domain/join.js';
import { rule } from '../support/rule.js';

/** What a stamp says depends on the stamp alone, as one rendering of one event always says the same. */
const stamp = fc.record({
  version: fc.constantFrom('1', '2', '3'),
  api_version: fc.constantFrom(undefined, '2020', '2025'),
});
type StampOf = { version: string; api_version: string | undefined };
const text = ({ version, api_version }: StampOf) => `${version}/${api_version}`;
const clean = <T extends object>(object: T): T =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
const number = (each: StampOf) => Number(each.version) * 100 + Number(each.api_version ?? 0);
const sourceOf = (each: StampOf) => clean({ ...each, event_id: `evt_${each.version}`, event_type: text(each) });

const snapshot = stamp.map(
  (each): ChargeSnapshot =>
    clean({
      ...sourceOf(each),
      amount: number(each),
      shown: 0,
      livemode: false,
      // Whether a snapshot says failed depends on its event, too.
      failure: each.version === '2' ? ('failed' as const) : undefined,
    }) as ChargeSnapshot,
);
const entity = fc.record(
  {
    type: fc.constantFrom('charge' as const, 'payment_intent' as const, 'invoice' as const),
    id: fc.constantFrom('1', '2', '#'),
  },
  { noNullPrototype: true },
);
const listOf = <T extends object>(item: (id: string, each: StampOf) => T, idOf: (made: T) => string) =>
  fc
    .uniqueArray(
      fc.tuple(fc.constantFrom('a', 'b', 'c'), stamp).map(([id, each]) => item(id, each)),
      {
        selector: idOf,
      },
    )
    .map((list) => list.sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1)));
const byId = listOf(
  (id, each) => ({ ...sourceOf(each), id, amount: number(each), created: 1, status: text(each) }),
  ({ id }) => id,
);
const byVersion = listOf(
  (_, each) =>
    clean({ ...each, payments: [{ type: 'charge' as const, id: text(each) }], shows: number(each) % 2 === 0 }),
  ({ version }) => version,
);
const evidence = fc
  .record(
    {
      refunds: byId,
      disputes: byId,
      refunds_shown: byVersion,
      refunded: snapshot,
      failed: stamp.map(sourceOf),
      paid: snapshot,
      claims: byVersion,
      related: fc
        .uniqueArray(entity, { selector: ({ type, id }) => `${type}#${id}` })
        .map((list) => list.sort((a, b) => (`${a.type}#${a.id}` < `${b.type}#${b.id}` ? -1 : 1))),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  .map((each) => each as unknown as Evidence);
const partner = stamp.map((each): PartnerClaim => clean({ ...each, partner_key: text(each) }) as PartnerClaim);
const link = stamp.map((each): LinkChange => {
  const own = clean({ ...each }) as { version: string };
  return { kind: 'link', stripe_customer_id: 'cus_a', customer_key: text(each), ...own, oldest: own };
});
const charge = fc
  .record({ snapshot, refunds_shown: byVersion, evidence }, { requiredKeys: [], noNullPrototype: true })
  .map((each) => ({ kind: 'charge' as const, charge_id: 'ch_1', ...each }));
const customer = fc
  .record(
    {
      snapshot: stamp.map((each) => clean({ ...each, stripe_customer_id: text(each), livemode: false })),
      partner,
      erased: fc.constant(true as const),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  .map((each) => ({ kind: 'customer' as const, customer_key: 'acme', ...each }));
const ofInvoice = evidence.map((each) => ({
  kind: 'evidence' as const,
  entity: { type: 'charge' as const, id: 'ch_1' },
  evidence: each,
}));

function laws<T>(name: string, facts: fc.Arbitrary<T>, join: (a: T, b: T) => T | undefined) {
  test(`${name}: a join commutes, is associative and idempotent`, () => {
    // The order of an object's names does not matter, the order of a list does. Jest's own comparison is slower.
    const same = (a: T | undefined, b: T | undefined) => {
      if (!isDeepStrictEqual(a, b)) expect(a).toStrictEqual(b);
    };
    fc.assert(
      fc.property(facts, facts, facts, (a, b, c) => {
        same(join(a, b), join(b, a));
        same(join(join(a, b)!, c), join(a, join(b, c)!));
        same(join(a, a), a);
        same(join(join(a, b)!, a), join(a, b));
      }),
      { numRuns: 150 },
    );
  });
}

describe('joins lose nothing', () => {
  laws('evidence', evidence, joinEvidence);
  laws('snapshots of a charge', snapshot, joinSnapshots);
  laws('changes of a charge', charge, joinCharges);
  laws('changes of evidence', ofInvoice, joinEvidenceChanges);
  laws('changes of a customer', customer, joinCustomers);
  laws('partner claims', partner, earliestClaim);
  laws('links', link, joinLinks);

  test('a join loses nothing', () => {
    fc.assert(
      fc.property(evidence, evidence, (a, b) => {
        const joined = joinEvidence(a, b)!;
        for (const name of new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof Evidence>)
          expect(joined[name]).toBeDefined();
        const ids = (each: Evidence) => (each.refunds ?? []).map(({ id }) => id);
        expect(new Set(ids(joined))).toEqual(new Set([...ids(a), ...ids(b)]));
        const related = (each: Evidence) => (each.related ?? []).map(({ type, id }) => `${type}#${id}`);
        expect(new Set(related(joined))).toEqual(new Set([...related(a), ...related(b)]));
      }),
    );
  });
  test('a field that one side lacks comes from the other side', () => {
    const one = { refunds: [] };
    expect([joinEvidence(one, undefined), joinEvidence(undefined, one), joinEvidence(undefined, undefined)]).toEqual([
      one,
      one,
      undefined,
    ]);
    expect(joinSnapshots(undefined, undefined)).toBeUndefined();
  });
});

describe('which of two facts wins', () => {
  test(
    rule('Then the one with the greater `api_version` counts, compared as strings; an absent one is the smallest.'),
    () => {
      const at = (version: string, api_version?: string) => clean({ version, api_version }) as { version: string };
      expect(isNewer(at('1', '2025-03-31'), at('1', '2024-06-20'))).toBe(true);
      expect(isNewer(at('1', '2024-06-20'), at('1', '2025-03-31'))).toBe(false);
      expect(isNewer(at('1', '2010-01-01'), at('1'))).toBe(true);
      expect(isNewer(at('1'), at('1', '2010-01-01'))).toBe(false);
      expect(isNewer(at('1'), at('1'))).toBe(false);
      expect(isNewer(at('2'), at('1', '2025-03-31'))).toBe(true);
      expect(newest([at('1', 'b'), at('2', 'a'), at('2', 'b'), at('2')])).toEqual(at('2', 'b'));
      expect(newest([])).toBeUndefined();
    },
  );
  test(rule('`partner_key` of K comes from the *earliest* event (smallest `version`)'), () => {
    const claim = (version: string, api_version?: string) =>
      clean({ version, api_version, partner_key: `p${version}${api_version ?? ''}` }) as PartnerClaim;
    expect(earliestClaim(claim('2'), claim('1'))).toEqual(claim('1'));
    expect(earliestClaim(claim('1'), claim('2', '2025'))).toEqual(claim('1'));
  });
  test(rule('two renderings of one event follow the rule above as well: the greater `api_version` counts'), () => {
    const claim = (api_version?: string) =>
      clean({ version: '1', api_version, partner_key: `p${api_version}` }) as PartnerClaim;
    expect(earliestClaim(claim('2025'), claim('2024'))).toEqual(claim('2025'));
    expect(earliestClaim(claim('2024'), claim('2025'))).toEqual(claim('2025'));
    expect(earliestClaim(claim(), claim('2024'))).toEqual(claim('2024'));
  });
  test('a link remembers its newest event and the oldest that was merged into it', () => {
    const made = (version: string): LinkChange => ({
      kind: 'link',
      stripe_customer_id: 'cus_a',
      customer_key: `k${version}`,
      version,
      oldest: { version },
    });
    expect(joinLinks(joinLinks(made('2'), made('3')), made('1'))).toEqual({ ...made('3'), oldest: { version: '1' } });
  });
});
