/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The first page: set up.

import { Hono } from 'hono';
import type { Target } from '../../cli/target.js';
import type { StackFile } from '../../contract/stack-file.js';
import { page } from '../shell/page.js';
import { SetupPage } from './page.js';

export function setupRoutes({ stack, target }: { readonly stack: StackFile; readonly target: Target }): Hono {
  const app = new Hono();
  app.get('/', async (c) => {
    const [signingSecret = ''] = await target.signingSecrets.read();
    return page(c, <SetupPage webhookUrl={stack.webhookUrl} settings={stack.settings} signingSecret={signingSecret} />);
  });
  return app;
}
