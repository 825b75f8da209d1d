// `verify` against local stacks of both modes: it passes, it can be interrupted, and a slow worker does not count as wrong.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Target, targetOfStackFile } from '../../cli/target.js';
import { type Check, verify } from '../../cli/verify.js';
import { removeEarlierRuns } from '../../cli/verify-story.js';
import { type LocalStackUnderTest, startStack, until } from '../support/stack/local-stack.js';

const silent = { item() {}, say() {} };

describe.each([
  ['charge mode', []],
  ['invoice mode, live', ['--transaction-source', 'invoice', '--partial-refund', 'net', '--livemode', 'live']],
])('%s', (_name, args) => {
  let stack: LocalStackUnderTest;
  let target: Target;
  beforeAll(async () => {
    stack = await startStack({ args });
    target = targetOfStackFile(stack.file);
  }, 60_000);
  afterAll(async () => {
    target.close();
    await stack.stop();
  }, 60_000);

  test('every check passes, a failed refund and a won dispute included, and no row is left', async () => {
    const checks = await verify(target, { deadline: 30 }, silent);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['a refund that fails gives it back', 'a dispute that is won gives it back']),
    );
    expect(await stack.rows()).toEqual({ customers: [], transactions: [] });
    // The README shows what `verify` prints under the default settings.
    if (args.length === 0) {
      const printed = [...checks.map(({ name }) => `✔ ${name}`), '', `All ${checks.length} checks passed.`].join('\n');
      expect(readFileSync(join(__dirname, '..', '..', 'README.md'), 'utf8')).toContain(printed);
    }
  }, 120_000);

  test('without a webhook it begins at the queue, and says what it did not check', async () => {
    const source = 'aws.partner/stripe.com/ed_1';
    const behind = { ...target, webhookUrl: '', eventBridge: { source, deadLetterQueueUrl: '' } };
    const checks = await verify(behind, { deadline: 30 }, silent);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(checks[0]).toMatchObject({
      name: 'the way from Stripe through EventBridge to the queue was not checked',
      remedy: expect.stringContaining(source),
    });
    expect(checks.map(({ name }) => name)).toContain('a duplicate changes nothing');
    expect(checks.map(({ name }) => name)).not.toContain('the webhook is reachable');
    expect(await stack.rows()).toEqual({ customers: [], transactions: [] });
  }, 120_000);

  test('interrupted in the middle, it removes its rows and reports no failed check', async () => {
    const interrupted = new AbortController();
    const item = (check: object) => {
      if ((check as Check).name === 'a payment is recorded under its customer') interrupted.abort();
    };
    const checks = await verify(target, { deadline: 30, signal: interrupted.signal }, { item, say() {} });
    expect(checks.filter(({ ok, skipped }) => !ok && !skipped)).toEqual([]);
    expect(checks.some(({ skipped }) => skipped)).toBe(true);
    expect(await stack.rows()).toEqual({ customers: [], transactions: [] });
  }, 120_000);

  test('a slow worker fails only the check that waits for it, and the next run removes the rows that appear later', async () => {
    const { worker } = stack.currentFile().pids;
    process.kill(worker!, 'SIGSTOP');
    const said: string[] = [];
    const checks = await verify(target, { deadline: 1 }, { item() {}, say: (text) => said.push(text) });
    process.kill(worker!, 'SIGCONT');
    const failed = checks.filter(({ ok, skipped }) => !ok && !skipped);
    expect(failed.map(({ name }) => name)).toEqual(['a customer reaches the tables']);
    expect(checks.find(({ name }) => name === 'a duplicate changes nothing')).toMatchObject({ skipped: true });
    expect(said.join()).toContain('The next `verify` removes the rows');
    await until(async () => (await stack.rows()).customers.length === 1, 60_000);
    await removeEarlierRuns(target);
    expect((await stack.rows()).customers).toHaveLength(1);
    await removeEarlierRuns(target, Date.now() + 3_600_000);
    expect(await stack.rows()).toEqual({ customers: [], transactions: [] });
  }, 120_000);
});
