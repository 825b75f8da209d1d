/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The page of the change feed, and the list that its script asks for.

import { Hono } from 'hono';
import type { EventBus } from '../../local/event-bus.js';
import { fragments } from '../shell/fragments.js';
import { page } from '../shell/page.js';
import { ChangeFeedPage, Changes } from './page.js';

/** More than anyone reads. */
const SHOWN = 100;

/** @param bus undefined if the change feed is off */
export function changeFeedRoutes({ bus }: { readonly bus: EventBus | undefined }): Hono {
  const app = new Hono();
  const latest = () => bus?.recent().slice(-SHOWN).reverse();

  app.get('/change-feed', (c) => page(c, <ChangeFeedPage events={latest()} />));
  app.get('/change-feed/latest', (c) =>
    fragments(
      c,
      (send) => send('changes', <Changes events={latest() ?? []} />),
      async () => {},
    ),
  );
  return app;
}
