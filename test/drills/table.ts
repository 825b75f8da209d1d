// The table of drills, as it is printed and as docs/runbook.md shows it.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DrillResult {
  readonly alarm: string;
  readonly did: string;
  readonly ended: string;
  /** In periods. */
  readonly offAfter: number;
  readonly clearAfter: number;
  readonly period: string;
  /** Where the values of the alarm's metric come from. */
  readonly source: string;
}

const RUNBOOK = join(import.meta.dirname, '..', '..', 'docs', 'runbook.md');
const BEGIN = '<!-- drills: written by `npm run drills -- --write` -->';
const END = '<!-- /drills -->';

export function printTable(results: readonly DrillResult[]): string {
  const rows = results.map((result) => {
    const alarm = `[${result.alarm}](#${result.alarm.toLowerCase()})`;
    const count = (n: number) => `${n.toLocaleString('en-US')} × ${result.period}`;
    return [alarm, result.did, count(result.offAfter), `${result.ended} ${count(result.clearAfter)}`, result.source];
  });
  const head = [
    'alarm',
    'what was done',
    'went off after',
    'how it ended, and cleared after',
    'where the values came from',
  ];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** @throws if the runbook has no place for the table */
function withTable(runbook: string, results: readonly DrillResult[]): string {
  const [before, rest] = runbook.split(BEGIN);
  const [, after] = rest?.split(END) ?? [];
  if (after === undefined) throw new Error(`docs/runbook.md needs the lines ${BEGIN} and ${END}`);
  return `${before}${BEGIN}\n\n${printTable(results)}\n\n${END}${after}`;
}

export function writeRunbook(results: readonly DrillResult[]): void {
  writeFileSync(RUNBOOK, withTable(readFileSync(RUNBOOK, 'utf8'), results));
}

/** @returns whether the runbook holds this table; if not, it says what to do */
export function checkRunbook(results: readonly DrillResult[]): boolean {
  const runbook = readFileSync(RUNBOOK, 'utf8');
  if (withTable(runbook, results) === runbook) return true;
  process.stderr.write(
    'docs/runbook.md has another table of drills: run `npm run drills -- --write` and read the difference\n',
  );
  return false;
}
