// Synthesizes the CDK app's template in this process. The local stack is built from it alone.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { bundleFunctions } from '../lib/bundling/bundle.js';
import type { StripePartnerSyncProps } from '../lib/props.js';
import { StripePartnerSyncStack } from '../lib/stack.js';
import type { Template } from './template.js';

// `npm run check` and every deployment validate the template; here that would add a second to each start.
process.env.CDK_VALIDATION = 'false';

export interface Synthesized {
  readonly template: Template;
  /** The folder of an asset, by the `S3Key` that the template names it by. */
  readonly assetFolder: (s3Key: string) => string;
}

export async function synthesize(props: StripePartnerSyncProps, outdir: string): Promise<Synthesized> {
  await bundleFunctions();
  const app = new App({
    outdir,
    analyticsReporting: false,
    treeMetadata: false,
    // The names that the code gives to resources, as the CDK command line asks for them too.
    context: { 'aws:cdk:enable-path-metadata': true, 'aws:cdk:disable-stack-trace': true },
  });
  const stack = new StripePartnerSyncStack(app, 'local', { thinEvents: true, ...props, retainData: false });
  const assembly = app.synth();
  const template = JSON.parse(readFileSync(assembly.getStackArtifact(stack.artifactId).templateFullPath, 'utf8'));
  return { template, assetFolder: (s3Key) => join(assembly.directory, `asset.${s3Key.replace(/\.zip$/, '')}`) };
}
