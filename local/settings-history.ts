// The settings that the state folder's rows were written with. With other settings, the tables would mix rows of different rules.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { SETTING_NAMES, type Settings } from '../contract/settings.js';

/** The values that each setting has had since the tables were empty. */
type History = Readonly<Record<keyof Settings, readonly string[]>>;

/** What is mixed if a setting has changed. */
const MIXED: Readonly<Record<keyof Settings, string>> = {
  transactionSource:
    'transactions of charges and transactions of invoices are in the same table, so one payment may count twice',
  partialRefund: 'partially refunded payments keep their old result until their next event arrives',
  livemode: 'rows of the mode that is no longer applied stay, and are no longer updated',
  disputes: 'disputed payments keep their old result until their next event arrives',
  amountBasis:
    'amounts with tax and amounts without tax are in the same table, until the next event of each invoice arrives',
};

/**
 * Notes the settings of this run.
 *
 * @param isEmpty tells whether there are no rows yet: then nothing can be mixed
 * @returns a warning for a person, if there are rows of other settings
 */
export async function noteSettings(
  file: string,
  settings: Settings,
  isEmpty: () => Promise<boolean>,
): Promise<string | undefined> {
  const known = read(file);
  const isKnown = (name: keyof Settings) => known[name]?.every((value) => value === settings[name]) ?? true;
  const before = SETTING_NAMES.every(isKnown) || (await isEmpty()) ? {} : known;
  const history = Object.fromEntries(
    SETTING_NAMES.map((name) => [name, [...new Set([...(before[name] ?? []), settings[name]])]]),
  ) as unknown as History;
  writeFileSync(file, `${JSON.stringify(history)}\n`);
  const changed = SETTING_NAMES.filter((name) => history[name].length > 1);
  if (changed.length === 0) return undefined;
  const lines = changed.map((name) => {
    const others = history[name].filter((value) => value !== settings[name]);
    return `    ${name} is ${settings[name]}, and was ${others.join(' and ')}: ${MIXED[name]}`;
  });
  return `Warning: the rows here were written under other settings.\n${lines.join('\n')}\n    For rows of one kind, stop, move the state folder away and start again, or use --ephemeral.`;
}

function read(file: string): Partial<History> {
  try {
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  } catch {
    return {};
  }
}
