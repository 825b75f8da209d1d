// The linter enforces who may import whom, and that no imports form a cycle.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const ROOT = join(__dirname, '..', '..');

const CASES: [folder: string, module: string, allowed: boolean][] = [
  ['contract', 'node:fs', true],
  ['contract', './settings.js', true],
  ['contract', '../functions/domain/event.js', false],
  ['contract', '@aws-sdk/client-sqs', false],
  ['functions/domain', '@aws-sdk/client-dynamodb', false],
  ['functions/domain', 'node:fs', false],
  ['functions/domain', '../store/apply.js', false],
  ['functions/domain', './event.js', true],
  ['functions/domain', '../../contract/settings.js', true],
  ['functions/store', '../worker/process-batch.js', false],
  ['functions/store', '../domain/change.js', true],
  ['functions/store', '@aws-sdk/lib-dynamodb', true],
  ['functions/queue', '../store/apply.js', false],
  ['functions/queue', '../domain/event.js', true],
  ['functions/stripe', '../queue/send-events.js', false],
  ['functions/runtime', '../domain/event.js', false],
  ['functions/runtime', '../../contract/settings.js', true],
  ['functions/worker', '../../local/stack.js', false],
  ['functions/worker', '../ingest/receive.js', false],
  ['functions/worker', '../store/apply.js', true],
  ['functions/ingest', 'stripe/esm/Webhooks.js', true],
  ['functions/ingest', '../../lib/stack.js', false],
  ['functions/reconcile', '../worker/handler.js', false],
  ['functions/reconcile', '../stripe/client.js', true],
  ['functions/feed', '../worker/handler.js', false],
  ['functions/protect', '../store/apply.js', false],
  ['functions/worker', '../protect/tables.js', false],
  ['lib', '../functions/store/apply.js', false],
  ['lib', '../functions/worker/handler.js', false],
  ['lib', '../functions/domain/decide.js', true],
  ['lib', '../local/stack.js', false],
  ['lib', '../cli/target.js', false],
  ['lib', '../contract/settings.js', true],
  ['reader', '../functions/store/apply.js', false],
  ['reader', '../lib/stack.js', false],
  ['reader', '../functions/domain/change.js', true],
  ['reader', '../rewards/rewards.js', true],
  ['rewards', '../functions/store/apply.js', false],
  ['rewards', '../reader/reader.js', false],
  ['rewards', '@aws-sdk/lib-dynamodb', false],
  ['rewards', '../contract/money.js', true],
  ['cli', '../local/stack.js', false],
  ['cli/commands', '../../console/rows.js', false],
  ['cli/commands', '../../functions/domain/decide.js', true],
  ['cli', '../reader/reader.js', true],
  ['local', '../functions/store/apply.js', false],
  ['local', '../lib/stack.js', true],
  ['local', '../cli/sample-events.js', true],
  ['local', '../console/console.js', false],
  ['console', '../local/activity.js', true],
  ['console/pages', '../../bin/start.js', false],
  ['bin', '../console/console.js', true],
  ['bin', '../test/support/sign.js', false],
  ['bench', '../console/console.js', false],
  ['examples/cdk-app', '../../lib/stack.js', false],
  ['test/cli', '../../bin/cli.js', false],
];

let refused: Set<string>;
let inCycles: Set<string>;
const folder = mkdtempSync(join(tmpdir(), 'house-rules-'));
function lint(rule: string): string {
  const biome = join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const args = [biome, 'lint', `--only=${rule}`, '--reporter=json', '--max-diagnostics=none', '.'];
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' }).stdout;
}

beforeAll(() => {
  copyFileSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
  CASES.forEach(([place, module], i) => {
    const file = join(folder, place, `case${i}.ts`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `import '${module}';\n`);
  });
  for (const [name, next] of [
    ['first', 'second'],
    ['second', 'third'],
    ['third', 'first'],
    ['outside', 'first'],
  ]) {
    const file = join(folder, 'test', 'cycle', `${name}.ts`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `import { ${next} } from './${next}.js';\nexport const ${name} = () => ${next};\n`);
  }
  refused = new Set(lint('style/noRestrictedImports').match(/case\d+/g));
  inCycles = new Set(lint('suspicious/noImportCycles').match(/(?<=cycle\/)\w+(?=\.ts"?)/g));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(CASES.map((each, i) => [...each, i] as const))(
  'a file in %s imports %s: allowed %s',
  (_folder, _module, allowed, i) => {
    expect(refused.has(`case${i}`)).toBe(!allowed);
  },
);

test('imports that form a cycle are refused', () => {
  expect([...inCycles]).toEqual(expect.arrayContaining(['first', 'second', 'third']));
  expect(inCycles.has('outside')).toBe(false);
});
