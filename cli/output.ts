// How commands speak: lines for a person, or one JSON object a line for a script.

export interface Output {
  /** One thing: as JSON with --json, otherwise as the text for a person. */
  item(object: object, text: string): void;
  /** For a person alone. */
  say(text: string): void;
  /** One line that is written over, on a terminal alone. */
  progress(text: string): void;
}

export function createOutput(json: boolean, stream: NodeJS.WriteStream = process.stdout): Output {
  let shown = 0;
  const clear = () => {
    if (shown > 0) process.stderr.write(`\r${' '.repeat(shown)}\r`);
    shown = 0;
  };
  return {
    item(object, text) {
      clear();
      stream.write(`${json ? JSON.stringify(object) : text}\n`);
    },
    say(text) {
      clear();
      if (!json) stream.write(`${text}\n`);
    },
    progress(text) {
      if (!process.stderr.isTTY) return;
      clear();
      const line = text.slice(0, (process.stderr.columns ?? 80) - 1);
      process.stderr.write(line);
      shown = line.length;
    },
  };
}

/** Columns as wide as they need to be; the last one is not padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!))).join('  '),
    )
    .join('\n');
}

/** One value of a CSV line: quoted where it must be; a value that a spreadsheet would take for a formula is kept a text. */
export function csv(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
