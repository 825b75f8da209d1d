/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The template's dashboard.

import { Hono } from 'hono';
import { alarmStates, readWidgets, seriesOf } from '../dashboard.js';
import { RESOLUTION } from '../metrics.js';
import { page } from '../page.js';
import { AlarmStates, DashboardPage } from '../pages/dashboard.js';
import type { Shared } from '../parts.js';

/** What is drawn: the last fifteen minutes. */
const SPAN = 15 * 60 * 1000;
const FAILURES = new Set(['failed', 'not_understood']);

export function dashboardRoutes({ template, physical, metrics, history }: Shared): Hono {
  const app = new Hono();
  const widgets = readWidgets(template, physical);
  const alarms = () => alarmStates(template, physical, metrics, Date.now());

  app.get('/dashboard', (c) => {
    const failures = history
      .entries()
      .filter(({ outcome }) => FAILURES.has(outcome))
      .slice(-20)
      .reverse();
    return page(c, <DashboardPage widgets={widgets} alarms={alarms()} failures={failures} />);
  });

  app.get('/dashboard/data', async (c) => {
    const to = Math.ceil(Date.now() / RESOLUTION) * RESOLUTION;
    const range = { from: to - SPAN, to, period: RESOLUTION };
    const x = Array.from({ length: SPAN / RESOLUTION }, (_, i) => (range.from + i * RESOLUTION) / 1000);
    return c.json({
      x,
      widgets: widgets.map((widget) =>
        widget.type === 'metric' && !widget.uncounted ? seriesOf(widget, metrics, range) : null,
      ),
      alarms: await (<AlarmStates alarms={alarms()} />).toString(),
    });
  });
  return app;
}
