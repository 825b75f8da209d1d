// Stages do not see each other: two constructs in one stack, and two stacks in one account, share no name.

import { describe, expect, test } from '@jest/globals';
import { App, NestedStack, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import { qualifiedName } from '../../lib/qualified-name.js';
import { StripePartnerSyncStack } from '../../lib/stack.js';
import { StripePartnerSync } from '../../lib/stripe-partner-sync.js';
import { resourcesOf, type Template as SynthesizedTemplate } from '../../local/template.js';
import { PRODUCTION_PROPS } from '../support/stack/template.js';

/** Every name in a stack by which CloudWatch knows something, with each construct's resources distinguished by their logical ids. */
function names(template: SynthesizedTemplate, construct: string): string[] {
  const of = (type: string) => resourcesOf(template, type).filter(([id]) => id.startsWith(construct));
  const values = (type: string, property: string) => of(type).map(([, properties]) => String(properties[property]));
  const metrics = of('AWS::CloudWatch::Alarm').flatMap(([, alarm]) => {
    const queries = (alarm.Metrics as { MetricStat?: { Metric: Record<string, unknown> } }[] | undefined) ?? [];
    return [alarm, ...queries.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : []))];
  });
  const own = metrics.filter(({ Namespace }) => Namespace && !String(Namespace).startsWith('AWS/'));
  expect(own.length).toBeGreaterThan(5);
  const functions = of('AWS::Lambda::Function').map(
    ([, { Environment }]) =>
      (Environment as { Variables: Record<string, string> }).Variables.POWERTOOLS_METRICS_NAMESPACE!,
  );
  return [
    ...own.map(({ Namespace, MetricName }) => `${Namespace} ${MetricName}`),
    ...functions,
    ...values('AWS::CloudWatch::Alarm', 'AlarmName'),
    ...values('AWS::Logs::QueryDefinition', 'Name'),
    // Without a name, CloudFormation makes one up that nothing else has.
    ...values('AWS::Logs::LogGroup', 'LogGroupName').filter((name) => name !== 'undefined'),
  ];
}

function expectNothingShared(a: string[], b: string[]) {
  expect(a.length).toBeGreaterThan(20);
  expect(a.length).toBe(b.length);
  expect(a.filter((name) => b.includes(name))).toEqual([]);
  for (const name of [...a, ...b]) expect(name.length).toBeLessThanOrEqual(255);
}

describe('no metric, alarm, query or log name is shared', () => {
  test('by two constructs in one stack', () => {
    const stack = new Stack(new App(), 'Team');
    new StripePartnerSync(stack, 'Partners', PRODUCTION_PROPS);
    new StripePartnerSync(stack, 'Affiliates', PRODUCTION_PROPS);
    const template = Template.fromStack(stack).toJSON() as SynthesizedTemplate;
    expectNothingShared(names(template, 'Partners'), names(template, 'Affiliates'));
  });
  test('by two stacks in one account', () => {
    const [staging, prod] = ['staging', 'prod'].map((stage) => {
      const stack = new StripePartnerSyncStack(new App(), `stripe-partner-sync-${stage}`, PRODUCTION_PROPS);
      return names(Template.fromStack(stack).toJSON() as SynthesizedTemplate, 'Sync');
    });
    expectNothingShared(staging!, prod!);
  });
});

describe('the name of a construct', () => {
  test('is its stack’s and its path', () => {
    const stack = new Stack(new App(), 'prod');
    expect(qualifiedName(new Construct(new Construct(stack, 'Team'), 'Sync'))).toBe('prod/Team/Sync');
  });
  test('is known at synth in a nested stack too', () => {
    const stack = new Stack(new App(), 'prod');
    expect(qualifiedName(new Construct(new NestedStack(stack, 'Inner'), 'Sync'))).toBe('prod/Inner/Sync');
  });
  test('is short enough, has only characters that CloudWatch allows, and never changes', () => {
    const long = (id: string) => {
      const stack = new Stack(new App(), 'prod');
      const outer = new Construct(stack, 'x'.repeat(250));
      return qualifiedName(new Construct(outer, id));
    };
    expect(long('Straße 1')).toBe(long('Straße 1'));
    expect(long('Straße 1')).not.toBe(long('Straße 2'));
    expect(long('Straße 1')).toMatch(/^[A-Za-z0-9._/-]{1,200}$/);
  });
});
