// DynamoDB refuses everything for longer than five receives of a message take, which once made it a dead letter. Afterwards every
// event is applied, and no message is dead. The local stack makes a failed message visible again after a second instead of three
// minutes, and takes its number of receives from the template.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { charge, customer, event } from '../support/builders/events.js';
import { startFaultProxy } from '../support/fakes/fault-proxy.js';
import type { HttpProxy } from '../support/fakes/proxy.js';
import { type LocalStackUnderTest, startStack, until } from '../support/stack/local-stack.js';
import { startWiring, type Wiring } from '../support/stack/wiring.js';

const OLD_LIMIT = 5;

let wiring: Wiring;
let proxy: HttpProxy;
let stack: LocalStackUnderTest;
let down = false;
const folder = mkdtempSync(join(tmpdir(), 'outage-'));
beforeAll(async () => {
  wiring = await startWiring('whsec_test', () => undefined);
  const dynamodb = wiring.args[wiring.args.indexOf('--dynamodb') + 1]!;
  proxy = await startFaultProxy(dynamodb, { late: 0, fault: () => (down ? 'answered with 500' : undefined) });
  stack = await startStack({ folder, args: ['--dynamodb', proxy.endpoint] });
}, 60_000);
afterAll(async () => {
  await stack?.stop();
  await proxy?.stop();
  wiring?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('events wait until DynamoDB works again', async () => {
  down = true;
  const created = event('customer.created', customer('acme'));
  const paid = event('charge.succeeded', charge());
  for (const each of [created, paid]) expect((await stack.post(each)).status).toBe(200);
  const attempts = ({ id }: { id: string }) =>
    readFileSync(stack.file.logFile!, 'utf8')
      .split('\n')
      .filter((line) => line.includes(`"${id}"`) && line.includes('"failed"')).length;
  await until(() => attempts(created) > OLD_LIMIT + 1 && attempts(paid) > OLD_LIMIT + 1, 120_000);
  expect(await stack.deadLetters()).toEqual([]);
  down = false;
  await stack.settled();
  expect(await stack.deadLetters()).toEqual([]);
  const { customers, transactions } = await stack.rows();
  expect(customers).toMatchObject([{ customer_key: 'acme' }]);
  expect(transactions).toMatchObject([{ transaction_id: 'ch_1', status: 'recorded', customer_key: 'acme' }]);
  process.stdout.write(`outage: ${attempts(created)} and ${attempts(paid)} failed attempts, 0 dead letters\n`);
}, 180_000);
