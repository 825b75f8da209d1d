// Rules of docs/behaviour.md as the names of tests: a quotation that is not on that page fails.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = plain(readFileSync(join(__dirname, '..', '..', 'docs', 'behaviour.md'), 'utf8'));

/** @returns the rule, as it is on the page */
export function rule(quotation: string): string {
  for (const part of quotation.split(' … ')) {
    if (!PAGE.includes(plain(part))) throw new Error(`docs/behaviour.md does not say: ${part}`);
  }
  return quotation;
}

function plain(text: string): string {
  return text.replace(/[*`]/g, '').replace(/\s+/g, ' ').trim();
}
