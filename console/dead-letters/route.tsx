/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Dead letters: list, send back, delete.

import { Hono } from 'hono';
import { type DeadLetter, readDeadLetters, release, remove, sendBack } from '../../cli/dead-letters.js';
import type { Target } from '../../cli/target.js';
import { page } from '../shell/page.js';
import { DeadLettersPage } from './page.js';

export function deadLetterRoutes({ target }: { readonly target: Target }): Hono {
  const app = new Hono();

  app.get('/dead-letters', async (c) => {
    const letters = await readDeadLetters(target);
    await release(target, letters);
    const done = Number(c.req.query('done'));
    return page(c, <DeadLettersPage letters={letters} {...(done > 0 ? { done } : {})} />);
  });

  const handle = (path: string, action: (target: Target, letter: DeadLetter) => Promise<void>, allowAll: boolean) =>
    app.post(path, async (c) => {
      const { message } = await c.req.parseBody();
      const letters = await readDeadLetters(target);
      const isChosen = ({ message: { MessageId } }: DeadLetter) =>
        message === undefined ? allowAll : MessageId === message;
      const chosen = letters.filter(isChosen);
      for (const letter of chosen) await action(target, letter);
      await release(
        target,
        letters.filter((letter) => !isChosen(letter)),
      );
      return c.redirect(`/dead-letters?done=${chosen.length}`, 303);
    });
  handle('/dead-letters/redrive', sendBack, true);
  // One at a time: nothing here deletes everything by mistake.
  handle('/dead-letters/delete', remove, false);
  return app;
}
