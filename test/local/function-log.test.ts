// What the local stack adds to the lines of functions, in place of CloudWatch.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseLogLine } from '../../contract/log-line.js';
import { openFunctionLog, stamped } from '../../local/function-log.js';

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

test('lines are in the file in their order, and a file that cannot be written is reported once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'function-log-'));
  const notices: string[] = [];
  const written = () => new Promise((resolve) => setImmediate(resolve));
  try {
    const file = join(folder, 'logs', 'functions.log');
    const log = openFunctionLog(file, (text) => notices.push(text));
    log('lost');
    await written();
    log('lost, too');
    await written();
    expect(notices).toEqual([`Log lines are lost: ${file} cannot be written (ENOENT).`]);

    mkdirSync(join(folder, 'logs'));
    for (const line of ['one', 'two']) log(line);
    await written();
    log('three');
    await written();
    // After a failure a new line is begun, because the last one may be incomplete.
    expect(readFileSync(file, 'utf8')).toBe('\none\ntwo\nthree\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
