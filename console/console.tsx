/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The console: the local stack in a browser. This file only wires the features together.

import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { trimTrailingSlash } from 'hono/trailing-slash';
import { explain } from '../cli/errors.js';
import { targetOfStackFile } from '../cli/target.js';
import type { Console, ConsoleContext } from '../local/console-server.js';
import { countMessages as countIn } from '../local/count-messages.js';
import { changeFeedRoutes } from './change-feed/route.js';
import { createMetricStore } from './dashboard/metrics.js';
import { dashboardRoutes } from './dashboard/route.js';
import { watch } from './dashboard/watch.js';
import { deadLetterRoutes } from './dead-letters/route.js';
import { createHistory } from './events/history.js';
import { logTail } from './events/log-tail.js';
import { eventRoutes } from './events/route.js';
import { guard } from './guard.js';
import { partnerRoutes } from './partners/route.js';
import { setupRoutes } from './setup/route.js';
import { assets } from './shell/assets.js';
import { Empty } from './shell/elements.js';
import { Layout } from './shell/layout.js';
import { page } from './shell/page.js';
import { tableRoutes } from './tables/route.js';
import { testingRoutes } from './testing/route.js';

/** @returns the request listener of the console; `close` releases what it holds */
export async function createConsole(context: ConsoleContext): Promise<Console> {
  const { stack, template, resources, activity } = context;
  const { settings } = stack;
  const target = targetOfStackFile(stack);
  const history = createHistory();
  const metrics = createMetricStore();
  const countMessages = async () => ({
    waiting: await countIn(target.sqs, target.queueUrl),
    deadLetters: await countIn(target.sqs, target.deadLetterQueueUrl),
  });
  const past = pastActivity(context);
  const watcher = watch({ past, activity, history, metrics, countMessages, template, resources });

  const app = new Hono();
  app.use(guard());
  app.use(trimTrailingSlash());
  app.route('/', assets());
  app.route('/', setupRoutes({ stack, target }));
  app.route('/', testingRoutes({ stack, target, history }));
  app.route('/', eventRoutes({ history, target, settings, countMessages }));
  app.route('/', changeFeedRoutes({ bus: context.changeFeed }));
  app.route('/', tableRoutes({ target }));
  app.route('/', partnerRoutes({ target, ...(stack.rewardsFile ? { rewardsFile: stack.rewardsFile } : {}) }));
  app.route('/', dashboardRoutes({ template, resources, metrics, history }));
  app.route('/', deadLetterRoutes({ target }));
  addErrorPages(app);
  return {
    listener: getRequestListener(app.fetch),
    close() {
      watcher.stop();
      target.close();
    },
  };
}

/** The log file also holds the lines of this run, so they are taken from there only. */
function pastActivity({ stack, activity }: ConsoleContext) {
  const recent = activity.recent();
  if (!stack.logFile) return recent;
  return [...logTail(stack.logFile), ...recent.filter(({ kind }) => kind !== 'line')];
}

function addErrorPages(app: Hono): void {
  app.notFound((c) =>
    page(
      c,
      <Layout title="Not found" path="/">
        <Empty>
          This page does not exist. Start with <a href="/">Set up</a>.
        </Empty>
      </Layout>,
      404,
    ),
  );
  app.onError((error, c) =>
    page(
      c,
      <Layout title="Something went wrong" path="/">
        <Empty>{explain(error).message}</Empty>
      </Layout>,
      500,
    ),
  );
}
