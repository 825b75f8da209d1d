// The line that the local stack prints for each event.

import { expect, test } from '@jest/globals';
import { eventLine } from '../../local/event-line.js';

const line = (log: object) =>
  eventLine('worker', JSON.stringify({ timestamp: '2026-01-02T03:04:05.000Z', level: 'INFO', ...log }), false);

test.each([
  ['refund.failed', 'recorded', 'recorded again: the refund failed'],
  ['refund.created', 'deleted', 'deleted: the payment is refunded'],
  ['charge.refunded', 'deleted', 'deleted: the payment is refunded'],
  ['charge.dispute.created', 'recorded', 'recorded: the dispute takes nothing back'],
  ['charge.dispute.closed', 'deleted', 'deleted: the payment is disputed'],
  ['charge.failed', 'deleted', 'deleted: the payment failed'],
  ['charge.succeeded', 'recorded', 'recorded'],
])('%s with the outcome %s reads: %s', (event_type, outcome, words) => {
  expect(line({ event_type, outcome, object_id: 'x_1' })).toBe(
    `  03:04:05  ${event_type.padEnd(26)} ${'x_1'.padEnd(27)} ${words}`,
  );
});

test('the line of an event that was not applied names the event', () => {
  const log = { event_type: 'charge.succeeded', object_id: 'ch_1', event_id: 'evt_1' };
  expect(line({ ...log, level: 'ERROR', outcome: 'not_understood', reason: 'amount' })).toContain(
    '(amount), event evt_1',
  );
  expect(line({ ...log, outcome: 'recorded' })).not.toContain('evt_1');
});

test.each([
  [1, 'customer updated, 1 transaction attributed'],
  [2, 'customer updated, 2 transactions attributed'],
])('counts attributed transactions: %d', (attributed, words) => {
  expect(line({ event_type: 'customer.created', outcome: 'customer_updated', attributed })).toContain(words);
});

test('control characters in an ID do not reach the terminal', () => {
  const printed = line({ event_type: 'charge.succeeded', outcome: 'recorded', object_id: 'ch_\u001b[2J\u0007' })!;
  expect(printed).toContain('ch_\\u001b[2J\\u0007');
  expect([...printed].filter((character) => character < ' ')).toEqual([]);
});
