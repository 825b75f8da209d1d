// The stack's template, synthesized in the test's process.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { bundleFolder, FUNCTION_NAMES } from '../../../lib/functions.js';
import type { StripePartnerSyncProps } from '../../../lib/stripe-partner-sync.js';
import type { Template } from '../../../local/template.js';
import { cached } from './cached.js';

/** The least that a deployment needs that keeps its data. */
export const PRODUCTION_PROPS: StripePartnerSyncProps = {
  livemode: 'live',
  alarmEmail: 'oncall@example.com',
  quietHours: 'off',
};

export function synthesizeTemplate(props: Partial<StripePartnerSyncProps> = {}): Template {
  placeBundles();
  const isPlain = isDeepStrictEqual(JSON.parse(JSON.stringify(props)), props);
  if (!isPlain) return synthesize(props);
  // The names of assets and of the functions' versions come from what the bundles hold.
  const bundles = FUNCTION_NAMES.map((name) => readFileSync(join(bundleFolder(name), 'index.mjs'), 'utf8'));
  return cached('template', JSON.stringify([props, bundles]), ['lib', 'contract', 'functions'], () =>
    synthesize(props),
  );
}

/** Synthesis needs the bundles. Where none was built, an empty file replaces it. */
export function placeBundles(): void {
  for (const name of FUNCTION_NAMES) {
    mkdirSync(bundleFolder(name), { recursive: true });
    try {
      writeFileSync(join(bundleFolder(name), 'index.mjs'), '', { flag: 'wx' });
    } catch {
      // It was built.
    }
  }
}

function synthesize(props: Partial<StripePartnerSyncProps>): Template {
  // Only here, because most tests need no more than a template that is kept.
  const load = createRequire(import.meta.url);
  const { App }: typeof import('aws-cdk-lib') = load('aws-cdk-lib');
  const { StripePartnerSyncStack }: typeof import('../../../lib/stack.js') = load('../../../lib/stack.js');
  const app = new App({
    context: { 'aws:cdk:enable-path-metadata': true, 'aws:cdk:disable-stack-trace': true },
    analyticsReporting: false,
  });
  const stack = new StripePartnerSyncStack(app, 'test', { ...PRODUCTION_PROPS, livemode: 'both', ...props });
  return app.synth().getStackArtifact(stack.artifactId).template;
}
