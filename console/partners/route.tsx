/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Partners: the same report as the command line, with its progress.

import { Hono } from 'hono';
import { explain } from '../../cli/errors.js';
import type { Target } from '../../cli/target.js';
import { Empty } from '../shell/elements.js';
import { count } from '../shell/format.js';
import { fragments } from '../shell/fragments.js';
import { page } from '../shell/page.js';
import { reportCsv } from './csv.js';
import { readPartnerReport } from './model.js';
import { readOwed } from './owed.js';
import { PartnersPage, Report } from './page.js';

/** How often the page shows the progress, in milliseconds. */
const PROGRESS_INTERVAL = 200;

export interface PartnerRoutesOptions {
  readonly target: Target;
  /** The rules of what partners are owed. */
  readonly rewardsFile?: string;
}

export function partnerRoutes({ target, rewardsFile }: PartnerRoutesOptions): Hono {
  const app = new Hono();

  app.get('/partners', (c) => page(c, <PartnersPage partner={partnerIn(c.req.query('partner'))} />));

  app.get('/partners/report', (c) =>
    fragments(
      c,
      async (send) => {
        let shown = Date.now();
        const onProgress = (customers: number, transactions: number) => {
          if (Date.now() - shown < PROGRESS_INTERVAL) return;
          shown = Date.now();
          send('report-progress', `${count(customers, 'customer')}, ${count(transactions, 'transaction')} read…`).catch(
            () => {},
          );
        };
        const partner = partnerIn(c.req.query('partner'));
        const report = await readPartnerReport(target, partner, onProgress);
        const owed = rewardsFile === undefined ? undefined : await readOwed(target, rewardsFile, partner, report);
        await send('report', <Report report={report} partner={partner} {...(owed ? { owed } : {})} />);
      },
      (error, send) => send('report', <Empty>{explain(error).message}</Empty>),
    ),
  );

  app.get('/partners.csv', async (c) => {
    const report = await readPartnerReport(target, partnerIn(c.req.query('partner')), () => {});
    return c.body(reportCsv(report), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="partners.csv"',
    });
  });
  return app;
}

/** Keys are stored without surrounding white space. */
function partnerIn(text: string | undefined): string {
  return (text ?? '').trim();
}
