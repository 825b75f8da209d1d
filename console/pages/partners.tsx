/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Partners: what stands for whom, by product and month. Currencies are never added together.

import type { FC } from 'hono/jsx';
import type { ReportLine } from '../../cli/report-lines.js';
import { formatMoney } from '../../contract/money.js';
import { Empty, Layout, Scroll } from './layout.js';

export const PartnersPage: FC<{ partner: string }> = ({ partner }) => (
  <Layout
    title="Partners"
    path="/partners"
    scripts={['partners.js']}
    intro="What the customers of each partner paid and did not get back, by product and month."
  >
    <search>
      <form class="toolbar" method="get" action="/partners">
        <label>
          Partner{' '}
          <input
            type="search"
            name="partner"
            value={partner}
            placeholder="a partner_key; empty: all"
            autocomplete="off"
          />
        </label>
        <button type="submit">Show</button>
        <a class="aside" href={`/partners.csv?${new URLSearchParams({ partner })}`} download>
          Download CSV
        </a>
      </form>
    </search>
    <div id="report" data-report={`/partners/report?${new URLSearchParams({ partner })}`}>
      <p role="status">
        <progress aria-label="Reading" /> <span id="report-progress">Reading the customers…</span>
      </p>
    </div>
  </Layout>
);

/** @param by what the bars are stacked by */
export const PartnersReport: FC<{ lines: readonly ReportLine[]; by: Stack }> = ({ lines, by }) => {
  if (lines.length === 0)
    return (
      <Empty>
        No transaction stands under a customer yet. Run <code>npm run demo</code>, or send a customer and a charge from
        the <a href="/testing">testing suite</a>.
      </Empty>
    );
  const currencies = [...new Set(lines.map(({ currency }) => currency))];
  return (
    <>
      {currencies.map((currency) => (
        <Currency currency={currency} by={by} lines={lines.filter((line) => line.currency === currency)} />
      ))}
    </>
  );
};

type Stack = 'partner' | 'product';

const UNNAMED = { partner: 'no partner', product: 'no product' } as const;

interface CurrencyProps {
  readonly currency: string;
  readonly by: Stack;
  readonly lines: readonly ReportLine[];
}

const Currency: FC<CurrencyProps> = ({ currency, by, lines }) => {
  const total = lines.reduce((sum, { amount_net }) => sum + amount_net, 0);
  return (
    <section class="card" aria-labelledby={`currency-${currency}`}>
      <h2 id={`currency-${currency}`}>
        {currency.toUpperCase()} <span class="hint">{formatMoney(total, currency)} in all</span>
      </h2>
      <MonthsChart currency={currency} by={by} lines={lines} />
      <Scroll label={`Amounts in ${currency.toUpperCase()}`}>
        <table>
          <caption class="hidden">Net amounts in {currency.toUpperCase()}</caption>
          <thead>
            <tr>
              <th scope="col">Partner</th>
              <th scope="col">Product</th>
              <th scope="col">Month</th>
              <th scope="col" class="number">
                Transactions
              </th>
              <th scope="col" class="number">
                Net
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr>
                <th scope="row">{line.partner || UNNAMED.partner}</th>
                <td>{line.product || '–'}</td>
                <td>{line.month}</td>
                <td class="number">{line.count.toLocaleString('en')}</td>
                <td class="number">{formatMoney(line.amount_net, currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
};

const MONTHS = 12;
const NAMED = 5;
const HEIGHT = 160;
const SLOT = 60;

/** The last months that have anything; the table beside it says all of it. */
const MonthsChart: FC<CurrencyProps> = ({ currency, by, lines }) => {
  const months = [...new Set(lines.map(({ month = '' }) => month))].sort().slice(-MONTHS);
  const sums = new Map<string, number>();
  for (const line of lines) sums.set(line[by] ?? '', (sums.get(line[by] ?? '') ?? 0) + line.amount_net);
  const names = [...sums.keys()].sort((a, b) => sums.get(b)! - sums.get(a)!);
  const shown = names.slice(0, NAMED);
  // What is left is drawn as one.
  const stacked = names.length > NAMED ? [...shown, undefined] : shown;
  const amount = (month: string, name: string | undefined) =>
    lines
      .filter((line) => line.month === month)
      .filter((line) => (name === undefined ? !shown.includes(line[by] ?? '') : (line[by] ?? '') === name))
      .reduce((sum, { amount_net }) => sum + Math.max(0, amount_net), 0);
  const bars = months.map((month) => stacked.map((name) => amount(month, name)));
  const highest = Math.max(1, ...bars.map((bar) => bar.reduce((sum, each) => sum + each, 0)));
  const label = (i: number) => (stacked[i] === undefined ? 'others' : stacked[i] || UNNAMED[by]);
  return (
    <figure class="chart">
      <svg
        role="img"
        aria-label={`Net ${currency.toUpperCase()} by month and ${by}; the table has the same figures`}
        viewBox={`0 0 ${MONTHS * SLOT} ${HEIGHT + 24}`}
        preserveAspectRatio="xMinYMid"
      >
        {bars.map((bar, m) => {
          const heights = bar.map((value) => (value / highest) * (HEIGHT - 16));
          return (
            <>
              {bar.map((value, i) => (
                <rect
                  class={`series-${i}`}
                  x={m * SLOT + 8}
                  y={HEIGHT - heights.slice(0, i + 1).reduce((sum, each) => sum + each, 0)}
                  width={SLOT - 16}
                  height={heights[i]}
                  rx="2"
                >
                  <title>{`${months[m]} · ${label(i)}: ${formatMoney(value, currency)}`}</title>
                </rect>
              ))}
              <text x={m * SLOT + SLOT / 2} y={HEIGHT + 16}>
                {months[m]}
              </text>
            </>
          );
        })}
      </svg>
      <figcaption>
        {stacked.map((_, i) => (
          <span class="key">
            <svg width="12" height="12" aria-hidden="true">
              <rect class={`series-${i}`} width="12" height="12" rx="3" />
            </svg>{' '}
            {label(i)}
          </span>
        ))}
      </figcaption>
    </figure>
  );
};
