// `npm run bench:ways-in -- FILE …`: the table of docs/deploy.md that says what each way in costs, from a file that
// `npm run bench -- --json FILE` wrote (`--only functions,counts` is enough).

import { readResults } from './results-file.js';
import { writeTable } from './written-table.js';

/** Both are about the same lines, apart from what only one of the ways has. */
const WEBHOOK = 'a million events';
const BRIDGE = 'a million events by EventBridge';

const COMMAND = 'bench:ways-in';
const { paths, results } = readResults(COMMAND);
const webhook = costsUnder(WEBHOOK);
const bridge = costsUnder(BRIDGE);
const dollars = (amount: number | undefined) => (amount === undefined ? '–' : `$${amount.toFixed(2)}`);
const names = [...new Set([...webhook.keys(), ...bridge.keys()])].filter((name) => name !== 'in all');
writeTable('deploy.md', 'ways in', COMMAND, [
  ['a million events', 'webhook', 'EventBridge'],
  ...[...names, 'in all'].map((name) => [name, dollars(webhook.get(name)), dollars(bridge.get(name))]),
]);

/** By the name of the line. */
function costsUnder(title: string): Map<string, number> {
  const found = results.flatMap(({ name, ours }) => {
    const line = [': ', ', '].map((mark) => `${title}${mark}`).find((start) => name.startsWith(start));
    return line ? [[name.slice(line.length), ours] as const] : [];
  });
  if (found.length === 0) throw new Error(`${paths} says nothing about ${title}`);
  return new Map(found);
}
