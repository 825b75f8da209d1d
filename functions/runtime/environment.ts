// The environment variables that the stack gives to its functions.

import { parseSettings, SETTING_NAMES, SETTINGS_ENVIRONMENT, type Settings } from '../../contract/settings.js';

/** @throws {Error} if one is missing: the function was not deployed by its stack */
export function requiredEnvironment<N extends string>(names: readonly N[]): Record<N, string> {
  const missing = names.filter((name) => !process.env[name]);
  if (missing.length > 0) throw new Error(`environment variables missing: ${missing.join(', ')}`);
  return Object.fromEntries(names.map((name) => [name, process.env[name]])) as Record<N, string>;
}

/** @throws {InvalidSettingError} for a value that this version of the function does not know */
export function environmentSettings(): Settings {
  return parseSettings(
    Object.fromEntries(SETTING_NAMES.map((name) => [name, process.env[SETTINGS_ENVIRONMENT[name]]])),
  );
}
