import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const CONSOLE = join(__dirname, '..', '..', 'console');

test('no script of the browser has the name that a module of the server is imported by', () => {
  const files = readdirSync(CONSOLE, { recursive: true }).map(String);
  const scripts = files.filter((file) => file.endsWith('.js'));
  expect(scripts.length).toBeGreaterThan(0);
  const modules = new Set(files.filter((file) => /\.tsx?$/.test(file)).map((file) => file.replace(/\.tsx?$/, '.js')));
  expect(scripts.filter((script) => modules.has(script))).toEqual([]);
});
