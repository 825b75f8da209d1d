// What comes from others: nothing of it runs while it is installed, and its licences are known.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(__dirname, '..', '..');
const json = (file: string) => JSON.parse(readFileSync(join(ROOT, file), 'utf8'));

interface Locked {
  readonly license?: string;
  readonly dev?: boolean;
  readonly peer?: boolean;
  readonly hasInstallScript?: boolean;
  readonly resolved?: string;
}
const packages = Object.entries<Locked>(json('package-lock.json').packages).filter(([path]) => path !== '');
const nameOf = (path: string) => path.replace(/^.*node_modules\//, '');

test('allowScripts denies every package that has an install script, and names no other', () => {
  const withScripts = packages.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path));
  const allowed = Object.entries<boolean>(json('package.json').allowScripts);
  expect(allowed.filter(([, isAllowed]) => isAllowed)).toEqual([]);
  expect(new Set(allowed.map(([name]) => name))).toEqual(new Set(withScripts));
  const { scripts } = json('package.json');
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) expect(scripts[name]).toBeUndefined();
});

test('the lock file contains no registry host', () => {
  expect(packages.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
});

test('every deployed package has an allowed licence, and is listed in docs/licences.md', () => {
  const permissive = ['MIT', 'MIT-0', 'Apache-2.0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause'];
  const others = packages
    .filter(([, { dev, peer }]) => !dev && !peer)
    .filter(([, { license }]) => !permissive.includes(license ?? ''));
  expect(others.map(([path, { license }]) => `${path}: ${license}`)).toEqual([]);
  const script = join(ROOT, 'test', 'supply-chain', 'licences.mjs');
  const made = execFileSync(
    process.execPath,
    ['-e', `import(${JSON.stringify(`file://${script}`)}).then((m) => process.stdout.write(m.licencesDocument()))`],
    { encoding: 'utf8' },
  );
  expect(readFileSync(join(ROOT, 'docs', 'licences.md'), 'utf8')).toBe(made);
});
