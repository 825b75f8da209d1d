// The tables as the stack's template defines them. Loading the CDK takes seconds, so the definitions are kept from run to run until
// the code that they come from changes.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../lib/package-root.js';
import { resourcesOf, shortName } from '../../../local/template.js';

const FOLDER = join(packageRoot, 'node_modules', '.cache', 'stripe-partner-sync');

export type TableDefinitions = Readonly<Record<'customers' | 'transactions' | 'links' | 'statements', object>>;

/** The properties of the tables, by name. */
export async function tableDefinitions(): Promise<TableDefinitions> {
  const file = join(FOLDER, `tables-${sourceHash()}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const { synthesizeTemplate } = await import('./template.js');
  const template = synthesizeTemplate();
  const tables = Object.fromEntries(
    resourcesOf(template, 'AWS::DynamoDB::Table').map(([id, properties]) => [shortName(template, id), properties]),
  );
  mkdirSync(FOLDER, { recursive: true });
  // Another test may be reading the file now: a rename replaces it as a whole.
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(tables));
  renameSync(`${file}.${process.pid}`, file);
  return tables as TableDefinitions;
}

function sourceHash(): string {
  const hash = createHash('sha256');
  for (const folder of ['lib', 'contract'])
    for (const name of readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' }).sort())
      if (name.endsWith('.ts')) hash.update(name).update(readFileSync(join(packageRoot, folder, name)));
  for (const name of ['package-lock.json', 'test/support/stack/template.ts'])
    hash.update(readFileSync(join(packageRoot, name)));
  return hash.digest('hex').slice(0, 16);
}
