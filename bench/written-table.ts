// Tables of the documentation that a benchmark writes, between two comments that name the command.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../lib/package-root.js';

/** @param page the name of a file in docs/ @param rows cells as Markdown, the first row is the heading */
export function writeTable(page: string, mark: string, command: string, rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const [heading = [], ...body] = rows;
  const table = [line(heading), `|${'---|'.repeat(heading.length)}`, ...body.map(line)].join('\n');
  const file = join(packageRoot, 'docs', page);
  const [start, end] = [`<!-- ${mark}: written by \`npm run ${command}\` -->\n\n`, `\n\n<!-- /${mark} -->`];
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/${page} has no place for the table: ${start.trim()}`);
  writeFileSync(file, `${text.slice(0, from + start.length)}${table}${text.slice(to)}`);
  process.stdout.write(`docs/${page} is written.\n`);
}
