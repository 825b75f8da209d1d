// What each partner is owed today under a rules file, for each mode separately.

import { basename } from 'node:path';
import { OperatorError } from '../../cli/errors.js';
import { owedLines } from '../../cli/owed-lines.js';
import { readRulesFile } from '../../cli/read-rewards.js';
import type { Target } from '../../cli/target.js';
import { dayOf } from '../../rewards/dates.js';
import type { OwedLine } from '../../rewards/owed.js';
import type { PartnerReport } from './model.js';

export type OwedByMode = OwedLine & { readonly livemode: boolean };

export interface Owed {
  /** The name of the file. */
  readonly rules: string;
  /** A day in UTC, `YYYY-MM-DD`. */
  readonly asOf: string;
  readonly lines: readonly OwedByMode[];
  /** Why the rules could not be applied. */
  readonly problem?: string;
}

/** @param rewardsFile read each time, so that the page follows an edit */
export async function readOwed(
  target: Target,
  rewardsFile: string,
  partner: string,
  { groups }: PartnerReport,
): Promise<Owed> {
  const owed = { rules: basename(rewardsFile), asOf: dayOf(Date.now() / 1000) };
  try {
    const rules = readRulesFile(rewardsFile);
    const lines: OwedByMode[] = [];
    for (const livemode of new Set(groups.map((group) => group.livemode))) {
      const found = await owedLines(target, {
        rules,
        by: ['partner'],
        asOf: owed.asOf,
        livemode: livemode ? 'live' : 'test',
        ...(partner === '' ? {} : { partner }),
      });
      lines.push(...found.map((line) => ({ ...line, livemode })));
    }
    return { ...owed, lines };
  } catch (error) {
    if (error instanceof OperatorError) return { ...owed, lines: [], problem: error.message };
    throw error;
  }
}
