// `npm run licences`: writes docs/licences.md, the licences of what is installed and bundled in production, from the lock file.

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export function licencesDocument() {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const rows = Object.entries(packages)
    .filter(([path, { dev, peer }]) => path !== '' && !dev && !peer)
    .map(([path, { version, license }]) => `| ${path.replace(/^.*node_modules\//, '')} | ${version} | ${license} |`)
    .sort();
  return `# Licences

What the functions, the tools and the construct are made of, by the lock file. Written by \`npm run licences\`, and a test holds it to
that. Packages that only build and test are not part of what you deploy.

| package | version | licence |
|---|---|---|
${[...new Set(rows)].join('\n')}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(ROOT, 'docs', 'licences.md'), licencesDocument());
}
