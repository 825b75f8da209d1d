// The environment variables that the stack gives to its functions.

import { parseSettings, type Settings } from '../../contract/settings.js';

/** @throws where one is missing: the function was not deployed by its stack */
export function requiredEnvironment<N extends string>(names: readonly N[]): Record<N, string> {
  const missing = names.filter((name) => !process.env[name]);
  if (missing.length > 0) throw new Error(`environment variables missing: ${missing.join(', ')}`);
  return Object.fromEntries(names.map((name) => [name, process.env[name]])) as Record<N, string>;
}

/** @throws {InvalidSettingError} where the stack gave one that its functions do not know */
export function environmentSettings(): Settings {
  return parseSettings({
    transactionSource: process.env.TRANSACTION_SOURCE,
    partialRefund: process.env.PARTIAL_REFUND,
    livemode: process.env.LIVEMODE,
  });
}
