#!/usr/bin/env -S npx tsx
// The CDK app: `npx cdk deploy -c stage=prod`.

import { App } from 'aws-cdk-lib';
import { SETTING_NAMES } from '../contract/settings.js';
import { bundleFunctions } from '../lib/bundling/bundle.js';
import { StripePartnerSyncStack } from '../lib/stack.js';
import { stageProps } from '../lib/stages.js';

await bundleFunctions();
const app = new App();
const stage: string = app.node.tryGetContext('stage') ?? 'dev';
const context = Object.fromEntries(
  SETTING_NAMES.map((setting) => [setting, app.node.tryGetContext(setting)]).filter(([, value]) => value !== undefined),
);
new StripePartnerSyncStack(app, `stripe-partner-sync-${stage}`, { ...stageProps(stage), ...context });
app.synth();
