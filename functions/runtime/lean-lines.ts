// Log lines without what repeats: each byte of a line is paid for with every event.

import { LogFormatter, LogItem } from '@aws-lambda-powertools/logger';
import type { LogAttributes, UnformattedAttributes } from '@aws-lambda-powertools/logger/types';

/**
 * As Powertools writes them; but of what went well, only what is said about the event. CloudWatch has the time of such a line, its log
 * group says which function wrote it, and Lambda takes a line without `level` and `timestamp` for INFO:
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
 */
export class LeanLines extends LogFormatter {
  formatAttributes(
    { logLevel, message, timestamp, serviceName }: UnformattedAttributes,
    others: LogAttributes,
  ): LogItem {
    if (logLevel === 'INFO' && others.outcome !== undefined) return new LogItem({ attributes: others });
    const attributes = { level: logLevel, message, timestamp: this.formatTimestamp(timestamp), service: serviceName };
    return new LogItem({ attributes }).addAttributes(others);
  }
}
