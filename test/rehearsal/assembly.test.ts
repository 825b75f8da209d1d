// What the rehearsal takes out of the template is named, and what stays refers to nothing that is gone.

import { describe, expect, test } from '@jest/globals';
import { synthesizeTemplate } from '../support/stack/template.js';
import { adaptTemplate, standInFor, type Template } from './assembly.js';

const template = synthesizeTemplate({ retainData: false, quietHours: 24 }) as Template;

/** Of the template, the resources that are in the adapted one. */
const pick = ({ Resources }: Template, adapted: Template) =>
  Object.fromEntries(Object.entries(Resources).filter(([id]) => id in adapted.Resources));

describe('a template adapted to the emulator', () => {
  test('leaves out the resources that the emulator cannot create, and lists them', () => {
    const { template: adapted, adaptations } = adaptTemplate(template);
    const gone = Object.keys(template.Resources).filter((id) => !(id in adapted.Resources));
    const named = adaptations.filter(({ what }) => what.startsWith('not deployed'));
    expect(named.map(({ type }) => type).sort()).toEqual(gone.map((id) => template.Resources[id]!.Type).sort());
    expect(new Set(named.map(({ name }) => name)).size).toBe(gone.length);
    expect(named.map(({ name }) => name)).toContain('Sync/Alarms/Refused');
  });
  test('keeps every function, table, queue, secret, permission and role', () => {
    const { template: adapted } = adaptTemplate(template);
    const count = ({ Resources }: Template, type: string) =>
      Object.values(Resources).filter(({ Type }) => Type === type).length;
    for (const type of ['Lambda::Function', 'DynamoDB::Table', 'SQS::Queue', 'SecretsManager::Secret', 'IAM::Policy']) {
      expect(count(template, `AWS::${type}`)).toBeGreaterThan(0);
      expect(count(adapted, `AWS::${type}`)).toBe(count(template, `AWS::${type}`));
    }
  });
  test('allows no more than the template, apart from the batch form of what it allows', () => {
    const actions = ({ Resources }: Template) =>
      JSON.stringify(Object.values(Resources).map(({ Properties }) => Properties?.PolicyDocument)).match(
        /"Action":(\[[^\]]*\]|"[^"]*")/g,
      );
    const { template: adapted } = adaptTemplate(template);
    const found = actions(adapted)!.map((action) =>
      action.replace('["sqs:SendMessage","sqs:SendMessageBatch"]', '"sqs:SendMessage"'),
    );
    expect(found).not.toEqual(actions(adapted));
    expect(found).toEqual(actions({ Resources: pick(template, adapted) }));
  });
  test('has an ordinary bus and rule in place of those of a partner event source, and names both', () => {
    const source = 'aws.partner/stripe.com/ed_1';
    const { template: adapted, adaptations } = adaptTemplate(
      synthesizeTemplate({ retainData: false, eventBridgeSource: source }) as Template,
    );
    const [bus] = Object.values(adapted.Resources).filter(({ Type }) => Type === 'AWS::Events::EventBus');
    expect(bus!.Properties).toMatchObject({ Name: source });
    expect(bus!.Properties).not.toHaveProperty('EventSourceName');
    const patterns = Object.values(adapted.Resources).flatMap(({ Properties }) => Properties?.EventPattern ?? []);
    expect(patterns).toEqual([expect.objectContaining({ source: [standInFor(source)] })]);
    expect(adaptations.filter(({ what }) => what.includes('partner')).map(({ name }) => name)).toEqual([
      'Sync/EventBridge/Bus',
      'Sync/EventBridge/Rule',
    ]);
  });
  test('fails if a reference to a removed resource is left', () => {
    const dangling = {
      Resources: {
        Group: { Type: 'AWS::CodeDeploy::DeploymentGroup' },
        Topic: { Type: 'AWS::SNS::Topic', Properties: { DisplayName: { Ref: 'Group' } } },
      },
    };
    expect(() => adaptTemplate(dangling)).toThrow('still referred to, but not deployed: Group');
  });
  test('lists an output that is removed too', () => {
    const { template: adapted, adaptations } = adaptTemplate({
      Resources: { Group: { Type: 'AWS::CodeDeploy::DeploymentGroup' } },
      Outputs: { Name: { Value: { Ref: 'Group' } } },
    });
    expect(adapted.Outputs).toEqual({});
    expect(adaptations).toContainEqual({
      type: 'output',
      name: 'Name',
      what: 'taken out: it names a resource that is not deployed',
    });
  });
});
