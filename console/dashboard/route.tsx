/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The template's dashboard.

import { Hono } from 'hono';
import type { Template } from '../../local/template.js';
import type { History } from '../events/history.js';
import { page } from '../shell/page.js';
import { alarmStates } from './alarms.js';
import { type MetricStore, RESOLUTION } from './metrics.js';
import { AlarmStates, DashboardPage } from './page.js';
import type { ResourceNames } from './template-names.js';
import { readWidgets, seriesOf } from './widgets.js';

/** The graphs show the last fifteen minutes. */
const SPAN = 15 * 60 * 1000;
const FAILURES = new Set(['failed', 'not_understood']);
const SHOWN_FAILURES = 20;

export interface DashboardRoutesOptions {
  readonly template: Template;
  readonly resources: ResourceNames;
  readonly metrics: MetricStore;
  readonly history: History;
}

export function dashboardRoutes({ template, resources, metrics, history }: DashboardRoutesOptions): Hono {
  const app = new Hono();
  const widgets = readWidgets(template, resources);
  const alarms = () => alarmStates(template, resources, metrics, Date.now());

  app.get('/dashboard', (c) => {
    const failures = history.entries().filter(({ outcome }) => FAILURES.has(outcome));
    const shown = failures.slice(-SHOWN_FAILURES).reverse();
    return page(c, <DashboardPage widgets={widgets} alarms={alarms()} failures={shown} />);
  });

  app.get('/dashboard/data', async (c) => {
    const to = Math.ceil(Date.now() / RESOLUTION) * RESOLUTION;
    const range = { from: to - SPAN, to, period: RESOLUTION };
    return c.json({
      x: Array.from({ length: SPAN / RESOLUTION }, (_, i) => (range.from + i * RESOLUTION) / 1000),
      widgets: widgets.map((widget) =>
        widget.type === 'metric' && widget.isCountedLocally ? seriesOf(widget, metrics, range) : null,
      ),
      alarms: await (<AlarmStates alarms={alarms()} />).toString(),
    });
  });
  return app;
}
