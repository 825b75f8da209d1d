// How commands print: lines for a person, or one JSON object a line for a script. Both are safe to show in a terminal.

import { printable, printableLines } from '../contract/printable.js';

export interface Output {
  /** One result: with --json as a JSON line, otherwise as the text for a person. */
  item(object: object, text: string): void;
  /** For a person only. */
  say(text: string): void;
  /** For a script only: what to print when there is no result, or a sum of them. */
  data(object: object): void;
  /** A line that the next one overwrites; on a terminal only. */
  progress(text: string): void;
}

export function createOutput(json: boolean, stream: NodeJS.WritableStream = process.stdout): Output {
  let shown = 0;
  const clear = () => {
    if (shown > 0) process.stderr.write(`\r${' '.repeat(shown)}\r`);
    shown = 0;
  };
  const print = (text: string) => {
    clear();
    stream.write(`${text}\n`);
  };
  return {
    item: (object, text) => print(json ? printable(JSON.stringify(object)) : printableLines(text)),
    say(text) {
      if (!json) print(printableLines(text));
    },
    data(object) {
      if (json) print(printable(JSON.stringify(object)));
    },
    progress(text) {
      if (!process.stderr.isTTY) return;
      clear();
      const line = printable(text).slice(0, (process.stderr.columns ?? 80) - 1);
      process.stderr.write(line);
      shown = line.length;
    },
  };
}

/** Columns as wide as they need to be; the last one is not padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(printable));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) =>
      row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!))).join('  '),
    )
    .join('\n');
}

/** One value of a CSV line: quoted if it must be. A value that a spreadsheet would run as a formula gets a quote in front. */
export function csv(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
