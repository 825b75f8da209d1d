// One line for a person out of a function's log line: an event with its outcome.

import { parseLogLine } from '../contract/log-line.js';
import { outcomeInWords } from '../contract/outcomes.js';

/**
 * @param quiet leave out what went well
 * @returns undefined for what is no news: metrics, and events that were only queued
 */
export function eventLine(functionName: string, line: string, quiet: boolean): string | undefined {
  const log = parseLogLine(line);
  if (!log) return line.trim() === '' ? undefined : `  ${functionName}: ${line}`;
  if (log.outcome === 'queued') return undefined;
  if (log.outcome === undefined) return log._aws ? undefined : `  ${functionName}: ${line}`;
  if (quiet && log.level === 'INFO') return undefined;
  const attributed = log.attributed ? `, ${log.attributed} transactions attributed` : '';
  const reason = log.reason ? ` (${log.reason})` : '';
  const time = (log.timestamp ?? '').slice(11, 19);
  const what = `${(log.event_type ?? 'request').padEnd(26)} ${(log.object_id ?? '').padEnd(20)}`;
  return `  ${time}  ${what} ${outcomeInWords(log.outcome)}${reason}${attributed}`;
}
