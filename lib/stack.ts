// The stack of one stage.

import { Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { addOutputs } from './outputs.js';
import { StripePartnerSync, type StripePartnerSyncProps } from './stripe-partner-sync.js';

export class StripePartnerSyncStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & StripePartnerSyncProps) {
    super(scope, id, { terminationProtection: props.retainData ?? true, ...props });
    const sync = new StripePartnerSync(this, 'Sync', { ...props, outputs: false });
    Tags.of(this).add('application', 'stripe-partner-sync');
    if (props.outputs !== false) addOutputs(this, sync.outputs);
  }
}
