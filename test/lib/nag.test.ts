// cdk-nag's AwsSolutions rules hold for every stage. What is suppressed is listed here, with the reason.

import { expect, test } from '@jest/globals';
import { App, Aspects } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks, NagSuppressions } from 'cdk-nag';
import { StripePartnerSyncStack } from '../../lib/stack.js';
import { STAGES } from '../../lib/stages.js';
import type { StripePartnerSyncProps } from '../../lib/stripe-partner-sync.js';
import { PRODUCTION_PROPS, placeBundles } from '../support/stack/template.js';

const SUPPRESSED = [
  {
    id: 'AwsSolutions-APIG4',
    reason:
      'The route has no IAM or JWT authorizer: Stripe authenticates each event by its signature, which ingest verifies.',
  },
  {
    id: 'AwsSolutions-SMG4',
    reason: 'Stripe creates the signing secret and rolls it; it is stored here afterwards, see docs/deploy.md.',
  },
  {
    id: 'AwsSolutions-DDB3',
    reason: 'Point-in-time recovery is on in every stage that keeps its data; a development stage does not.',
  },
];

/** Of the change feed alone. */
const SUPPRESSED_WITH_FEED = [
  {
    id: 'AwsSolutions-SQS3',
    reason: 'The queue of failures is itself where Lambda reports what it gave up; an alarm watches it.',
  },
  {
    id: 'AwsSolutions-IAM5',
    reason: 'dynamodb:ListStreams names the streams of one table, and a stream’s name is its time of creation.',
    appliesTo: ['customers', 'transactions'].map((table) => ({
      regex: `/^Resource::<SyncTables${table === 'customers' ? 'Customers' : 'Transactions'}\\w+\\.Arn>\\/stream\\/\\*$/`,
    })),
  },
];

const DEPLOYMENTS: [string, Partial<StripePartnerSyncProps>][] = [
  ...Object.entries(STAGES),
  ['prod with a change feed', { ...STAGES.prod, changeFeed: true }],
];

test.each(DEPLOYMENTS)(
  'stage %s',
  (_, props) => {
    placeBundles();
    const stack = new StripePartnerSyncStack(new App(), 'nag', { ...PRODUCTION_PROPS, ...props });
    const suppressions = SUPPRESSED.filter(({ id }) => id !== 'AwsSolutions-DDB3' || props.retainData === false);
    NagSuppressions.addStackSuppressions(stack, suppressions);
    NagSuppressions.addResourceSuppressions(
      stack,
      [
        {
          id: 'AwsSolutions-IAM4',
          reason: 'CodeDeploy’s role uses AWS’s managed policy for Lambda deployments.',
          appliesTo: ['Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited'],
        },
      ],
      true,
    );
    if (props.changeFeed) NagSuppressions.addStackSuppressions(stack, SUPPRESSED_WITH_FEED);
    Aspects.of(stack).add(new AwsSolutionsChecks());
    const annotations = Annotations.fromStack(stack);
    const found = [...annotations.findError('*', Match.anyValue()), ...annotations.findWarning('*', Match.anyValue())];
    expect(found.map(({ id, entry }) => `${id}: ${entry.data}`)).toEqual([]);
  },
  60_000,
);
