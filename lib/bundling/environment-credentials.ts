// Replaces the SDK's default credential chain in the bundles: on Lambda, the credentials are in the environment.

import { fromEnv } from '@aws-sdk/credential-provider-env';

export const defaultProvider = () => fromEnv();
