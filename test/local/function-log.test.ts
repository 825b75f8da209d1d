// What the local stack adds to the lines of functions, in place of CloudWatch.

import { expect, test } from '@jest/globals';
import { parseLogLine } from '../../contract/log-line.js';
import { stamped } from '../../local/function-log.js';

const AT = Date.UTC(2026, 0, 2, 3, 4, 5);

test('a lean line gets its time and its function', () => {
  const line = JSON.stringify({ event_id: 'evt_"timestamp":"x"', outcome: 'queued' });
  expect(JSON.parse(stamped('ingest', line, AT))).toEqual({
    timestamp: '2026-01-02T03:04:05.000Z',
    service: 'ingest',
    event_id: 'evt_"timestamp":"x"',
    outcome: 'queued',
  });
});

test('a line that has its time, one with metrics, and one that is not JSON stay as they are', () => {
  const lines = [
    JSON.stringify({ level: 'WARN', timestamp: '2026-01-01T00:00:00.000Z', service: 'ingest', outcome: 'x' }),
    JSON.stringify({ _aws: { Timestamp: AT, CloudWatchMetrics: [] }, service: 'worker' }),
    'Error: something',
  ];
  for (const line of lines) expect(stamped('ingest', line, AT)).toBe(line);
  expect(parseLogLine(lines[1]!)?.timestamp).toBe('2026-01-02T03:04:05.000Z');
});
