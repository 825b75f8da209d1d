// Nothing in a customer's name can move the terminal's cursor, hide text or look like a line of our output.

import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { parseDate, positiveNumber } from '../../cli/dates.js';
import { explain } from '../../cli/errors.js';
import { createOutput, table } from '../../cli/output.js';
import { printable } from '../../contract/printable.js';
import { eventLine } from '../../local/event-line.js';

const HOSTILE = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202egnp.exe\r\nAll 14 checks passed.';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

function printed(json: boolean, print: (output: ReturnType<typeof createOutput>) => void): string {
  const stream = new PassThrough();
  print(createOutput(json, stream));
  return String(stream.read());
}

test('a table cell never breaks its line', () => {
  const text = table([
    ['name', HOSTILE],
    ['next', 'row'],
  ]);
  expect(text.split('\n')).toHaveLength(2);
  expect(text).not.toMatch(CONTROL);
  expect(text).toContain('\\u001b[2J');
});

test('no text and no JSON line contains a control character, and the JSON parses to the same value', () => {
  expect(printed(false, (output) => output.say(HOSTILE))).not.toMatch(CONTROL);
  expect(printed(false, (output) => output.item({}, HOSTILE))).not.toMatch(CONTROL);
  const line = printed(true, (output) => output.item({ name: HOSTILE }, ''));
  expect(line).not.toMatch(CONTROL);
  expect(JSON.parse(line)).toEqual({ name: HOSTILE });
});

test('names in every script and emoji are printed as they are', () => {
  const name = 'Zoë 🎉 שלום 山田 Ünïcødé';
  expect(printable(name)).toBe(name);
});

test('the local stack’s event lines are safe too', () => {
  const log = {
    outcome: 'recorded',
    event_type: HOSTILE,
    object_id: HOSTILE,
    reason: HOSTILE,
    timestamp: '2026-01-01T00:00:00Z',
  };
  for (const line of [JSON.stringify(log), HOSTILE]) {
    const shown = eventLine('worker', line, false)!;
    expect(shown).not.toMatch(CONTROL);
    expect(shown.split('\n')).toHaveLength(1);
  }
});

test.each(['2025-02-30', '2025-13-01', 'yesterday', '2025-6-1', '', '2025-01-01T25:00:00Z', '01/02/2025'])(
  '%j is not a date',
  (text) => expect(() => parseDate(text)).toThrow(/is not a date; write it like 2025-01-31/),
);

test('a day and a time are read in UTC', () => {
  expect(parseDate('2025-01-31')).toBe(Date.UTC(2025, 0, 31) / 1000);
  expect(parseDate('2024-02-29T12:30:00Z')).toBe(Date.UTC(2024, 1, 29, 12, 30) / 1000);
});

test.each([Number.NaN, 0, -1, Number.POSITIVE_INFINITY])('%d seconds are not a deadline', (value) => {
  expect(() => positiveNumber('deadline', value)).toThrow('--deadline needs a number above 0, such as --deadline 60');
});

test.each([
  [new Error('Region is missing'), 'No AWS region is set: set AWS_REGION, for example AWS_REGION=eu-west-1.'],
  [
    Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
    'Connection refused: is the local stack running (`npm start`)?',
  ],
  [
    Object.assign(new Error('x'), { type: 'StripePermissionError', message: "Having the 'rak_event_read' permission" }),
    'The API key lacks a permission: rak_event_read. Edit the restricted key in Stripe, under Developers › API keys.',
  ],
])('%s is explained with what to do next', (error, message) => {
  expect(explain(error).message).toBe(message);
});
