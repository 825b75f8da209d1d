import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const EXAMPLES = join(__dirname, '..', '..', 'examples');

// The package is not in a registry: `npm install` alone cannot find it.
test.each(readdirSync(EXAMPLES))(
  'the README of %s says how to pack and install the package that it depends on',
  (name) => {
    const read = (file: string) => readFileSync(join(EXAMPLES, name, file), 'utf8');
    expect(JSON.parse(read('package.json')).dependencies).toHaveProperty('stripe-partner-sync');
    const { version } = JSON.parse(readFileSync(join(EXAMPLES, '..', 'package.json'), 'utf8'));
    expect(read('README.md')).toMatch(/^\(cd \.\.\/\.\. && npm pack\)/m);
    expect(read('README.md')).toContain(`npm install ../../stripe-partner-sync-${version}.tgz`);
  },
);
