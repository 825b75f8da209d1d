// Takes out of a copy of CDK's cloud assembly what the emulator cannot deploy, and says what that was.

import { createHash } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
  readonly UpdatePolicy?: unknown;
  readonly Metadata?: { readonly 'aws:cdk:path'?: string };
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
}

/** A difference between the template and what is deployed of it. */
export interface Adaptation {
  readonly type: string;
  /** The construct's path, as in `Sync/Alarms/Refused`. */
  readonly name: string;
  readonly what: string;
}

/** What MiniStack 1.5.33 does not create. @returns the reason, or undefined if it can create the resource */
function unsupported({ Type, Properties }: Resource): string | undefined {
  if (Type.startsWith('AWS::CodeDeploy::')) return 'not deployed: the emulator has no CodeDeploy';
  if (Type === 'AWS::Logs::QueryDefinition') return 'not deployed: the emulator has no saved queries';
  if (Type === 'AWS::CloudWatch::Alarm' && Properties?.Metrics !== undefined)
    return 'not deployed: the emulator has no alarms on metric math';
  return undefined;
}

/**
 * Adapts a template to the emulator.
 *
 * @throws if something that stays refers to something that was taken out: then the emulator would deploy a different stack
 */
export function adaptTemplate(template: Template): { template: Template; adaptations: Adaptation[] } {
  const adaptations: Adaptation[] = [];
  const note = (id: string, resource: Resource, what: string) =>
    adaptations.push({ type: resource.Type, name: nameOf(id, resource), what });
  const kept: Record<string, Resource> = {};
  for (const [id, resource] of Object.entries(template.Resources)) {
    const reason = unsupported(resource);
    if (reason) note(id, resource, reason);
    else kept[id] = resource;
  }
  const secrets = new Set(Object.keys(kept).filter((id) => kept[id]!.Type === 'AWS::SecretsManager::Secret'));
  // On AWS, `Ref` of a secret is its ARN. The emulator gives its name, which no policy on an ARN allows.
  for (const id of secrets)
    note(
      id,
      kept[id]!,
      'referred to by Fn::GetAtt Id instead of Ref: the emulator gives a name where AWS gives the ARN',
    );
  for (const [id, { UpdatePolicy, ...resource }] of Object.entries(kept)) {
    if (UpdatePolicy === undefined) continue;
    note(id, resource, 'moves to a new version immediately: its update policy needs CodeDeploy');
    kept[id] = resource;
  }
  const dependable = (id: string) => id in kept || !(id in template.Resources);
  for (const [id, resource] of Object.entries(kept)) {
    if (resource.Type !== 'AWS::CloudWatch::Dashboard' || references(resource).every(dependable)) continue;
    note(id, resource, 'its widget of alarms names those that are not deployed by an invented ARN');
    kept[id] = inventedArns(resource, dependable) as Resource;
  }
  for (const [id, resource] of Object.entries(kept)) {
    const batches = withSendMessageBatch(resource);
    if (JSON.stringify(batches) === JSON.stringify(resource)) continue;
    note(id, resource, 'allows sqs:SendMessageBatch in addition to sqs:SendMessage: AWS checks the latter for both');
    kept[id] = batches;
  }
  for (const [id, resource] of Object.entries(kept)) {
    const ordinary = withoutPartnerSource(resource);
    if (ordinary === resource) continue;
    note(
      id,
      resource,
      `of ${STAND_IN}… instead of ${PARTNER}…, and a rule without tags: the emulator has no partner event sources, and tags no rule on a bus whose name has slashes`,
    );
    kept[id] = ordinary;
  }
  const adapted = mapObject(kept, (resource) => {
    const { DependsOn, ...rest } = resource;
    const dependencies = [DependsOn ?? []].flat().filter(dependable);
    return arnsOfSecrets(dependencies.length > 0 ? { ...rest, DependsOn: dependencies } : rest, secrets) as Resource;
  });
  const outputs = Object.entries(template.Outputs ?? {});
  const lost = outputs.filter(([, { Value }]) => references(Value).some((id) => !dependable(id)));
  for (const [name] of lost)
    adaptations.push({ type: 'output', name, what: 'taken out: it names a resource that is not deployed' });
  const Outputs = arnsOfSecrets(Object.fromEntries(outputs.filter((each) => !lost.includes(each))), secrets);
  const dangling = references(adapted).filter((id) => !dependable(id));
  if (dangling.length > 0) throw new Error(`still referred to, but not deployed: ${dangling.join(', ')}`);
  return {
    template: { ...template, Resources: adapted, Outputs: Outputs as NonNullable<Template['Outputs']> },
    adaptations,
  };
}

/**
 * A resource whose creation fails, after all others. The emulator's CloudFormation deletes a table whether it is protected or not, so
 * here it keeps the tables: DynamoDB itself, which refuses to delete a protected table, can then be asked.
 */
