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

const HEAD = [
  'alarm',
  'what was done',
  'went off after',
  'how it ended, and cleared after',
  'where the values came from',
];

export function rowOf(result: DrillResult): string {
  const count = (n: number) => `${n.toLocaleString('en-US')} × ${result.period}`;
  const ended = `${result.ended} ${count(result.clearAfter)}`;
  return line([linkTo(result.alarm), result.did, count(result.offAfter), ended, result.source]);
}

/** The row of an alarm that was not drilled. */
export function rowOfOther(alarm: string, why: string): string {
  return line([linkTo(alarm), why, '–', '–', '–']);
}

export function printTable(rows: readonly string[]): string {
  return [line(HEAD), line(HEAD.map(() => '---')), ...rows].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function linkTo(alarm: string): string {
  return `[${alarm}](#${alarm.toLowerCase()})`;
}

/**
 * The runbook with these rows in place of those that it has for the same alarms; rows of alarms that were not drilled this time stay.
 *
 * @param rows by alarm @throws if the runbook has no place for the table
 */
function withRows(runbook: string, rows: ReadonlyMap<string, string>): string {
  const [before, rest] = runbook.split(BEGIN);
  const [table = '', after] = rest?.split(END) ?? [];
  if (after === undefined) throw new Error(`docs/runbook.md needs the lines ${BEGIN} and ${END}`);
  const kept = new Map([...table.matchAll(/^\| \[(\w+)\].*$/gm)].map(([row, alarm]) => [alarm!, row]));
  const order = [...runbook.matchAll(/^## (\w+)$/gm)].map(([, alarm]) => alarm!);
  const all = new Map([...kept, ...rows]);
  const sorted = [...all].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)).map(([, row]) => row);
  return `${before}${BEGIN}\n\n${printTable(sorted)}\n\n${END}${after}`;
}

export function writeRunbook(rows: ReadonlyMap<string, string>): void {
  writeFileSync(RUNBOOK, withRows(readFileSync(RUNBOOK, 'utf8'), rows));
}

/** @returns whether the runbook holds these rows; if not, it says what to do */
export function checkRunbook(rows: ReadonlyMap<string, string>): boolean {
  const runbook = readFileSync(RUNBOOK, 'utf8');
  if (withRows(runbook, rows) === runbook) return true;
  process.stderr.write(
    'docs/runbook.md has another table of drills: run `npm run drills -- --write` and read the difference\n',
  );
  return false;
}
