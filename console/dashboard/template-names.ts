// References in the template, resolved for the dashboard.

import type { ResolvedResource } from '../../local/template.js';

export type ResourceNames = ReadonlyMap<string, ResolvedResource>;

/** A resource that does not exist locally goes by its logical ID. */
export function withLogicalIds(resources: ResourceNames): ResourceNames {
  const attributesOf = (id: string) => new Proxy({}, { get: (_, name) => `${id}.${String(name)}` });
  return { get: (id: string) => resources.get(id) ?? { ref: id, attributes: attributesOf(id) } } as ResourceNames;
}
