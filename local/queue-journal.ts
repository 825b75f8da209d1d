// What was put into a queue and not yet taken out, kept in a file, so that a local stack that is killed loses no event.

import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';

export interface JournaledMessage {
  readonly queue: string;
  readonly body: string;
}

export interface QueueJournal {
  /** Messages of an earlier run that were never deleted. */
  readonly outstanding: readonly JournaledMessage[];
  sent(messageId: string, message: JournaledMessage): void;
  deleted(messageId: string): void;
  close(): void;
}

type Line = { readonly sent: string; readonly queue: string; readonly body: string } | { readonly deleted: string };

/** Past this size a journal without outstanding messages starts anew, in bytes. */
const COMPACT_ABOVE = 1_000_000;

/**
 * Opens the journal. What is written is handed to the operating system before the call returns: it survives the death of
 * every process here, not a power cut.
 */
export function openQueueJournal(file: string): QueueJournal {
  const outstanding = existsSync(file) ? replay(readFileSync(file, 'utf8')) : [];
  // The messages are about to be sent anew, under new ids: only then does the new journal take the old one's place.
  const fresh = `${file}.new`;
  writeFileSync(fresh, '');
  const descriptor = openSync(fresh, 'a');
  const pending = new Set<string>();
  let size = 0;
  let sentCount = 0;
  let installed = false;

  const write = (line: Line) => {
    const text = `${JSON.stringify(line)}\n`;
    writeSync(descriptor, text);
    size += text.length;
  };
  return {
    outstanding,
    sent(messageId, message) {
      pending.add(messageId);
      write({ sent: messageId, ...message });
      sentCount++;
      if (!installed && sentCount >= outstanding.length) {
        renameSync(fresh, file);
        installed = true;
      }
    },
    deleted(messageId) {
      if (!pending.delete(messageId)) return;
      write({ deleted: messageId });
      if (pending.size === 0 && size > COMPACT_ABOVE) {
        ftruncateSync(descriptor);
        size = 0;
      }
    },
    close: () => closeSync(descriptor),
  };
}

/** A last line cut short by a kill was never answered for: it is left out. */
function replay(text: string): JournaledMessage[] {
  const messages = new Map<string, JournaledMessage>();
  for (const raw of text.split('\n')) {
    const line = parse(raw);
    if (!line) continue;
    if ('deleted' in line) messages.delete(line.deleted);
    else messages.set(line.sent, { queue: line.queue, body: line.body });
  }
  return [...messages.values()];
}

function parse(raw: string): Line | undefined {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}
