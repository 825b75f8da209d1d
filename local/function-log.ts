// The file with what the functions print. A line that cannot be written is lost; nothing else is.

import { appendFileSync } from 'node:fs';

/**
 * A line with what CloudWatch knows about it in addition: when it was written, and by which function. A line that says so itself, and one
 * that is not JSON, is returned as it is.
 *
 * @param at milliseconds since the epoch
 */
export function stamped(functionName: string, line: string, at: number): string {
  if (!line.startsWith('{"') || line.includes('"timestamp":"') || line.includes('"_aws":')) return line;
  return `{"timestamp":"${new Date(at).toISOString()}","service":"${functionName}",${line.slice(1)}`;
}

/**
 * Lines that come together are written together: a worker prints a hundred at once.
 *
 * @param onNotice called once if the file cannot be written, and again after it could be
 */
export function openFunctionLog(file: string, onNotice: (text: string) => void): (line: string) => void {
  let waiting = '';
  let failing = false;
  const write = () => {
    const lines = waiting;
    waiting = '';
    try {
      // A line that was cut short must not run into the next one.
      appendFileSync(file, failing ? `\n${lines}` : lines);
      failing = false;
    } catch (error) {
      if (!failing)
        onNotice(`Log lines are lost: ${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
      failing = true;
    }
  };
  return (line) => {
    if (waiting === '') setImmediate(write);
    waiting += `${line}\n`;
  };
}
