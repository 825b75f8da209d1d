// The stages that can be deployed. Add your own here.

import type { StripePartnerSyncProps } from './stripe-partner-sync.js';

export const STAGES: Readonly<Record<string, StripePartnerSyncProps>> = {
  dev: { livemode: 'test', retainData: false },
  prod: { livemode: 'live', retainData: true },
};

/** @throws where the stage is not described, naming those that are */
export function stageProps(stage: string): StripePartnerSyncProps {
  const props = Object.hasOwn(STAGES, stage) ? STAGES[stage] : undefined;
  if (!props) throw new Error(`no stage ${JSON.stringify(stage)}; use one of: ${Object.keys(STAGES).join(', ')}`);
  return props;
}
