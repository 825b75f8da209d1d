// The files that `npm run bench -- --json FILE` writes.

import { readFileSync } from 'node:fs';
import type { Result } from './measure.js';

export interface ResultsFile {
  readonly machine: { readonly node: string; readonly cpus: number; readonly memory: number; readonly date: string };
  readonly results: readonly Result[];
}

/**
 * Reads the files that the command line names: one of a whole run, or several of runs that measured different parts (`--only`). Both sides of
 * a ratio are always of one run.
 */
export function readResults(command: string): { paths: string } & ResultsFile {
  const paths = process.argv.slice(2);
  if (paths.length === 0) {
    process.stderr.write(`Name the file, or several that measured different parts: npm run ${command} -- FILE …\n`);
    process.exit(2);
  }
  const files: ResultsFile[] = paths.map((path) => JSON.parse(readFileSync(path, 'utf8')));
  const { machine } = files.at(-1)!;
  return { paths: paths.join(', '), machine, results: files.flatMap(({ results }) => results) };
}
