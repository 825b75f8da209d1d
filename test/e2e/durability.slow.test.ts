// An event that was answered with 200 survives a restart, a kill of the whole stack, and a half-written state folder.

import type { ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { charge, event } from '../support/builders/events.js';
import { spawnStart, startStack, until } from '../support/stack/local-stack.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'durability-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ids = (rows: { transactions: readonly Record<string, unknown>[] }) =>
  rows.transactions.map((row) => row.transaction_id);
const burst = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) =>
    event('charge.succeeded', charge({ id: `ch_${name}_${String(i).padStart(3, '0')}`, customer: null })),
  );
const idsOf = (events: ReturnType<typeof burst>) => events.map(({ data }) => data.object.id);

test('after Ctrl-C in one burst and a kill of the whole stack in another, every accepted event is in the tables', async () => {
  const first = burst('first', 60);
  const second = burst('second', 60);
  let stack = await startStack({ folder });
  const secret = stack.file.signingSecrets;
  await Promise.all(first.map((each) => stack.post(each)));
  expect(await stack.stop('SIGINT')).toBe(0);
  expect(existsSync(join(folder, 'stack.json'))).toBe(false);

  stack = await startStack({ folder });
  expect(stack.file.signingSecrets).toEqual(secret);
  expect(ids(await stack.rows())).toEqual(idsOf(first));
  const answers = await Promise.all(second.map((each) => stack.post(each)));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  await stack.stop('SIGKILL');

  // The last line of the journal, cut in the middle: that event was never answered.
  const journal = join(folder, '.local', 'queue.jsonl');
  writeFileSync(journal, '{"sent":"torn","queue":"eve', { flag: 'a' });
  stack = await startStack({ folder });
  await stack.settled();
  expect(ids(await stack.rows())).toEqual([...idsOf(first), ...idsOf(second)]);
  await stack.stop();
}, 120_000);

test('after a kill while events arrive and state is written, every event that was answered with 200 is in the tables', async () => {
  const sent = burst('torn', 300);
  let stack = await startStack({ folder });
  const accepted: unknown[] = [];
  const posts = sent.map(async (each) => {
    // A sender whose connection breaks gets no answer, and would send again.
    const { status } = await stack.post(each).catch(() => ({ status: 0 }));
    if (status === 200) accepted.push(each.data.object.id);
  });
  await until(() => accepted.length >= 40, 20_000);
  await stack.stop('SIGKILL');
  await Promise.all(posts);
  expect(accepted.length).toBeLessThan(sent.length);

  stack = await startStack({ folder });
  await stack.settled();
  const there = new Set(ids(await stack.rows()));
  expect(accepted.filter((id) => !there.has(id))).toEqual([]);
  await stack.stop();
}, 120_000);

test('a second start on a taken port, or on a state folder in use, ends with a clear error', async () => {
  const stack = await startStack({ folder });
  const { port } = new URL(stack.file.webhookUrl);
  expect(await attempt(['--port', port, '--ephemeral'])).toEqual({
    code: 1,
    error: `port ${port} is taken: stop what listens there, or choose another with --port (0: any free one)\n`,
  });
  const second = await attempt(['--port', '0']);
  expect(second).toEqual({
    code: 1,
    error: 'another local stack is using .local: stop it, or start with --ephemeral\n',
  });
  expect((await stack.post(event('charge.succeeded', charge()))).status).toBe(200);
  await stack.stop();
}, 150_000);

