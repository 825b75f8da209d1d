// The rules of who may import whom bite.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const ROOT = join(__dirname, '..', '..');

const CASES: [folder: string, module: string, allowed: boolean][] = [
  ['functions/domain', '@aws-sdk/client-dynamodb', false],
  ['functions/domain', 'node:fs', false],
  ['functions/domain', '../store/apply.js', false],
  ['functions/domain', './event.js', true],
  ['functions/store', '../worker/process-batch.js', false],
  ['functions/store', '../domain/change.js', true],
  ['lib', '../functions/store/apply.js', false],
  ['lib', '../local/stack.js', false],
  ['lib', '../contract/settings.js', true],
  ['functions/worker', '../../local/stack.js', false],
  ['functions/worker', '../store/apply.js', true],
  ['local', '../functions/store/apply.js', false],
  ['local', '../lib/stack.js', true],
  ['local', '../console/console.js', false],
  ['console', '../local/activity.js', true],
];

let refused: Set<string>;
const folder = mkdtempSync(join(tmpdir(), 'house-rules-'));
beforeAll(() => {
  copyFileSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
  CASES.forEach(([place, module], i) => {
    const file = join(folder, place, `case${i}.ts`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `import '${module}';\n`);
  });
  const biome = join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const run = spawnSync(
    process.execPath,
    [biome, 'lint', '--only=style/noRestrictedImports', '--reporter=json', '--max-diagnostics=none', '.'],
    { cwd: folder, encoding: 'utf8' },
  );
  refused = new Set(run.stdout.match(/case\d+/g));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(CASES.map((each, i) => [...each, i] as const))(
  'a file in %s imports %s: allowed %s',
  (_folder, _module, allowed, i) => {
    expect(refused.has(`case${i}`)).toBe(!allowed);
  },
);
