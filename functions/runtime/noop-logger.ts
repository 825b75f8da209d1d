// A logger for SDK clients that does nothing. The SDK's default one also prints nothing, but copies each request and response.

import type { Logger } from '@smithy/types';

export const NOOP_LOGGER = {} as Logger;
