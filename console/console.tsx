/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The console: what the local stack shows of itself in a browser.

import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { trimTrailingSlash } from 'hono/trailing-slash';
import { explain } from '../cli/errors.js';
import { targetOfStackFile } from '../cli/target.js';
import type { Console, ConsoleContext } from '../local/console-server.js';
import { countMessages } from '../local/event-source.js';
import { assets } from './assets.js';
import { guard } from './guard.js';
import { createHistory, logTail } from './history.js';
import { createMetricStore } from './metrics.js';
import { page } from './page.js';
import { Empty, Layout } from './pages/layout.js';
import { dashboardRoutes } from './routes/dashboard.js';
import { deadLetterRoutes } from './routes/dead-letters.js';
import { eventRoutes } from './routes/events.js';
import { partnerRoutes } from './routes/partners.js';
import { tableRoutes } from './routes/tables.js';
import { testingRoutes } from './routes/testing.js';
import { watch } from './watch.js';

/** @returns what answers requests; `close` ends what it began */
export async function createConsole({ stack, template, physical, activity }: ConsoleContext): Promise<Console> {
  const target = targetOfStackFile(stack);
  const history = createHistory();
  const metrics = createMetricStore();
  const counts = async () => ({
    waiting: await countMessages(target.sqs, target.queueUrl),
    deadLetters: await countMessages(target.sqs, target.deadLetterQueueUrl),
  });
  const watcher = watch({
    // Lines of this run are at the end of the file too, where there is one.
    past: stack.logFile
      ? [...logTail(stack.logFile), ...activity.recent().filter(({ kind }) => kind !== 'line')]
      : activity.recent(),
    activity,
    history,
    metrics,
    counts,
    names: { template, physical },
  });
  const shared = { stack, target, history, metrics, counts, template, physical };

  const app = new Hono();
  app.use(guard());
  app.use(trimTrailingSlash());
  app.route('/', assets());
  app.route('/', testingRoutes(shared));
  app.route('/', eventRoutes(shared));
  app.route('/', tableRoutes(shared));
  app.route('/', partnerRoutes(shared));
  app.route('/', dashboardRoutes(shared));
  app.route('/', deadLetterRoutes(shared));
  app.notFound((c) =>
    page(
      c,
      <Layout title="Not found" path="/">
        <Empty>
          There is no such page. <a href="/">Set up</a> is a good place to start.
        </Empty>
      </Layout>,
      404,
    ),
  );
  app.onError((error, c) =>
    page(
      c,
      <Layout title="That did not work" path="/">
        <Empty>{explain(error).message}</Empty>
      </Layout>,
      500,
    ),
  );
  return {
    listener: getRequestListener(app.fetch),
    close() {
      watcher.stop();
      target.close();
    },
  };
}
