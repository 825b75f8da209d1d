// A page as an answer.

import type { Context } from 'hono';

type Element = { toString(): string | Promise<string> };

/** With its doctype: without one a browser draws by the rules of the nineties. */
export async function page(c: Context, element: Element | Promise<Element>, status: 200 | 404 | 500 = 200) {
  return c.html(`<!doctype html>${await (await element).toString()}`, status);
}
