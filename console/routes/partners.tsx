/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Partners: the report of the command line, told as it goes.

import { Hono } from 'hono';
import { explain } from '../../cli/errors.js';
import { printReport, type ReportKey, reportLines } from '../../cli/report-lines.js';
import { fragments } from '../fragments.js';
import { page } from '../page.js';
import { Empty } from '../pages/layout.js';
import { PartnersPage, PartnersReport } from '../pages/partners.js';
import type { Shared } from '../parts.js';

const BY: readonly ReportKey[] = ['partner', 'product', 'currency', 'month'];
/** A page hears of the progress no more often, in milliseconds. */
const BEAT = 200;

export function partnerRoutes({ target }: Shared): Hono {
  const app = new Hono();
  const of = (partner: string) => (partner === '' ? {} : { partner });

  app.get('/partners', (c) => page(c, <PartnersPage partner={c.req.query('partner') ?? ''} />));

  app.get('/partners/report', (c) =>
    fragments(
      c,
      async (send) => {
        let told = Date.now();
        const onProgress = (customers: number) => {
          if (Date.now() - told < BEAT) return;
          told = Date.now();
          send('report-progress', `${customers.toLocaleString('en')} customers read…`).catch(() => {});
        };
        const partner = c.req.query('partner') ?? '';
        const lines = await reportLines(target, { by: BY, ...of(partner), onProgress });
        await send('report', <PartnersReport lines={lines} by={partner === '' ? 'partner' : 'product'} />);
      },
      (error, send) => send('report', <Empty>{explain(error).message}</Empty>),
    ),
  );

  app.get('/partners.csv', async (c) => {
    const lines = await reportLines(target, { by: BY, ...of(c.req.query('partner') ?? '') });
    const text: string[] = [];
    const output = {
      item() {},
      progress() {},
      say: (line: string) =>
        text.push(`${line}
`),
    };
    printReport(lines, 'csv', BY, output);
    return c.body(text.join(''), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="partners.csv"',
    });
  });
  return app;
}
