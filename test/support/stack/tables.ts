// The tables as the stack's template defines them.

import { resourcesOf, shortName } from '../../../local/template.js';
import { cached } from './cached.js';
import { synthesizeTemplate } from './template.js';

export type TableDefinitions = Readonly<Record<'customers' | 'transactions' | 'links' | 'statements', object>>;

/** The properties of the tables, by name. They do not depend on the functions, which mutants change. */
export async function tableDefinitions(): Promise<TableDefinitions> {
  return cached('tables', '', ['lib', 'contract'], () => {
    const template = synthesizeTemplate();
    return Object.fromEntries(
      resourcesOf(template, 'AWS::DynamoDB::Table').map(([id, properties]) => [shortName(template, id), properties]),
    ) as TableDefinitions;
  });
}
