// The file with what the functions print. A line that cannot be written is lost; nothing else is.

import { appendFileSync } from 'node:fs';

/** @param onNotice called once if the file cannot be written, and again after it could be */
export function openFunctionLog(file: string, onNotice: (text: string) => void): (line: string) => void {
  let failing = false;
  return (line) => {
    try {
      // A line that was cut short must not run into the next one.
      appendFileSync(file, failing ? `\n${line}\n` : `${line}\n`);
      failing = false;
    } catch (error) {
      if (!failing)
        onNotice(`Log lines are lost: ${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
      failing = true;
    }
  };
}
