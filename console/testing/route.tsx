/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The testing suite.

import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { explain } from '../../cli/errors.js';
import type { Target } from '../../cli/target.js';
import { type Check, verify } from '../../cli/verify.js';
import type { StackFile } from '../../contract/stack-file.js';
import type { History } from '../events/history.js';
import { fragments, type Send } from '../shell/fragments.js';
import { page } from '../shell/page.js';
import { TestingPage } from './page.js';
import { scenarios } from './scenarios.js';
import { sendAndFollow } from './send.js';
import { CheckLine, StoryStep } from './story.js';

/** How long a check waits for the rows, in seconds. */
const DEADLINE = 20;

export interface TestingRoutesOptions {
  readonly stack: StackFile;
  readonly target: Target;
  readonly history: History;
}

export function testingRoutes({ stack, target, history }: TestingRoutesOptions): Hono {
  const app = new Hono();

  app.get('/testing', (c) => {
    const run = randomBytes(3).toString('hex');
    const events = scenarios(run, Math.floor(Date.now() / 1000) - 120, stack.settings);
    return page(c, <TestingPage settings={stack.settings} scenarios={events} />);
  });

  app.post('/testing/verify', (c) =>
    fragments(
      c,
      (send) => runChecks(target, send),
      (error, send) => send('verify-results', <StoryStep where="Stopped" text={explain(error).message} ok={false} />),
    ),
  );

  app.post('/testing/send', async (c) => {
    const { event, forged } = await c.req.json<{ event?: unknown; forged?: unknown }>();
    return fragments(
      c,
      (send) => sendAndFollow({ stack, target, history, body: String(event ?? ''), forged: forged === true }, send),
      (error, send) =>
        send('story', <StoryStep where="Stopped" text={explain(error).message} ok={false} />, { append: true }),
    );
  });
  return app;
}

async function runChecks(target: Target, send: Send): Promise<void> {
  const sent: Promise<void>[] = [];
  const output = {
    item: (check: object) => {
      sent.push(send('verify-results', <CheckLine check={check as Check} />, { append: true }));
    },
    say() {},
    progress() {},
  };
  await verify(target, { deadline: DEADLINE }, output);
  await Promise.all(sent);
}
