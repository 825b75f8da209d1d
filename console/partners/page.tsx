/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Partners: what their customers paid, by product and month. Currencies are never added together, nor are live and test mode.

import type { FC } from 'hono/jsx';
import { Empty, ModeBadge, Scroll } from '../shell/elements.js';
import { count, money, printable } from '../shell/format.js';
import { Layout } from '../shell/layout.js';
import { MonthsChart } from './chart.js';
import { type Group, type Line, nameOf, type PartnerReport, type Stack } from './model.js';
import type { Owed, OwedByMode } from './owed.js';
import { OwedIntro, OwedTable } from './owed-table.js';

export const PartnersPage: FC<{ partner: string }> = ({ partner }) => (
  <Layout
    title="Partners"
    path="/partners"
    styles={['partners.css']}
    scripts={['partners.js']}
    intro="What the customers of each partner paid and kept paid, by product and month. Live and test mode are separate."
  >
    <search>
      <form class="toolbar" method="get" action="/partners">
        <label>
          Partner <input type="search" name="partner" value={partner} placeholder="all partners" autocomplete="off" />
        </label>
        <button type="submit">Show</button>
        {partner === '' ? null : <a href="/partners">Show all</a>}
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

/** @param by what the bars of the chart are stacked by */
export const Report: FC<{ report: PartnerReport; partner: string; owed?: Owed }> = ({ report, partner, owed }) => (
  <>
    {owed ? <OwedIntro owed={owed} /> : null}
    <Unattributed lines={report.unattributed} />
    {report.groups.length === 0 ? <NothingPaid partner={partner} customers={report.customers} /> : null}
    {report.groups.map((group) => (
      <Amounts
        group={group}
        by={partner === '' ? 'partner' : 'product'}
        owed={owed?.lines.filter(
          ({ currency, livemode }) => currency === group.currency && livemode === group.livemode,
        )}
      />
    ))}
  </>
);

const NothingPaid: FC<{ partner: string; customers: number }> = ({ partner, customers }) => {
  if (partner === '')
    return (
      <Empty>
        No customer has a payment yet. Run <code>npm run demo</code>, or send a customer and a payment from the{' '}
        <a href="/testing">testing suite</a>.
      </Empty>
    );
  if (customers > 0)
    return (
      <Empty>
        <strong>{printable(partner)}</strong> has referred {count(customers, 'customer')}, and none of them has a
        payment.
      </Empty>
    );
  return (
    <Empty>
      Unknown partner <strong>{printable(partner)}</strong>: no customer has this partner_key. The filter compares the
      whole key. <a href="/partners">Show all partners</a>
    </Empty>
  );
};

/** Payments that count for no partner yet. */
const Unattributed: FC<{ lines: readonly Line[] }> = ({ lines }) =>
  lines.length === 0 ? null : (
    <section class="card notice" aria-labelledby="unattributed">
      <h2 id="unattributed">Payments without a customer</h2>
      <ul>
        {lines.map(({ livemode, currency, count: payments, amount_net }) => (
          <li>
            {count(payments, 'payment')}, {money(amount_net, currency)} <ModeBadge livemode={livemode} />
          </li>
        ))}
      </ul>
      <p class="hint">
        No partner is credited for these. Set <code>customer_key</code> in the metadata of the Stripe customer or of the
        payment; the next event about it credits the payment. <a href="/transactions?state=waiting">Show them</a>
      </p>
    </section>
  );

const Amounts: FC<{ group: Group; by: Stack; owed: readonly OwedByMode[] | undefined }> = ({ group, by, owed }) => {
  const { currency, livemode, lines, total } = group;
  const name = `${currency.toUpperCase()}, ${livemode ? 'live' : 'test'} mode`;
  const id = `amounts-${currency}-${livemode ? 'live' : 'test'}`;
  return (
    <section class="card" aria-labelledby={id}>
      <h2 id={id}>
        {currency.toUpperCase()} <ModeBadge livemode={livemode} />{' '}
        <span class="hint">{money(total, currency)} in total</span>
      </h2>
      <MonthsChart group={group} by={by} />
      {owed ? <OwedTable lines={owed} name={name} /> : null}
      <Scroll label={`Amounts in ${name}`}>
        <table class="amounts">
          <caption class="hidden">Net amounts in {name}</caption>
          <thead>
            <tr>
              <th scope="col">Partner</th>
              <th scope="col">Product</th>
              <th scope="col">Month</th>
              <th scope="col" class="number">
                Payments
              </th>
              <th scope="col" class="number">
                Net
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr>
                <th scope="row">{printable(nameOf(line, 'partner'))}</th>
                <td>{line.product ? printable(line.product) : '–'}</td>
                <td class="month-cell">{line.month}</td>
                <td class="number">{line.count.toLocaleString('en')}</td>
                <td class="number">{money(line.amount_net, currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
};
