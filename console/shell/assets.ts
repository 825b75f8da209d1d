// The files that pages load: our own, from the folders of their features, and uPlot's. Nothing comes from another host.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Hono } from 'hono';
import { packageRoot } from '../../lib/package-root.js';

const CONSOLE = join(packageRoot, 'console');
const UPLOT = dirname(createRequire(join(packageRoot, 'package.json')).resolve('uplot'));

const FILES: Readonly<Record<string, string>> = {
  'console.css': join(CONSOLE, 'shell/console.css'),
  'icon.svg': join(CONSOLE, 'shell/icon.svg'),
  'live.js': join(CONSOLE, 'shell/live.js'),
  'copy.js': join(CONSOLE, 'shell/copy.js'),
  'read-fragments.js': join(CONSOLE, 'shell/read-fragments.js'),
  'testing.css': join(CONSOLE, 'testing/testing.css'),
  'testing.js': join(CONSOLE, 'testing/testing.js'),
  'feed.js': join(CONSOLE, 'events/feed.js'),
  'change-feed.js': join(CONSOLE, 'change-feed/change-feed.js'),
  'progress.js': join(CONSOLE, 'tables/progress.js'),
  'partners.css': join(CONSOLE, 'partners/partners.css'),
  'partners.js': join(CONSOLE, 'partners/partners.js'),
  'dashboard.css': join(CONSOLE, 'dashboard/dashboard.css'),
  'dashboard.js': join(CONSOLE, 'dashboard/dashboard.js'),
  'uplot.js': join(UPLOT, 'uPlot.esm.js'),
  'uplot.css': join(UPLOT, 'uPlot.min.css'),
};

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

export function assets(): Hono {
  const app = new Hono();
  app.get('/assets/:name', (c) => {
    const name = c.req.param('name');
    const file = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
    if (!file) return c.notFound();
    return c.body(readFileSync(file, 'utf8'), 200, { 'content-type': TYPES[name.split('.').at(-1)!]! });
  });
  return app;
}
