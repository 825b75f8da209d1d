// Which props a deployment needs, and which it must not have: every mistake fails at synth, and the message says what to change.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { STAGES, stageProps } from '../../lib/stages.js';
import { StripePartnerSync } from '../../lib/stripe-partner-sync.js';
import { PRODUCTION_PROPS, synthesizeTemplate } from '../support/stack/template.js';

/** `-c NAME=VALUE` */
const given =
  (values: Record<string, string> = {}) =>
  (name: string) =>
    values[name];

const RETAINING = Object.keys(STAGES).filter((name) => STAGES[name]!.retainData);

describe('a stage that keeps its data', () => {
  test.each(RETAINING)('%s is refused without a recipient of its alarms', (stage) => {
    expect(() => synthesizeTemplate({ ...stageProps(stage), alarmEmail: undefined, quietHours: 24 } as never)).toThrow(
      /-c alarmEmail=you@example\.com.*lib\/stages\.ts/,
    );
  });
  test.each(RETAINING)('%s is refused without a choice of quietHours', (stage) => {
    expect(() => synthesizeTemplate({ ...stageProps(stage), quietHours: undefined } as never)).toThrow(
      /-c quietHours=24.*lib\/stages\.ts/,
    );
  });
  test.each(RETAINING)('%s is accepted with both from the command line', (stage) => {
    const props = stageProps(stage, given({ alarmEmail: 'you@example.com', quietHours: 'off' }));
    expect(JSON.stringify(synthesizeTemplate(props))).toContain('you@example.com');
  });
  test.each(RETAINING)('%s takes no setting from the command line', (stage) => {
    for (const [name, value] of Object.entries({
      partialRefund: 'net',
      transactionSource: 'invoice',
      livemode: 'both',
      eventBridgeSource: 'aws.partner/stripe.com/ed_test_1',
      webhook: 'off',
      thinEvents: 'on',
    }))
      expect(() => stageProps(stage, given({ [name]: value }))).toThrow(
        `-c ${name}=… is not allowed for ${stage}, which keeps its data: set it in lib/stages.ts`,
      );
  });
});

describe('a stage that does not keep its data', () => {
  test('takes from the command line how events arrive', () => {
    const source = 'aws.partner/stripe.com/ed_test_1';
    expect(stageProps('dev', given({ eventBridgeSource: source, webhook: 'off', thinEvents: 'on' }))).toMatchObject({
      eventBridgeSource: source,
      webhook: false,
      thinEvents: true,
    });
  });
  test('needs neither recipient nor quietHours, and takes settings from the command line', () => {
    const props = stageProps('dev', given({ partialRefund: 'net' }));
    expect(props).toMatchObject({ partialRefund: 'net', livemode: 'test', retainData: false });
    expect(() => synthesizeTemplate({ ...props, alarmEmail: undefined } as never)).not.toThrow();
  });
});

describe('the construct refuses', () => {
  const stack = new Stack(new App(), 'Team');
  const create = (props: object) => () =>
    new StripePartnerSync(stack, `Sync${stack.node.children.length}${Math.random()}`, {
      ...PRODUCTION_PROPS,
      ...props,
    });
  test.each([
    [{ workerConcurrency: 1 }, 'workerConcurrency is 1; use a whole number from 2 to 1000'],
    [{ workerConcurrency: 1001 }, 'workerConcurrency is 1001; use a whole number from 2 to 1000'],
    [{ workerConcurrency: 2.5 }, 'workerConcurrency is 2.5; use a whole number from 2 to 1000'],
    [{ batchWindow: -1 }, 'batchWindow is -1; use a whole number of seconds from 0 to 300'],
    [{ batchWindow: 301 }, 'batchWindow is 301; use a whole number of seconds from 0 to 300'],
    [{ quietHours: 0 }, 'quietHours is 0; use a whole number from 1 to 168, or off'],
    [{ quietHours: Number('a day') }, 'quietHours is NaN; use a whole number from 1 to 168, or off'],
    [{ livemode: undefined }, 'livemode is undefined; use one of: live, test, both'],
    [{ partialRefund: 'some' }, 'partialRefund is "some"; use one of: delete, net'],
    [{ existingTables: { customers: 'a', transactions: 'b' } }, 'existingTables does not name the table links'],
    [{ webhook: false }, 'webhook is false and eventBridgeSource is missing, so no event could arrive: add'],
    [{ eventBridgeSource: 'stripe' }, 'eventBridgeSource is "stripe"; use the name of Stripe’s partner event source'],
    [
      { webhook: false, eventBridgeSource: 'aws.partner/stripe.com/ed_1', throttle: { rate: 1, burst: 1 } },
      'webhook is false, so customDomain and throttle have nothing to apply to',
    ],
    [{ alarmTopic: new Topic(stack, 'Own') }, 'alarmEmail and alarmTopic are both set: keep one of them'],
  ])('%j', (props, message) => {
    expect(create(props)).toThrow(message);
  });
  test('all problems together', () => {
    expect(create({ alarmEmail: undefined, quietHours: undefined, workerConcurrency: 0 })).toThrow(
      /alarmEmail[\s\S]*quietHours[\s\S]*workerConcurrency/,
    );
  });
  test('no value at the limits', () => {
    expect(create({ workerConcurrency: 2, quietHours: 1 })).not.toThrow();
    expect(create({ workerConcurrency: 1000, quietHours: 168 })).not.toThrow();
    expect(create({ batchWindow: 0 })).not.toThrow();
    expect(create({ batchWindow: 300 })).not.toThrow();
  });
});

test.each([
  ['production', {}, 'there is no stage "production"; use one of: dev, staging, prod'],
  ['toString', {}, 'there is no stage "toString"'],
  ['prod', { rolloutAlarms: 'no' }, 'rolloutAlarms is "no"; use one of: on, off'],
  ['dev', { webhook: 'no' }, 'webhook is "no"; use one of: on, off'],
  ['dev', { partialRefund: 'some' }, 'partialRefund is "some"; use one of: delete, net'],
])('stage %s with %j is refused', (stage, values, message) => {
  expect(() => stageProps(stage, given(values as Record<string, string>))).toThrow(message);
});

test('cdk synth prints the problem and no stack trace', () => {
  const root = join(__dirname, '..', '..');
  const output = mkdtempSync(join(tmpdir(), 'synth-'));
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', join(root, 'bin', 'app.ts')], {
    cwd: root,
    encoding: 'utf8',
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      CDK_OUTDIR: output,
      CDK_CONTEXT_JSON: JSON.stringify({ stage: 'nope' }),
    },
  });
  expect([status, stderr]).toEqual([1, 'there is no stage "nope"; use one of: dev, staging, prod\n']);
  rmSync(output, { recursive: true, force: true });
}, 60_000);
