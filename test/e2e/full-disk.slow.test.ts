// A disk that fills up under the local stack, on a real file system of a few megabytes. Every event that is answered with 200 is in the
// tables in the end; while there is no space, events are answered with 503; and the stack goes on as soon as there is.

import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { charge, event } from '../support/builders/events.js';
import { startStack, until } from '../support/stack/local-stack.js';

let root: string;
let disk: string;
let isMounted = false;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'full-disk-'));
  disk = join(root, 'disk');
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk], { stdio: 'ignore' });
    isMounted = true;
  } catch {
    process.stdout.write('skipped: only root can mount a small disk\n');
  }
});
afterAll(() => {
  if (isMounted) execFileSync('umount', ['-l', disk]);
  rmSync(root, { recursive: true, force: true });
});

/** Takes all the space that is left, to the last byte. */
function fill(file: string) {
  const descriptor = openSync(file, 'w');
  for (let size = 65_536; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (;;) writeSync(descriptor, Buffer.alloc(size));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  closeSync(descriptor);
}

test('a full disk loses no accepted event, and the stack continues once there is space', async () => {
  if (!isMounted) return;
  const stack = await startStack({ folder: disk });
  const accepted: string[] = [];
  const statuses = new Map<number, number>();
  let number = 0;
  const post = async () => {
    const id = `ch_disk_${String(number++).padStart(5, '0')}`;
    const { status } = await stack.post(event('charge.succeeded', charge({ id, customer: null })));
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status === 200) accepted.push(id);
    return status;
  };
  const posts = async (count: number) => {
    for (let i = 0; i < count; i += 10) await Promise.all(Array.from({ length: 10 }, post));
  };
  for (const round of [1, 2, 3]) {
    await posts(30);
    // In the middle of a burst, so that journal, tables and log are all being written.
    const burst = posts(60);
    fill(join(disk, 'filler'));
    await burst;
    await until(async () => (await post()) === 503, 60_000);
    rmSync(join(disk, 'filler'));
    await until(async () => (await post()) === 200, 60_000);
    expect({ round, refused: statuses.get(503)! > 0 }).toEqual({ round, refused: true });
  }
  await stack.settled();
  const rowsOf = async (each: typeof stack) =>
    new Set((await each.rows()).transactions.map(({ transaction_id }) => String(transaction_id)));
  const before = await rowsOf(stack);
  expect(accepted.filter((id) => !before.has(id))).toEqual([]);
  expect([...statuses.keys()].sort()).toEqual([200, 503]);
  // Whether a table is written while the disk is full depends on timing. If one is, its emulator stops and must start again.
  const count = (text: string) => stack.output().split(text).length - 1;
  expect(count('The emulators run again.')).toBe(count('Until they run again, events are answered with 503'));
  expect(stack.output()).not.toMatch(/Unhandled|Uncaught|at .*\.ts:\d+/);
  expect(await stack.stop()).toBe(0);

  const again = await startStack({ folder: disk });
  await again.settled();
  const after = await rowsOf(again);
  expect(accepted.filter((id) => !after.has(id))).toEqual([]);
  await again.stop();
  process.stdout.write(
    `full disk: ${accepted.length} events accepted and applied, ${statuses.get(503)} answered with 503\n`,
  );
}, 400_000);
