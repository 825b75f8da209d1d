// Synthesizes the CDK app's template in this process. The local stack is built from it alone.

import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { NAME_BUNDLES } from '../lib/function-code.js';
import type { StripePartnerSyncProps } from '../lib/props.js';
import { StripePartnerSyncStack } from '../lib/stack.js';
import type { Template } from './template.js';

// `npm run check` and every deployment validate the template; here that would add a second to each start.
process.env.CDK_VALIDATION = 'false';

/** @param outdir gets the template */
export function synthesize(props: StripePartnerSyncProps, outdir: string): Template {
  const app = new App({
    outdir,
    analyticsReporting: false,
    treeMetadata: false,
    context: {
      // The names that the code gives to resources, as the CDK command line asks for them too.
      'aws:cdk:enable-path-metadata': true,
      'aws:cdk:disable-stack-trace': true,
      [NAME_BUNDLES]: true,
    },
  });
  const stack = new StripePartnerSyncStack(app, 'local', { thinEvents: true, ...props, retainData: false });
  return JSON.parse(readFileSync(app.synth().getStackArtifact(stack.artifactId).templateFullPath, 'utf8'));
}
