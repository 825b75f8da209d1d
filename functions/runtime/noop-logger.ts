// No logger at all for an SDK client. Its default one is told nothing, at the price of a copy of each request and answer.

import type { Logger } from '@smithy/types';

export const QUIET = {} as Logger;
