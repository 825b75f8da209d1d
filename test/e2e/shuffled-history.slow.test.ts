// A shuffled history of 1,000 events, a fifth of them sent twice, 20 in parallel, while the worker is killed twice: the rows are
// those of the model, and the dead-letter queue is empty.

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { seeded, shuffle, workload } from '../support/builders/workload.js';
import { expectedRows } from '../support/model/model.js';
import { type LocalStackUnderTest, startStack, until } from '../support/stack/local-stack.js';
import { sendAll } from '../support/stack/send.js';

let stack: LocalStackUnderTest;
beforeAll(async () => {
  stack = await startStack({ args: ['--quiet'] });
}, 60_000);
afterAll(async () => {
  await stack.stop();
}, 60_000);

test('1,000 shuffled events with duplicates, 20 in parallel, while the worker is killed twice, make exactly the rows of the contract', async () => {
  const history = workload({ seed: 7, customers: 130, duplicates: 0 }).slice(0, 1000);
  expect(history).toHaveLength(1000);
  const random = seeded(42);
  const again = history.filter(() => random() < 0.2);
  const deliveries = shuffle([...history, ...again], random);

  let posted = 0;
  const killed = new Set<number>();
  const killWorker = async (after: number) => {
    await until(() => posted >= after, 60_000);
    const { worker } = stack.currentFile().pids;
    process.kill(worker!, 'SIGKILL');
    killed.add(worker!);
    await until(() => stack.currentFile().pids.worker !== worker, 10_000);
  };
  const kills = killWorker(300).then(() => killWorker(800));
  await sendAll(
    async (event) => {
      const answer = await stack.post(event);
      posted++;
      return answer;
    },
    deliveries,
    20,
  );
  await kills;
  expect(killed.size).toBe(2);
  await stack.settled();
  expect(await stack.rows()).toEqual(expectedRows(history, { transactionSource: 'charge', partialRefund: 'delete' }));
  expect(await stack.deadLetters()).toEqual([]);
}, 120_000);
