// Dates as operators type them.

import { OperatorError } from './errors.js';

/**
 * @param text a day in UTC such as `2025-01-31`, or a time such as `2025-01-31T12:00:00Z`
 * @returns Unix seconds
 * @throws {OperatorError} for anything else, a day that does not exist included
 */
export function parseDate(text: string): number {
  const day = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z)?$/.exec(text)?.[1];
  const milliseconds = day === undefined ? Number.NaN : Date.parse(text);
  // `Date.parse` rolls February 30 over into March.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString().slice(0, 10) !== day) {
    throw new OperatorError(
      `${JSON.stringify(text)} is not a date; write it like 2025-01-31 or 2025-01-31T12:00:00Z`,
      2,
    );
  }
  return milliseconds / 1000;
}

/** @throws {OperatorError} if the value of the flag is not a number above 0 */
export function positiveNumber(flag: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw new OperatorError(`--${flag} needs a number above 0, such as --${flag} 60`, 2);
}
