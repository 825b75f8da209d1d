// Sends a page as a response.

import type { Context } from 'hono';

type Element = { toString(): string | Promise<string> };

/** Adds the doctype: without one, browsers render in quirks mode. */
export async function page(c: Context, element: Element | Promise<Element>, status: 200 | 404 | 500 = 200) {
  return c.html(`<!doctype html>${await (await element).toString()}`, status);
}
