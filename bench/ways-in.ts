// `npm run bench:ways-in -- FILE`: the table of docs/deploy.md that says what each way in costs, from a file that
// `npm run bench -- --json FILE` wrote (`--only functions,counts` is enough).

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../lib/package-root.js';
import type { Result } from './measure.js';

const [path] = process.argv.slice(2);
if (!path) {
  process.stderr.write('Name the file: npm run bench:ways-in -- FILE\n');
  process.exit(2);
}
const { results }: { results: readonly Result[] } = JSON.parse(readFileSync(path, 'utf8'));

/** Both are about the same lines, apart from what only one of the ways has. */
const WEBHOOK = 'a million events';
const BRIDGE = 'a million events by EventBridge';

const webhook = costsUnder(WEBHOOK);
const bridge = costsUnder(BRIDGE);
const dollars = (amount: number | undefined) => (amount === undefined ? '–' : `$${amount.toFixed(2)}`);
const names = [...new Set([...webhook.keys(), ...bridge.keys()])].filter((name) => name !== 'in all');
const rows = [...names, 'in all'].map(
  (name) => `| ${name} | ${dollars(webhook.get(name))} | ${dollars(bridge.get(name))} |`,
);
const table = ['| a million events | webhook | EventBridge |', '|---|---|---|', ...rows].join('\n');

const file = join(packageRoot, 'docs', 'deploy.md');
const page = readFileSync(file, 'utf8');
const marked = /(<!-- ways in: written by `npm run bench:ways-in` -->\n\n)[\s\S]*?(\n\n<!-- \/ways in -->)/;
if (!marked.test(page)) throw new Error('docs/deploy.md has no place for the table');
writeFileSync(
  file,
  page.replace(marked, (_, start: string, end: string) => `${start}${table}${end}`),
);
process.stdout.write('docs/deploy.md is written.\n');

/** By the name of the line. */
function costsUnder(title: string): Map<string, number> {
  const found = results.flatMap(({ name, ours }) => {
    const line = [': ', ', '].map((mark) => `${title}${mark}`).find((start) => name.startsWith(start));
    return line ? [[name.slice(line.length), ours] as const] : [];
  });
  if (found.length === 0) throw new Error(`${path} says nothing about ${title}`);
  return new Map(found);
}
