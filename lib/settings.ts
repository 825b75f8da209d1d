// The settings of a deployment, as the functions read them from their environment.

import { SETTING_NAMES, SETTINGS_ENVIRONMENT, type Settings } from '../contract/settings.js';

/** The environment variables that give a function its settings. */
export function settingsEnvironment(settings: Settings): Record<string, string> {
  return Object.fromEntries(SETTING_NAMES.map((name) => [SETTINGS_ENVIRONMENT[name], settings[name]]));
}
