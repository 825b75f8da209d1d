// What the bundles have in place of the SDK's default chain of credentials: on Lambda they are in the environment.

import { fromEnv } from '@aws-sdk/credential-provider-env';

export const defaultProvider = () => fromEnv();
