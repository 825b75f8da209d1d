// The JSON line that a function logs for each event. The local stack, `trace` and the console read it again.

/** The part of the line that the functions write themselves. */
export type EventLog = {
  readonly event_id?: string | undefined;
  readonly event_type?: string | undefined;
  /** The ID of the event's object: a charge, a customer, … */
  readonly object_id?: string | undefined;
  /** One of `INGEST_OUTCOMES` or `WORKER_OUTCOMES`; a plain string, because another version may have written it. */
  readonly outcome?: string | undefined;
  /** Why the event was ignored, or what failed. */
  readonly reason?: string | undefined;
  /** How many waiting transactions the event attributed to a customer. */
  readonly attributed?: number | undefined;
};

/** The same of the change feed's line about a row. */
export type FeedLog = Pick<EventLog, 'event_id' | 'object_id' | 'reason'> & {
  readonly outcome?: string | undefined;
  /** The event's type in EventBridge. */
  readonly detail_type?: string | undefined;
  readonly sequence?: number | undefined;
};

/**
 * A whole line. `level`, `message`, `timestamp` and `service` are only in lines about what went wrong: of the others CloudWatch knows the
 * time and the log group. The local stack adds `timestamp` and `service` to each line, because it has one file for all functions.
 */
export type LogLine = EventLog &
  Pick<FeedLog, 'detail_type'> & {
    readonly level?: string;
    /** ISO 8601. */
    readonly timestamp?: string;
    /** The function that wrote it. */
    readonly service?: string;
    /** Metrics in CloudWatch's embedded format; such a line may report an event too. */
    readonly _aws?: { readonly Timestamp: number };
  };

/** @returns undefined for a line that is not a JSON object */
export function parseLogLine(line: string): LogLine | undefined {
  try {
    const value: LogLine | null = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    return value._aws ? { timestamp: new Date(value._aws.Timestamp).toISOString(), ...value } : value;
  } catch {
    return undefined;
  }
}

/** How many transactions got a customer, for a person to read after the outcome; empty if none. */
export function attributedInWords(count = 0): string {
  if (count === 0) return '';
  return `, ${count} ${count === 1 ? 'transaction' : 'transactions'} attributed`;
}
