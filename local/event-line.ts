// One line for a person out of a function's log line: an event with its outcome.

/** A line of a function's log. */
export interface LogLine {
  readonly level?: string;
  readonly timestamp?: string;
  readonly outcome?: string;
  readonly event_type?: string;
  readonly event_id?: string;
  readonly object_id?: string;
  readonly reason?: string;
  readonly attributed?: number;
  /** Metrics, in CloudWatch's embedded format; such a line may tell of an event as well. */
  readonly _aws?: { readonly Timestamp: number };
}

/** What each outcome means, for a person. */
export const OUTCOME_WORDS: Readonly<Record<string, string>> = {
  recorded: 'recorded',
  deleted: 'deleted',
  waiting: 'recorded or noted, waiting for its customer or invoice',
  customer: 'customer updated',
  stale: 'nothing new: something newer stands',
  ignored: 'ignored',
  failed: 'failed, will be tried again',
  not_understood: 'not understood, will end in the dead-letter queue',
  type_not_wanted: 'answered, not wanted',
  other_mode: 'answered, of the other mode',
};

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
  return `  ${time}  ${what} ${OUTCOME_WORDS[log.outcome] ?? `refused: ${log.outcome}`}${reason}${attributed}`;
}

/** @returns undefined for what is no object */
export function parseLogLine(line: string): LogLine | undefined {
  try {
    const value: LogLine | null = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    return value._aws ? { timestamp: new Date(value._aws.Timestamp).toISOString(), ...value } : value;
  } catch {
    return undefined;
  }
}
