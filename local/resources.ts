// Creates the template's tables, queues and secrets here, and keeps what each of them is called.

import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { type Aws, arn } from './aws.js';
import { createTable } from './tables.js';
import { type ResolvedResource, resolve, resourcesOf, shortName, type Template } from './template.js';

/** What the template's resources are called here, by their logical IDs. */
export type Resources = Map<string, ResolvedResource>;

export async function createResources(template: Template, aws: Aws): Promise<Resources> {
  const resources: Resources = new Map();
  for (const [id, properties] of resourcesOf(template, 'AWS::DynamoDB::Table')) {
    const name = shortName(template, id);
    await createTable(aws.dynamodb, name, properties);
    resources.set(id, { ref: name, attributes: { Arn: arn('dynamodb', `table/${name}`) } });
  }
  await createQueues(template, aws, resources);
  for (const [id] of resourcesOf(template, 'AWS::SecretsManager::Secret'))
    resources.set(id, { ref: arn('secretsmanager', `secret:${shortName(template, id)}`), attributes: {} });
  return resources;
}

/** May be repeated: a queue that exists stays as it is. */
export async function createQueues(template: Template, { sqs, sqsEndpoint }: Aws, resources: Resources): Promise<void> {
  const queues = resourcesOf(template, 'AWS::SQS::Queue');
  // A dead-letter queue before the queue that names it.
  queues.sort(([, a], [, b]) => Number('RedrivePolicy' in a) - Number('RedrivePolicy' in b));
  for (const [id, properties] of queues) {
    const name = shortName(template, id);
    const resolved = resolve(properties, resources) as Record<string, unknown>;
    const attributes: Record<string, string> = {};
    for (const attribute of ['VisibilityTimeout', 'MessageRetentionPeriod', 'DelaySeconds']) {
      if (resolved[attribute] !== undefined) attributes[attribute] = String(resolved[attribute]);
    }
    if (resolved.RedrivePolicy) attributes.RedrivePolicy = JSON.stringify(resolved.RedrivePolicy);
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
    // The emulator may name itself by a host that not every machine can look up.
    const ref = new URL(new URL(QueueUrl!).pathname, sqsEndpoint).href;
    resources.set(id, { ref, attributes: { Arn: Attributes!.QueueArn!, QueueName: name } });
  }
}

/** @param queueArn as `createQueues` resolved it */
export function queueUrlOf(resources: Resources, queueArn: unknown): string {
  return [...resources.values()].find(({ attributes }) => attributes.Arn === queueArn)!.ref;
}

/** What the template says each secret holds at first, by its ARN. */
export function initialSecrets(template: Template, resources: Resources): ReadonlyMap<string, string> {
  return new Map(
    resourcesOf(template, 'AWS::SecretsManager::Secret').map(([id, { GenerateSecretString }]) => {
      const { SecretStringTemplate = '{}' } = (GenerateSecretString ?? {}) as { SecretStringTemplate?: string };
      return [resources.get(id)!.ref, SecretStringTemplate];
    }),
  );
}

export async function hasNoRows(template: Template, { dynamodb }: Aws, resources: Resources): Promise<boolean> {
  const tables = resourcesOf(template, 'AWS::DynamoDB::Table').map(([id]) => resources.get(id)!.ref);
  const counts = await Promise.all(
    tables.map((TableName) => dynamodb.send(new ScanCommand({ TableName, Limit: 1, Select: 'COUNT' }))),
  );
  return counts.every(({ Count }) => Count === 0);
}