export function withFailingResource(template: Template): Template {
  const Failing = {
    Type: 'Custom::Failing',
    Properties: { ServiceToken: 'arn:aws:lambda:us-east-1:000000000000:function:does-not-exist' },
    DependsOn: Object.keys(template.Resources),
  };
  const kept = mapObject(template.Resources, (resource) =>
    resource.Type === 'AWS::DynamoDB::Table' ? { ...resource, DeletionPolicy: 'Retain' } : resource,
  );
  return { ...template, Resources: { ...kept, Failing } };
}

/** Adapts a copy of an assembly of one stack. @returns what was adapted */
export function adaptAssembly(
  from: string,
  to: string,
  stackName: string,
  change: (template: Template) => Template = (template) => template,
): Adaptation[] {
  cpSync(from, to, { recursive: true });
  const templateName = `${stackName}.template.json`;
  const templateFile = join(to, templateName);
  const { template, adaptations } = adaptTemplate(JSON.parse(readFileSync(templateFile, 'utf8')));
  const text = JSON.stringify(change(template), null, 1);
  writeFileSync(templateFile, text);
  // CDK uploads the template under the hash of its content and deploys the upload: with the old hash it might find an older one.
  const assets = JSON.parse(readFileSync(join(to, `${stackName}.assets.json`), 'utf8'));
  const files = Object.entries(assets.files as Record<string, { source: { path: string } }>);
  const [oldHash] = files.find(([, { source }]) => source.path === templateName)!;
  const newHash = createHash('sha256').update(text).digest('hex');
  for (const name of [`${stackName}.assets.json`, 'manifest.json']) {
    const file = join(to, name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(oldHash, newHash));
  }
  return adaptations;
}

function nameOf(id: string, { Metadata }: Resource): string {
  const path = Metadata?.['aws:cdk:path'] ?? id;
  return (
    path
      .split('/')
      .slice(1)
      .join('/')
      .replace(/\/Resource$/, '') || path
  );
}

function mapObject<T, U>(object: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

function arnsOfSecrets(value: unknown, secrets: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((each) => arnsOfSecrets(each, secrets));
  if (typeof value !== 'object' || value === null) return value;
  if ('Ref' in value && secrets.has(String(value.Ref))) return { 'Fn::GetAtt': [value.Ref, 'Id'] };
  return mapObject(value as Record<string, unknown>, (each) => arnsOfSecrets(each, secrets));
}

function withSendMessageBatch(resource: Resource): Resource {
  if (resource.Type !== 'AWS::IAM::Policy') return resource;
  const document = resource.Properties?.PolicyDocument as { Statement: { Action: string | string[] }[] };
  const Statement = document.Statement.map((statement) => {
    const actions = [statement.Action].flat();
    return actions.includes('sqs:SendMessage')
      ? { ...statement, Action: [...actions, 'sqs:SendMessageBatch'] }
      : statement;
  });
  return { ...resource, Properties: { ...resource.Properties, PolicyDocument: { ...document, Statement } } };
}

const PARTNER = 'aws.partner/';
/** Nobody but AWS and its partners may put events whose source begins with `aws.`; the emulator has no partners. */
const STAND_IN = 'rehearsal.partner/';

/** The source under which an event can be put on the bus of a partner event source here. */
export function standInFor(source: string): string {
  return source.replace(PARTNER, STAND_IN);
}

function withoutPartnerSource(resource: Resource): Resource {
  const { Type, Properties = {} } = resource;
  if (Type === 'AWS::Events::EventBus' && Properties.EventSourceName !== undefined) {
    const { EventSourceName, ...others } = Properties;
    return { ...resource, Properties: others };
  }
  const pattern = Properties.EventPattern as { readonly source?: readonly string[] } | undefined;
  if (Type !== 'AWS::Events::Rule' || !pattern?.source?.some((each) => each.startsWith(PARTNER))) return resource;
  const { Tags, ...others } = Properties;
  return {
    ...resource,
    Properties: { ...others, EventPattern: { ...pattern, source: pattern.source.map(standInFor) } },
  };
}

function inventedArns(value: unknown, exists: (id: string) => boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => inventedArns(each, exists));
  if (typeof value !== 'object' || value === null) return value;
  const [id] = 'Ref' in value || 'Fn::GetAtt' in value ? references(value) : [];
  if (id !== undefined && !exists(id)) return `arn:aws:cloudwatch:us-east-1:000000000000:alarm:${id}`;
  return mapObject(value as Record<string, unknown>, (each) => inventedArns(each, exists));
}

/** The logical ids that `Ref` and `Fn::GetAtt` name. */
function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  if ('Ref' in value) return [String(value.Ref)];
  if ('Fn::GetAtt' in value) return [String([value['Fn::GetAtt']].flat()[0])];
  return Object.values(value).flatMap(references);
}
