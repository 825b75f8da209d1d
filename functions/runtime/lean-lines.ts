// Log lines without what repeats: each byte of a line is paid for with every event.

import { LogFormatter, LogItem } from '@aws-lambda-powertools/logger';
import type { LogAttributes, UnformattedAttributes } from '@aws-lambda-powertools/logger/types';

/**
 * As Powertools writes them, but without `sampling_rate`, and without `message` where an `outcome` says what went well. Lambda's
 * log level filter needs `level` and `timestamp`:
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
 */
export class LeanLines extends LogFormatter {
  formatAttributes(
    { logLevel, message, timestamp, serviceName }: UnformattedAttributes,
    others: LogAttributes,
  ): LogItem {
    const saysEnough = logLevel === 'INFO' && others.outcome !== undefined;
    const attributes = {
      level: logLevel,
      ...(saysEnough ? {} : { message }),
      timestamp: this.formatTimestamp(timestamp),
      service: serviceName,
    };
    return new LogItem({ attributes }).addAttributes(others);
  }
}
