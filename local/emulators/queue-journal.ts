// A file with every message that is in a queue, so that a local stack that is killed loses no event.

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
  /** The queue's name. */
  readonly queue: string;
  readonly body: string;
  /** The message attributes, as SQS has them. */
  readonly attributes?: object;
}

export interface QueueJournal {
  /** The messages that are in a queue now; right after opening, those of an earlier run. By message ID. */
  readonly messages: ReadonlyMap<string, JournaledMessage>;
  /**
   * Notes that a message is in a queue, or has moved to another one.
   *
   * @throws if it could not be written, for example because the disk is full: then the message must not be accepted
   */
  sent(messageId: string, message: JournaledMessage): void;
  /** Notes that a message is gone. If that cannot be written, the message comes back at the next start, which is harmless. */
  deleted(messageId: string): void;
}

type Line = ({ readonly sent: string } & JournaledMessage) | { readonly deleted: string };

/** The file is rewritten once it is larger than this, in bytes, and mostly about messages that are gone. */
const COMPACT_ABOVE = 1_000_000;

/**
 * Opens the journal. What is written is handed to the operating system before the call returns: it survives the death of
 * every process here, not a power cut.
 */
export function openQueueJournal(file: string): QueueJournal {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const messages = replay(text);
  let descriptor = openSync(file, 'a');
  // A last line that a kill cut short belongs to a message that was never accepted, and would corrupt the next line.
  let size = Buffer.byteLength(text.slice(0, text.lastIndexOf('\n') + 1));
  ftruncateSync(descriptor, size);
  /** What the lines about messages that are in a queue take, in bytes: by message ID, and together. */
  const sizes = new Map(
    [...messages].map(([sent, message]) => [sent, Buffer.byteLength(encode({ sent, ...message }))]),
  );
  let live = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);

  /** Lines about messages that are gone; they are written with the next message, or once the process has nothing else to do. */
  let gone = '';
  let isScheduled = false;

  const append = (lines: string) => {
    const bytes = Buffer.from(gone + lines);
    try {
      // On a disk that is nearly full, a write can be short without an error.
      for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
      size += bytes.length;
      gone = '';
    } catch (error) {
      ftruncateSync(descriptor, size);
      throw error;
    }
  };
  const compact = () => {
    writeFileSync(`${file}.new`, [...messages].map(([sent, message]) => encode({ sent, ...message })).join(''));
    const fresh = openSync(`${file}.new`, 'a');
    renameSync(`${file}.new`, file);
    closeSync(descriptor);
    descriptor = fresh;
    size = live;
  };
  const forget = (messageId: string) => {
    live -= sizes.get(messageId) ?? 0;
    sizes.delete(messageId);
    return messages.delete(messageId);
  };
  const writeGone = () => {
    isScheduled = false;
    try {
      append('');
      if (size > COMPACT_ABOVE && live < size / 2) compact();
    } catch {
      // A later message or start repairs it.
    }
  };
  return {
    messages,
    sent(messageId, message) {
      if (messages.get(messageId)?.queue === message.queue) return;
      const line = encode({ sent: messageId, ...message });
      append(line);
      forget(messageId);
      messages.set(messageId, message);
      sizes.set(messageId, Buffer.byteLength(line));
      live += sizes.get(messageId)!;
    },
    deleted(messageId) {
      if (!forget(messageId)) return;
      if (!isScheduled) setImmediate(writeGone);
      isScheduled = true;
      gone += encode({ deleted: messageId });
    },
  };
}

function encode(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

function replay(text: string): Map<string, JournaledMessage> {
  const messages = new Map<string, JournaledMessage>();
  for (const raw of text.split('\n')) {
    const line = parse(raw);
    if (!line) continue;
    if ('deleted' in line) messages.delete(line.deleted);
    else {
      const { sent, ...message } = line;
      messages.set(sent, message);
    }
  }
  return messages;
}

function parse(raw: string): Line | undefined {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}