test('dead letters survive a restart, and a start with other settings warns of mixed rows', async () => {
  let stack = await startStack({ folder });
  await stack.post(event('charge.succeeded', charge({ id: 'ch_poison', amount: 'much' })));
  await stack.post(event('charge.succeeded', charge({ id: 'ch_healthy', customer: null })));
  await stack.settled();
  const [dead] = await stack.deadLetters();
  expect(dead).toMatchObject({ Body: expect.stringContaining('ch_poison') });
  expect(stack.output()).toMatch(/not understood.*, event evt_/);
  expect(stack.output()).not.toContain('Warning');
  await stack.stop();

  stack = await startStack({ folder, args: ['--partial-refund', 'net'] });
  expect(stack.output()).not.toContain('events of the last run');
  expect(await stack.deadLetters()).toMatchObject([{ MessageId: dead!.MessageId, Body: dead!.Body }]);
  expect(stack.output()).not.toContain('not understood');
  expect(stack.output()).toMatch(
    /Warning: the rows here were written under other settings\.\n +partialRefund is net, and was delete: partially refunded payments keep/,
  );
  await stack.stop();
}, 150_000);

test('an ephemeral stack does not touch the stack file of another one', async () => {
  const first = spawnStart(['--port', '0'], folder);
  const file = join(folder, '.local', 'stack.json');
  await until(() => existsSync(file), 60_000);
  const content = readFileSync(file, 'utf8');

  const second = spawnStart(['--port', '0', '--ephemeral'], folder);
  let output = '';
  second.stdout!.on('data', (chunk) => {
    output += chunk;
  });
  await until(() => output.includes('Ctrl-C stops it'), 60_000);
  const own = /Stack file +(\S+)/.exec(output)![1]!;
  expect(output).toContain(`npm run demo -- --stack-file ${own}`);
  expect(JSON.parse(readFileSync(own, 'utf8')).webhookUrl).not.toBe(JSON.parse(content).webhookUrl);
  await ended(second, 'SIGTERM');
  expect(existsSync(own)).toBe(false);
  expect(readFileSync(file, 'utf8')).toBe(content);

  const third = spawnStart(['--port', '0', '--ephemeral', '--stack-file', file], folder);
  let error = '';
  third.stderr!.on('data', (chunk) => {
    error += chunk;
  });
  expect(await ended(third)).toBe(1);
  expect(error).toContain(`${file} belongs to the local stack at ${JSON.parse(content).webhookUrl}, which is running`);
  expect(readFileSync(file, 'utf8')).toBe(content);
  await ended(first, 'SIGTERM');
  expect(existsSync(file)).toBe(false);
}, 150_000);

async function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  if (signal) child.kill(signal);
  return exit;
}

test('a state folder that cannot be read causes a clear error, and is left unchanged', async () => {
  const stack = await startStack({ folder });
  await stack.stop();
  const state = join(folder, '.local', 'dynamodb');
  const manifest = join(state, readdirSync(state).find((name) => name.startsWith('MANIFEST'))!);
  truncateSync(manifest, Math.floor(statSync(manifest).size / 2));
  writeFileSync(join(state, 'CURRENT'), 'MANIFEST-999999\n');
  const { code, error } = await attempt(['--port', '0']);
  expect(code).toBe(1);
  expect(error).toMatch(/^the state in \.local cannot be read .*: move the folder away, or start with --ephemeral\n$/);
}, 150_000);

test.each([
  [['--partial-refund', 'some'], 'partialRefund is "some"; use one of: delete, net'],
  [['--transaction-source', 'order'], 'transactionSource is "order"; use one of: charge, invoice'],
  [['--livemode', 'maybe'], 'livemode is "maybe"; use one of: live, test, both'],
  [['--port', 'many'], '--port is "many"; use a number from 0 to 65535'],
  [['--nonsense'], "Unknown option '--nonsense'"],
])('%j fails, and the error names the valid values', async (args, message) => {
  const { code, error } = await attempt(args);
  expect(code).toBe(2);
  expect(error).toContain(message);
});

async function attempt(args: readonly string[]): Promise<{ code: number | null; error: string }> {
  const child = spawnStart([...args, '--stack-file', join(folder, 'second.json')], folder);
  let error = '';
  child.stderr!.on('data', (chunk) => {
    error += chunk;
  });
  await until(() => child.exitCode !== null, 60_000);
  return { code: child.exitCode, error };
}
