// Evidence in `invoice` mode: each thing that an event names remembers the others, so a reader finds everything about an invoice.

import type { Entity, Evidence, EvidenceChange } from './change.js';
import { joinEvidence } from './join.js';

/**
 * @param entity what the evidence is about
 * @param named what the event names together with it
 */
export function relate(entity: Entity, evidence: Evidence, named: readonly Entity[]): EvidenceChange[] {
  const about: EvidenceChange = { kind: 'evidence', entity, evidence: withRelated(evidence, named) };
  return [
    about,
    ...named.map((other): EvidenceChange => ({ kind: 'evidence', entity: other, evidence: { related: [entity] } })),
  ];
}

function withRelated(evidence: Evidence, named: readonly Entity[]): Evidence {
  return named.reduce((joined: Evidence, entity) => joinEvidence(joined, { related: [entity] })!, evidence);
}
