import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { packageRoot } from '../../../lib/package-root.js';
import { cached } from './cached.js';

let folder: string;
let made = 0;
const make = () => ({ made: ++made });
const read = (key: string) => cached('test', `${folder}${key}`, [relative(packageRoot, folder)], make);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cached-'));
  mkdirSync(join(folder, 'deep'));
  writeFileSync(join(folder, 'deep', 'code.ts'), 'one');
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a cached value is reused, and computed again for another key and whenever a source file changes, appears or goes', () => {
  const first = read('a');
  expect(read('a')).toEqual(first);
  expect(read('a')).not.toBe(first);
  expect(read('b')).not.toEqual(first);

  writeFileSync(join(folder, 'deep', 'code.ts'), 'two');
  const changed = read('a');
  expect(changed).not.toEqual(first);
  writeFileSync(join(folder, 'more.ts'), '');
  expect(read('a')).not.toEqual(changed);
  rmSync(join(folder, 'more.ts'));
  expect(read('a')).toEqual(changed);
  writeFileSync(join(folder, 'deep', 'code.ts'), 'one');
  expect(read('a')).toEqual(first);
});
