// The stack's template, synthesized in the test's process.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { bundleFolder, FUNCTION_NAMES } from '../../../lib/functions.js';
import { StripePartnerSyncStack } from '../../../lib/stack.js';
import type { StripePartnerSyncProps } from '../../../lib/stripe-partner-sync.js';
import type { Template } from '../../../local/template.js';

/** The least that a deployment needs that keeps its data. */
export const PRODUCTION_PROPS: StripePartnerSyncProps = {
  livemode: 'live',
  alarmEmail: 'oncall@example.com',
  quietHours: 'off',
};

/** The template does not depend on the bundles' content: where none was built, an empty file replaces it. */
export function synthesizeTemplate(props: Partial<StripePartnerSyncProps> = {}): Template {
  for (const name of FUNCTION_NAMES) {
    mkdirSync(bundleFolder(name), { recursive: true });
    const file = join(bundleFolder(name), 'index.mjs');
    try {
      writeFileSync(file, '', { flag: 'wx' });
    } catch {
      // It was built.
    }
  }
  const app = new App({
    context: { 'aws:cdk:enable-path-metadata': true, 'aws:cdk:disable-stack-trace': true },
    analyticsReporting: false,
  });
  const stack = new StripePartnerSyncStack(app, 'test', { ...PRODUCTION_PROPS, livemode: 'both', ...props });
  return app.synth().getStackArtifact(stack.artifactId).template;
}
