// Responses that arrive piece by piece: each line is a piece of HTML and the element that it belongs in.

import type { Context } from 'hono';
import { stream } from 'hono/streaming';

export interface Fragment {
  /** The id of the element to fill. */
  readonly into: string;
  readonly html: string;
  /** Add to the element's content; by default the piece replaces it. */
  readonly append?: boolean;
}

type Html = string | Promise<string> | { toString(): string | Promise<string> };

export type Send = (into: string, html: Html, options?: { append?: boolean }) => Promise<void>;

/**
 * @param work sends pieces as they become available
 * @param onError called with what `work` threw; sends a message about it
 */
export function fragments(
  c: Context,
  work: (send: Send) => Promise<void>,
  onError: (error: unknown, send: Send) => Promise<void>,
) {
  c.header('content-type', 'application/x-ndjson; charset=utf-8');
  return stream(c, async (output) => {
    const send: Send = async (into, html, { append } = {}) => {
      const text = String(await (await html).toString());
      await output.write(`${JSON.stringify({ into, html: text, ...(append ? { append } : {}) } satisfies Fragment)}\n`);
    };
    await work(send).catch((error) => onError(error, send));
  });
}
