/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Bars by month. Each bar is an SVG that stretches; the labels are HTML, so they are readable at any width.

import type { FC } from 'hono/jsx';
import { money, printable } from '../shell/format.js';
import { type Group, nameOf, type Stack } from './model.js';

const MONTHS = 12;
/** The largest partners or products have a color each; the others share one. */
const NAMED = 5;
const HEIGHT = 160;

export const MonthsChart: FC<{ group: Group; by: Stack }> = ({ group, by }) => {
  const { currency, livemode } = group;
  const { months, names, amounts } = chartData(group, by);
  const highest = Math.max(1, ...amounts.map((bar) => bar.reduce((sum, each) => sum + each, 0)));
  const mode = livemode ? 'live' : 'test';
  return (
    <figure class="chart">
      <div
        class="bars"
        role="img"
        aria-label={`Net ${currency.toUpperCase()} in ${mode} mode by month and ${by}; the table has the same figures`}
      >
        {months.map((month, m) => (
          <div class="month">
            <Bar
              values={amounts[m]!}
              highest={highest}
              title={(i) => `${month} · ${names[i]}: ${money(amounts[m]![i]!, currency)}`}
            />
            <MonthLabel month={month} />
          </div>
        ))}
      </div>
      <figcaption>
        {names.map((name, i) => (
          <span class="key">
            <svg width="12" height="12" aria-hidden="true">
              <rect class={`series-${i}`} width="12" height="12" rx="3" />
            </svg>{' '}
            {name}
          </span>
        ))}
      </figcaption>
    </figure>
  );
};

interface BarProps {
  readonly values: readonly number[];
  readonly highest: number;
  readonly title: (index: number) => string;
}

const Bar: FC<BarProps> = ({ values, highest, title }) => {
  const heights = values.map((value) => (value / highest) * HEIGHT);
  return (
    <svg viewBox={`0 0 10 ${HEIGHT}`} height={HEIGHT} preserveAspectRatio="none" aria-hidden="true">
      {heights.map((height, i) => (
        <rect
          class={`series-${i}`}
          width="10"
          height={height}
          y={HEIGHT - heights.slice(0, i + 1).reduce((sum, each) => sum + each, 0)}
        >
          <title>{title(i)}</title>
        </rect>
      ))}
    </svg>
  );
};

/** `2026-01` as `Jan` above `’26`. */
const MonthLabel: FC<{ month: string }> = ({ month }) => (
  <span class="label">
    {new Date(`${month}-01T00:00:00Z`).toLocaleString('en', { month: 'short', timeZone: 'UTC' })}
    <br />’{month.slice(2, 4)}
  </span>
);

/** The last months that have payments, and for each the amount of each name; negative amounts are not drawn. */
function chartData({ lines }: Group, by: Stack) {
  const months = [...new Set(lines.map(({ month = '' }) => month))].sort().slice(-MONTHS);
  const totals = new Map<string, number>();
  for (const line of lines) totals.set(nameOf(line, by), (totals.get(nameOf(line, by)) ?? 0) + line.amount_net);
  const sorted = [...totals.keys()].sort((a, b) => totals.get(b)! - totals.get(a)!);
  const named = sorted.slice(0, NAMED);
  const amount = (month: string, isOf: (name: string) => boolean) =>
    lines
      .filter((line) => line.month === month && isOf(nameOf(line, by)))
      .reduce((sum, { amount_net }) => sum + Math.max(0, amount_net), 0);
  const hasOthers = sorted.length > NAMED;
  return {
    months,
    names: [...named.map(printable), ...(hasOthers ? ['others'] : [])],
    amounts: months.map((month) => [
      ...named.map((name) => amount(month, (each) => each === name)),
      ...(hasOthers ? [amount(month, (each) => !named.includes(each))] : []),
    ]),
  };
}
