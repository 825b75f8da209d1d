/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Dead letters: listed, sent back, deleted.

import { Hono } from 'hono';
import { type DeadLetter, readDeadLetters, release, remove, sendBack } from '../../cli/dead-letters.js';
import type { Target } from '../../cli/target.js';
import { page } from '../page.js';
import { DeadLettersPage } from '../pages/dead-letters.js';
import type { Shared } from '../parts.js';

export function deadLetterRoutes({ target }: Shared): Hono {
  const app = new Hono();

  app.get('/dead-letters', async (c) => {
    const letters = await readDeadLetters(target);
    await release(target, letters);
    const count = Number(c.req.query('done'));
    const done = count > 0 ? `Done: ${count} ${count === 1 ? 'message' : 'messages'}.` : undefined;
    return page(c, <DeadLettersPage letters={letters} {...(done ? { done } : {})} />);
  });

  const handle = (path: string, treat: (target: Target, letter: DeadLetter) => Promise<void>, all: boolean) =>
    app.post(path, async (c) => {
      const { message } = await c.req.parseBody();
      const letters = await readDeadLetters(target);
      const isMeant = ({ message: { MessageId } }: DeadLetter) => (message === undefined ? all : MessageId === message);
      const meant = letters.filter(isMeant);
      for (const letter of meant) await treat(target, letter);
      await release(
        target,
        letters.filter((letter) => !isMeant(letter)),
      );
      return c.redirect(`/dead-letters?done=${meant.length}`, 303);
    });
  handle('/dead-letters/redrive', sendBack, true);
  // One by one: nothing here deletes everything by mistake.
  handle('/dead-letters/delete', remove, false);
  return app;
}
