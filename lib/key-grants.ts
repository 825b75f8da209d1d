// Which uses of the team's own KMS key each function is allowed.

import { Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { SyncFunction } from './sync-function.js';

/** The AWS services that use the key on behalf of a function. */
export type KeyUser = 'dynamodb' | 'dynamodb-streams' | 'sqs' | 'secretsmanager';

/**
 * What each service does with the key in the caller's name. For tables:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
 */
const ACTIONS: Readonly<Record<KeyUser, readonly string[]>> = {
  dynamodb: [
    'kms:Decrypt',
    'kms:DescribeKey',
    'kms:Encrypt',
    'kms:GenerateDataKey',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
  ],
  'dynamodb-streams': ['kms:Decrypt', 'kms:DescribeKey'],
  sqs: ['kms:Decrypt', 'kms:GenerateDataKey'],
  secretsmanager: ['kms:Decrypt'],
};

/** Allows a function to use the key through these services, and never directly. Without a key of your own, nothing is needed. */
export function grantKeyUse(to: SyncFunction, key: IKey | undefined, services: readonly KeyUser[]): void {
  if (!key) return;
  const { region, urlSuffix } = Stack.of(to);
  for (const service of services) {
    // A stream is read from its table's service.
    const host = service === 'dynamodb-streams' ? 'dynamodb' : service;
    const viaService = { StringEquals: { 'kms:ViaService': `${host}.${region}.${urlSuffix}` } };
    to.grant(ACTIONS[service], [key.keyArn], viaService);
    if (service === 'dynamodb')
      to.grant(['kms:CreateGrant'], [key.keyArn], { ...viaService, Bool: { 'kms:GrantIsForAWSResource': 'true' } });
  }
}
