// Network faults between ingest and the queue: an event that was not queued is answered with 503 and sent again; one that was answered
// with 200 is in the tables, once.

import { type ChildProcess, fork } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { EmulatorsReady } from '../../local/emulators/process.js';
import { bundleProcess } from '../../local/processes.js';
import { charge, event } from '../support/builders/events.js';
import { FAULTS, type Fault, startFaultProxy } from '../support/fakes/fault-proxy.js';
import type { HttpProxy } from '../support/fakes/proxy.js';
import { type LocalStackUnderTest, startStack } from '../support/stack/local-stack.js';

/** How often ingest's SDK client tries a request. */
const ATTEMPTS = 3;

let queue: ChildProcess;
let proxy: HttpProxy;
let stack: LocalStackUnderTest;
let fault: Fault = 'refused';
let left = 0;
let met = 0;

beforeAll(async () => {
  queue = fork(await bundleProcess('emulators/process.ts'), [JSON.stringify({ dynamodb: false, sqs: true })], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const { sqsEndpoint } = await new Promise<EmulatorsReady>((resolve) =>
    queue.once('message', (message) => resolve(message as EmulatorsReady)),
  );
  proxy = await startFaultProxy(sqsEndpoint!, {
    late: 3_500,
    fault: (target) => {
      if (!target.endsWith('.SendMessage') || left === 0) return undefined;
      left--;
      met++;
      return fault;
    },
  });
  stack = await startStack({ args: ['--sqs', proxy.endpoint] });
}, 60_000);
afterAll(async () => {
  await stack?.stop();
  await proxy?.stop();
  queue?.disconnect();
});

test.each(
  FAULTS.filter((each) => each !== 'unprocessed').flatMap((each) => [[each, 1] as const, [each, ATTEMPTS] as const]),
)(
  'a message whose sending is %s, %d times in a row',
  async (what, times) => {
    const id = `ch_${what.replaceAll(' ', '_')}_${times}`;
    const sent = event('charge.succeeded', charge({ id, customer: null }));
    fault = what;
    left = times;
    met = 0;
    const statuses: number[] = [];
    do statuses.push((await stack.post(sent)).status);
    while (statuses.at(-1) !== 200 && statuses.length < 5);
    // The SDK retries after one fault; after three, ingest answers 503 and the sender repeats.
    expect(statuses).toEqual(times === 1 ? [200] : [503, 200]);
    expect(met).toBe(times);
    await stack.settled();
    const rows = (await stack.rows()).transactions.filter(({ transaction_id }) => transaction_id === id);
    expect(rows).toMatchObject([{ status: 'recorded', amount_net: 2000 }]);
    expect(await stack.deadLetters()).toEqual([]);
  },
  60_000,
);
