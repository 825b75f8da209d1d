// The settings of a deployment, as the functions read them from their environment.

import { InvalidSettingError, parseSettings, type Settings } from '../contract/settings.js';

export type { Settings };
export { InvalidSettingError, parseSettings };

/** The environment variables that tell a function its settings. */
export function settingsEnvironment(settings: Settings): Record<string, string> {
  return {
    TRANSACTION_SOURCE: settings.transactionSource,
    PARTIAL_REFUND: settings.partialRefund,
    LIVEMODE: settings.livemode,
  };
}
