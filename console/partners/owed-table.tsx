/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// What partners are owed, and what their customers paid.

import type { FC } from 'hono/jsx';
import { Scroll } from '../shell/elements.js';
import { money, printable } from '../shell/format.js';
import type { Owed, OwedByMode } from './owed.js';

export const OwedIntro: FC<{ owed: Owed }> = ({ owed: { rules, asOf, problem } }) =>
  problem === undefined ? (
    <p class="hint">
      Rewards by the rules in <code>{rules}</code>, due by {asOf}. <code>npx stripe-partner-sync owed</code> prints the
      same figures.
    </p>
  ) : (
    <section class="card notice" aria-labelledby="rules-problem">
      <h2 id="rules-problem">The rules in {rules} cannot be applied</h2>
      <pre tabindex={0}>{problem.split('\n').map(printable).join('\n')}</pre>
    </section>
  );

export const OwedTable: FC<{ lines: readonly OwedByMode[]; name: string }> = ({ lines, name }) =>
  lines.length === 0 ? (
    <p class="hint">No partner is owed a reward in {name} yet.</p>
  ) : (
    <Scroll label={`Owed in ${name}`}>
      <table class="amounts">
        <caption>Owed to partners</caption>
        <thead>
          <tr>
            <th scope="col">Partner</th>
            <th scope="col" class="number">
              Payments
            </th>
            <th scope="col" class="number">
              Net
            </th>
            <th scope="col" class="number">
              Reward
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ partner = '', count, amount_net, reward, currency }) => (
            <tr>
              <th scope="row">{printable(partner)}</th>
              <td class="number">{count.toLocaleString('en')}</td>
              <td class="number">{money(amount_net, currency)}</td>
              <td class="number">{money(reward, currency)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
