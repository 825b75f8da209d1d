// The `stripe listen` command that the local stack prints, run by Stripe's own CLI against a fake of what the CLI talks to.
//
// The CLI comes from npm, from the package of this platform; STRIPE_CLI=/path/to/stripe uses another one.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { charge, event } from '../support/builders/events.js';
import { startStripeSessions } from '../support/fakes/stripe-sessions.js';
import { type LocalStackUnderTest, startStack, until } from '../support/stack/local-stack.js';

/** The first version that refuses to forward events that are not named is 1.51. */
const VERSION = '1.52.0';
const SECRET = 'whsec_of_stripe_listen';

let folder: string;
let stack: LocalStackUnderTest;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stripe-listen-'));
  stack = await startStack({ args: ['--signing-secret', SECRET] });
}, 150_000);
afterAll(async () => {
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('Stripe’s CLI accepts the printed command, and the events that it forwards become rows', async () => {
  const binary = stripeCli();
  if (!binary) return void process.stdout.write('skipped: npm has no Stripe CLI for this platform; set STRIPE_CLI\n');
  const printed = /^ +stripe (listen .*)$/m.exec(stack.output())![1]!.split(' ');
  const sessions = await startStripeSessions(SECRET);
  const key = ['--api-base', sessions.url, '--api-key', 'rk_test_000000000000000000000000', '--skip-update'];
  const cli = spawn(binary, [...printed, ...key], { env: { HOME: folder } });
  let said = '';
  for (const stream of [cli.stdout, cli.stderr])
    stream.on('data', (chunk) => {
      said += chunk;
    });
  try {
    await until(() => said.includes('Ready!') || cli.exitCode !== null, 30_000);
    expect(said).toContain(`Your webhook signing secret is ${SECRET}`);
    sessions.send(event('plan.created', { id: 'plan_1', object: 'plan' }));
    sessions.send(event('charge.succeeded', charge({ id: 'ch_listened', customer: null })));
    await until(() => said.includes('<--') || cli.exitCode !== null, 30_000);
  } finally {
    cli.kill();
    sessions.stop();
  }
  // The CLI warns of event types that it does not know.
  expect(said).not.toContain("isn't a valid event");
  expect(said).toMatch(/<-- +\[200\] POST .*\/stripe\/webhook/);
  expect(said).not.toContain('plan.created');
  await stack.settled();
  expect((await stack.rows()).transactions.map(({ transaction_id }) => transaction_id)).toEqual(['ch_listened']);
}, 180_000);

/** @returns undefined if it cannot be had here */
function stripeCli(): string | undefined {
  if (process.env.STRIPE_CLI) return process.env.STRIPE_CLI;
  const name = `@stripe/cli-${process.platform}-${process.arch}@${VERSION}`;
  try {
    const packed = execFileSync('npm', ['pack', '--silent', name], { cwd: folder, encoding: 'utf8' }).trim();
    execFileSync('tar', ['xzf', packed], { cwd: folder });
  } catch {
    return undefined;
  }
  const binary = join(folder, 'package', 'bin', 'stripe');
  return existsSync(binary) ? binary : undefined;
}
