// The local stack on an engine that has streams runs the change feed, and the console shows it. `TEST_DYNAMODB_ENDPOINT` names such an
// engine, such as Amazon's DynamoDB Local, started with `-sharedDb`. dynalite has no streams, so without it the test is skipped.

import { expect, test } from '@jest/globals';
import { charge, customer, event, refund } from '../support/builders/events.js';
import { startStack, until } from '../support/stack/local-stack.js';

const endpoint = process.env.TEST_DYNAMODB_ENDPOINT;
if (!endpoint) process.stdout.write('skipped: the change feed of the local stack, TEST_DYNAMODB_ENDPOINT is not set\n');
const onRealStreams = endpoint ? test : test.skip;

onRealStreams(
  'the feed sends what happens to a payment, in order',
  async () => {
    const stack = await startStack({ args: ['--dynamodb', endpoint!, '--partial-refund', 'net'] });
    const id = `ch_${process.pid}_${Date.now()}`;
    const latest = async () => (await fetch(new URL('change-feed/latest', stack.file.consoleUrl!))).text();
    const told = async () =>
      [...(await latest()).matchAll(/<code>([a-z.]+)<\/code> ([^,]+), sequence (?:<!-- -->)?(\d+)/g)].filter(
        ([, , about]) => about === id,
      );
    expect(stack.output()).toMatch(/Change feed {6}on: http:\/\/127\.0\.0\.1:\d+\/change-feed/);
    await stack.post(event('charge.succeeded', charge({ id, customer: `cus_${id}` })));
    await stack.settled();
    await stack.post(event('customer.created', customer('acme', { id: `cus_${id}` }), 1));
    await stack.settled();
    await stack.post(event('refund.created', refund({ id: `re_${id}`, charge: id, amount: 500 }), 2));
    await stack.settled();
    await until(async () => (await told()).length === 3, 60_000);
    const events = await told();
    expect(events.map(([, type]) => type)).toEqual([
      'transaction.adjusted',
      'transaction.attributed',
      'transaction.recorded',
    ]);
    const sequences = events.map(([, , , sequence]) => Number(sequence));
    expect(sequences).toEqual([...sequences].sort((a, b) => b - a));
    const page = await (await fetch(new URL('change-feed', stack.file.consoleUrl!))).text();
    expect(page).toContain(id);
    await stack.stop();
  },
  180_000,
);
