// The journal of the local stack's queues: what a restart finds in it, and how large it gets.

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openQueueJournal } from '../../local/emulators/queue-journal.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  file = join(folder, 'queue.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const written = () => new Promise((resolve) => setImmediate(resolve));
const message = (body: string) => ({ queue: 'events', body });
const found = () => [...openQueueJournal(file).messages].map(([id, { body }]) => [id, body]);

test('a restart finds the messages that were sent and not deleted', async () => {
  const journal = openQueueJournal(file);
  journal.sent('1', message('one'));
  journal.sent('2', message('two'));
  journal.deleted('1');
  await written();
  expect(found()).toEqual([['2', 'two']]);
});

test('a deletion is written before the message that follows it', () => {
  const journal = openQueueJournal(file);
  journal.sent('1', message('one'));
  journal.deleted('1');
  journal.sent('1', { queue: 'dead-letters', body: 'one' });
  expect(found()).toEqual([['1', 'one']]);
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  expect(lines.map((line) => Object.keys(JSON.parse(line))[0])).toEqual(['sent', 'deleted', 'sent']);
});

test('the file is rewritten once most of it is about messages that are gone, and keeps all others', async () => {
  const journal = openQueueJournal(file);
  const body = 'x'.repeat(10_000);
  for (let i = 0; i < 300; i++) {
    journal.sent(`gone ${i}`, message(body));
    if (i % 30 === 0) journal.sent(`kept ${i}`, message(`kept ${i}`));
  }
  for (let i = 0; i < 300; i++) journal.deleted(`gone ${i}`);
  expect(statSync(file).size).toBeGreaterThan(3_000_000);
  await written();
  expect(statSync(file).size).toBeLessThan(10_000);
  const kept = Array.from({ length: 10 }, (_, i) => `kept ${30 * i}`);
  expect(found().map(([id]) => id)).toEqual(kept);
  journal.sent('later', message('later'));
  expect(found().map(([id]) => id)).toEqual([...kept, 'later']);
});

test('a journal that an earlier run left is rewritten by the same rule', async () => {
  const earlier = openQueueJournal(file);
  for (let i = 0; i < 300; i++) earlier.sent(`message ${i}`, message('x'.repeat(10_000)));
  const journal = openQueueJournal(file);
  for (let i = 0; i < 200; i++) journal.deleted(`message ${i}`);
  await written();
  expect(found()).toHaveLength(100);
  expect(statSync(file).size).toBeLessThan(1_100_000);
});
