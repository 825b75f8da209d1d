// A copy of the project to deploy from: its bundles and changed code do not touch the working tree.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** Copies every file that git knows or would add. */
export function copyProject(folder: string): void {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
  for (const file of listed.toString().split('\n').filter(Boolean)) {
    if (!existsSync(join(ROOT, file))) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(ROOT, file), join(folder, file));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
}

/** The header by which the changed ingest function shows that it answers. */
export const NEW_VERSION_HEADER = 'x-rehearsed-version';

/**
 * The second version that is deployed. Ingest names itself in a header. The worker understands what the first version cannot: an
 * amount that is a string.
 */
const WRAPPERS: Readonly<Record<string, string>> = {
  ingest: `
    import { handler as original } from './first-version.js';
    export const handler = async (event, context) => {
      const answer = await original(event, context);
      return { ...answer, headers: { ...answer.headers, '${NEW_VERSION_HEADER}': '2' } };
    };`,
  worker: `
    import { handler as original } from './first-version.js';
    const repaired = (record) => ({ ...record, body: record.body.replaceAll(/"(amount\\w*)":"(\\d+)"/g, '"$1":$2') });
    export const handler = (event, context) => original({ ...event, Records: event.Records.map(repaired) }, context);`,
};

/** Changes the functions' code in the copy, whatever it is now: each handler is wrapped. */
export function changeCode(folder: string): void {
  for (const [name, source] of Object.entries(WRAPPERS)) {
    const handler = join(folder, 'functions', name, 'handler.ts');
    renameSync(handler, join(folder, 'functions', name, 'first-version.ts'));
    writeFileSync(handler, source);
  }
}
