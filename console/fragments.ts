// Answers that come piece by piece: each line a piece of a page and the place it goes to.

import type { Context } from 'hono';
import { stream } from 'hono/streaming';

export interface Fragment {
  /** The id of the element that it goes into. */
  readonly into: string;
  readonly html: string;
  /** Beside what is there; by default it takes its place. */
  readonly append?: boolean;
}

type Html = string | Promise<string> | { toString(): string | Promise<string> };

export type Send = (into: string, html: Html, options?: { append?: boolean }) => Promise<void>;

/** @param work sends pieces as they come; where it throws, `failed` tells it in words */
export function fragments(
  c: Context,
  work: (send: Send) => Promise<void>,
  failed: (error: unknown, send: Send) => Promise<void>,
) {
  c.header('content-type', 'application/x-ndjson; charset=utf-8');
  return stream(c, async (output) => {
    const send: Send = async (into, html, { append } = {}) => {
      const text = String(await (await html).toString());
      await output.write(`${JSON.stringify({ into, html: text, ...(append ? { append } : {}) } satisfies Fragment)}\n`);
    };
    await work(send).catch((error) => failed(error, send));
  });
}
