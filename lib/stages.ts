// The stages that can be deployed with `npx cdk deploy -c stage=NAME`. Describe your own here.

import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { StripePartnerSyncProps } from './stripe-partner-sync.js';

export const STAGES: Readonly<Record<string, StripePartnerSyncProps>> = {
  /** Comes and goes with its stack, and takes Stripe's test events. */
  dev: { livemode: 'test', retainData: false, rollout: 'all-at-once', logRetention: RetentionDays.ONE_WEEK },
  /** Test events again, kept and rolled out as in production. */
  staging: { livemode: 'test', retainData: true },
  prod: { livemode: 'live', retainData: true, logRetention: RetentionDays.THREE_MONTHS },
};

/** @throws where the stage is not described, naming those that are */
export function stageProps(stage: string): StripePartnerSyncProps {
  const props = Object.hasOwn(STAGES, stage) ? STAGES[stage] : undefined;
  if (!props) throw new Error(`no stage ${JSON.stringify(stage)}; use one of: ${Object.keys(STAGES).join(', ')}`);
  return props;
}
