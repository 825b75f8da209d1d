// The files that pages load: our own, and uPlot's as its package ships them. Nothing comes from elsewhere.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Hono } from 'hono';

const OWN = join(import.meta.dirname, 'assets');
const UPLOT = dirname(createRequire(import.meta.url).resolve('uplot'));

const FILES: Readonly<Record<string, string>> = {
  'console.css': join(OWN, 'console.css'),
  'icon.svg': join(OWN, 'icon.svg'),
  'live.js': join(OWN, 'live.js'),
  'copy.js': join(OWN, 'copy.js'),
  'fragments.js': join(OWN, 'fragments.js'),
  'testing.js': join(OWN, 'testing.js'),
  'feed.js': join(OWN, 'feed.js'),
  'search.js': join(OWN, 'search.js'),
  'partners.js': join(OWN, 'partners.js'),
  'dashboard.js': join(OWN, 'dashboard.js'),
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
