#!/usr/bin/env -S npx tsx
// The CDK app: `npx cdk deploy -c stage=prod`.

import { App } from 'aws-cdk-lib';
import { InvalidSettingError } from '../contract/settings.js';
import { bundleFunctions } from '../lib/bundling/bundle.js';
import { InvalidDeploymentError } from '../lib/props.js';
import { StripePartnerSyncStack } from '../lib/stack.js';
import { stageProps } from '../lib/stages.js';

await bundleFunctions();
const app = new App();
const stage = String(app.node.tryGetContext('stage') ?? 'dev');
try {
  new StripePartnerSyncStack(
    app,
    `stripe-partner-sync-${stage}`,
    stageProps(stage, (name) => app.node.tryGetContext(name)),
  );
} catch (error) {
  if (!(error instanceof InvalidDeploymentError || error instanceof InvalidSettingError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
app.synth();
