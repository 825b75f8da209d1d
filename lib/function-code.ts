// The code of a function: its bundle, which CDK uploads, or only its name, for the local stack.

import { Code, type CodeConfig } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type FunctionName, requireBundle } from './functions.js';

/** Context that the local stack sets: it synthesizes while esbuild still bundles, and finds each bundle by its function's name. */
export const NAME_BUNDLES = 'stripe-partner-sync:name-bundles';

/** @throws {Error} if the function has not been bundled */
export function functionCode(scope: Construct, name: FunctionName): Code {
  return scope.node.tryGetContext(NAME_BUNDLES) ? new NamedBundle(name) : Code.fromAsset(requireBundle(name));
}

class NamedBundle extends Code {
  readonly isInline = false;

  constructor(private readonly bundle: FunctionName) {
    super();
  }

  bind(): CodeConfig {
    return { s3Location: { bucketName: 'local', objectKey: this.bundle } };
  }
}
