// Reads a synthesized CloudFormation template: its resources by type, and what its intrinsic functions come to here.

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly Metadata?: Readonly<Record<string, unknown>>;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
}

/** What a resource is called here: its `Ref`, and its attributes for `Fn::GetAtt`. */
export interface ResolvedResource {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The template asks for something that the local stack does not do. */
export class UnsupportedTemplateError extends Error {
  override readonly name = 'UnsupportedTemplateError';
}

export function resourcesOf(
  template: Template,
  type: string,
): [logicalId: string, properties: Record<string, unknown>][] {
  return Object.entries(template.Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, resource]) => [id, { ...resource.Properties }]);
}

/** `Sync/Tables/Customers/Resource` → `customers`, `Sync/Ingest/Function/Resource` → `ingest`: the name that the code gives it. */
export function shortName(template: Template, logicalId: string): string {
  const path = String(template.Resources[logicalId]?.Metadata?.['aws:cdk:path'] ?? logicalId);
  return path
    .split('/')
    .filter((part) => part !== 'Resource' && part !== 'Function')
    .at(-1)!
    .toLowerCase();
}

/** The logical IDs that a value refers to, in order. */
export function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('Ref' in value) return [String(value.Ref)];
  if ('Fn::GetAtt' in value) return [String((value['Fn::GetAtt'] as unknown[])[0])];
  return Object.values(value).flatMap(referencesIn);
}

/**
 * Replaces the intrinsic functions in a value.
 *
 * @throws {UnsupportedTemplateError} for a reference to what does not exist here, or a function that is not known
 */
export function resolve(value: unknown, resources: ReadonlyMap<string, ResolvedResource>): unknown {
  if (Array.isArray(value)) return value.map((each) => resolve(each, resources));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [name, argument] = entries.length === 1 ? entries[0]! : ['', undefined];
  if (name === 'Ref') return known(resources, String(argument)).ref;
  if (name === 'Fn::GetAtt') {
    const [id, attribute] = argument as [string, string];
    const found = known(resources, id).attributes[attribute];
    if (found === undefined) throw new UnsupportedTemplateError(`${id} has no attribute ${attribute} here`);
    return found;
  }
  if (name === 'Fn::Join') {
    const [separator, parts] = argument as [string, unknown[]];
    return parts.map((part) => String(resolve(part, resources))).join(separator);
  }
  if (name === 'Fn::Split') {
    const [separator, text] = argument as [string, unknown];
    return String(resolve(text, resources)).split(separator);
  }
  if (name === 'Fn::Select') {
    const [index, list] = argument as [number | string, unknown];
    return (resolve(list, resources) as unknown[])[Number(index)];
  }
  if (name.startsWith('Fn::')) throw new UnsupportedTemplateError(`${name} is not known here`);
  return Object.fromEntries(entries.map(([key, each]) => [key, resolve(each, resources)]));
}

function known(resources: ReadonlyMap<string, ResolvedResource>, id: string): ResolvedResource {
  const found = resources.get(id);
  if (!found) throw new UnsupportedTemplateError(`the template refers to ${id}, which does not exist here`);
  return found;
}
