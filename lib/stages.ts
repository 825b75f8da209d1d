// The stages that `npx cdk deploy -c stage=NAME` can deploy. Describe your own here.

import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { parseSettings, SETTING_NAMES } from '../contract/settings.js';
import { InvalidDeploymentError, type StripePartnerSyncProps } from './props.js';

export const STAGES: Readonly<Record<string, StripePartnerSyncProps>> = {
  /** For Stripe's test events. Deleting the stack deletes its data. */
  dev: { livemode: 'test', retainData: false, rollout: 'all-at-once', logRetention: RetentionDays.ONE_WEEK },
  /** For Stripe's test events too, but keeps its data and is rolled out as in production. */
  staging: { livemode: 'test', retainData: true },
  prod: { livemode: 'live', retainData: true, logRetention: RetentionDays.THREE_MONTHS },
};

/**
 * The props of a stage, with what `-c NAME=VALUE` adds for one deployment: `alarmEmail`, `quietHours`, `rolloutAlarms`; and if the stage
 * does not keep its data, the settings, `changeFeed`, and how events arrive: `eventBridgeSource`, `webhook` and `thinEvents`.
 *
 * @param context returns the value that was given for a name, or undefined
 * @throws {InvalidDeploymentError} if there is no such stage or option
 * @throws {InvalidSettingError} if a setting has an unknown value
 */
export function stageProps(
  stage: string,
  context: (name: string) => unknown = () => undefined,
): StripePartnerSyncProps {
  const props = Object.hasOwn(STAGES, stage) ? STAGES[stage] : undefined;
  if (!props)
    throw new InvalidDeploymentError([
      `there is no stage ${JSON.stringify(stage)}; use one of: ${Object.keys(STAGES).join(', ')}`,
    ]);
  const alarmEmail = context('alarmEmail');
  const quietHours = context('quietHours');
  const rolloutAlarms = switchFrom('rolloutAlarms', context);
  return {
    ...props,
    ...settingsFrom(stage, props, context),
    ...entrancesFrom(stage, props, context),
    ...changeFeedFrom(stage, props, context),
    ...(alarmEmail === undefined ? {} : { alarmEmail: String(alarmEmail) }),
    ...(quietHours === undefined ? {} : { quietHours: quietHours === 'off' ? 'off' : Number(quietHours) }),
    ...(rolloutAlarms === undefined ? {} : { rolloutAlarms }),
  };
}

/** @throws {InvalidDeploymentError} unless the value is `on`, `off` or absent */
function switchFrom(name: string, context: (name: string) => unknown): boolean | undefined {
  const value = context(name);
  if (value === undefined) return undefined;
  if (value === 'on' || value === 'off') return value === 'on';
  throw new InvalidDeploymentError([`${name} is ${JSON.stringify(value)}; use one of: on, off`]);
}

const ENTRANCES = ['eventBridgeSource', 'webhook', 'thinEvents'];

/** A forgotten flag at the next deployment would delete the bus, and the events on their way with it. */
function entrancesFrom(
  stage: string,
  props: StripePartnerSyncProps,
  context: (name: string) => unknown,
): Pick<StripePartnerSyncProps, 'eventBridgeSource' | 'webhook' | 'thinEvents'> {
  refuseForKeptData(
    stage,
    props,
    ENTRANCES.filter((name) => context(name) !== undefined),
  );
  const eventBridgeSource = context('eventBridgeSource');
  const webhook = switchFrom('webhook', context);
  const thinEvents = switchFrom('thinEvents', context);
  return {
    ...(eventBridgeSource === undefined ? {} : { eventBridgeSource: String(eventBridgeSource) }),
    ...(webhook === undefined ? {} : { webhook }),
    ...(thinEvents === undefined ? {} : { thinEvents }),
  };
}

/** A forgotten flag at the next deployment would delete the streams, and consumers would miss what changes until they are back. */
function changeFeedFrom(stage: string, props: StripePartnerSyncProps, context: (name: string) => unknown) {
  const changeFeed = switchFrom('changeFeed', context);
  if (changeFeed === undefined) return {};
  refuseForKeptData(stage, props, ['changeFeed']);
  return { changeFeed };
}

/** @throws {InvalidDeploymentError} if something is given that a stage which keeps its data takes from lib/stages.ts only */
function refuseForKeptData(stage: string, props: StripePartnerSyncProps, given: readonly string[]): void {
  if (given.length > 0 && (props.retainData ?? true))
    throw new InvalidDeploymentError(
      given.map((name) => `-c ${name}=… is not allowed for ${stage}, which keeps its data: set it in lib/stages.ts`),
    );
}

/** A forgotten flag at the next deployment would turn a setting back, and rows that exist would not follow. */
function settingsFrom(stage: string, props: StripePartnerSyncProps, context: (name: string) => unknown) {
  const given = SETTING_NAMES.filter((name) => context(name) !== undefined);
  if (given.length === 0) return {};
  refuseForKeptData(stage, props, given);
  return parseSettings({ ...props, ...Object.fromEntries(given.map((name) => [name, context(name)])) });
}
