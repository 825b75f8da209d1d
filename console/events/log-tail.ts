// The log lines of earlier runs.

import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { parseLogLine } from '../../contract/log-line.js';
import type { Activity } from '../../local/activity.js';

/** How much of the file is read, in bytes. */
const LOG_TAIL = 4 * 1024 * 1024;

/** The lines at the end of a log file, each with the function that its `service` names. */
export function logTail(file: string): Activity[] {
  if (!existsSync(file)) return [];
  const { size } = statSync(file);
  const length = Math.min(size, LOG_TAIL);
  const buffer = Buffer.alloc(length);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, buffer, 0, length, size - length);
  closeSync(descriptor);
  return buffer
    .toString('utf8')
    .split('\n')
    .map((line): Activity => {
      const log = parseLogLine(line) as { service?: string } | undefined;
      return { kind: 'line', at: 0, functionName: log?.service ?? '', line };
    });
}
