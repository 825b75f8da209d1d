// A failure in words: the events, then every step, then what is wrong with the rows.

import { execFileSync } from 'node:child_process';
import type { Item } from '../../functions/store/requests.js';
import type { Rows } from '../support/model/rows.js';
import { START } from './payloads.js';
import type { Case, Failure } from './simulate.js';

/** @param failure the smallest that is known for the case */
export function reportOf({ seed, profile, source }: Case, failure: Failure): string {
  return [
    `WRONG at seed ${seed}, commit ${commit()}, ${JSON.stringify(failure.settings)}`,
    `again: npm run simulate -- --seed ${seed} --profile ${profile} --source ${source}`,
    '',
    'events:',
    ...failure.messages.map(({ id, event }) => {
      const rendered = event.api_version === undefined ? '' : ` (API ${event.api_version})`;
      return `  ${id}: ${event.type} at +${event.created - START} s${rendered} ${JSON.stringify(event.data.object)}`;
    }),
    '',
    'schedule:',
    ...failure.words.map((words, i) => `  ${String(i + 1).padStart(2)}. ${words}`),
    '',
    ...(failure.broken ? [`it has no right end: ${failure.broken}`] : differences(failure.rows, failure.expected)),
    '',
  ].join('\n');
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

function differences(rows: Rows, expected: Rows): string[] {
  const lines: string[] = [];
  for (const table of ['customers', 'transactions'] as const) {
    const idOf = (item: Item) => String(table === 'customers' ? item.customer_key : item.transaction_id);
    const actual = new Map(rows[table].map((item) => [idOf(item), item]));
    const wanted = new Map(expected[table].map((item) => [idOf(item), item]));
    for (const id of new Set([...actual.keys(), ...wanted.keys()])) {
      const [is, should] = [actual.get(id) ?? {}, wanted.get(id) ?? {}];
      for (const name of new Set([...Object.keys(is), ...Object.keys(should)])) {
        if (is[name] !== should[name])
          lines.push(
            `${table} ${id}: ${name} is ${JSON.stringify(is[name])} and must be ${JSON.stringify(should[name])}`,
          );
      }
    }
  }
  return lines;
}
