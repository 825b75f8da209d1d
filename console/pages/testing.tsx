/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The testing suite: the checks of `verify`, and single events to send and follow into the rows.

import type { FC } from 'hono/jsx';
import type { Check } from '../../cli/verify.js';
import type { Settings } from '../../contract/settings.js';
import type { Scenario } from '../scenarios.js';
import { Layout, Scroll, time } from './layout.js';

export const TestingPage: FC<{ settings: Settings; scenarios: readonly Scenario[] }> = ({ settings, scenarios }) => (
  <Layout
    title="Testing suite"
    path="/testing"
    scripts={['testing.js']}
    intro={`Transactions come from ${settings.transactionSource}s here. Every event below is signed and sent over HTTP, as Stripe would.`}
  >
    <section class="card" aria-labelledby="checks">
      <h2 id="checks">Is everything in its place?</h2>
      <p>Eleven checks, from the signature to a refund. The rows that they make are removed again.</p>
      <button type="button" id="verify" class="primary">
        Run the checks
      </button>
      <progress id="verify-progress" max="11" value="0" aria-label="Checks done" hidden />
      <ol id="verify-results" class="checks" aria-live="polite" />
    </section>
    <section class="card" aria-labelledby="events">
      <h2 id="events">Send one event and watch it</h2>
      <fieldset class="choices">
        <legend class="hidden">Which event</legend>
        {scenarios.map((each) => (
          <button
            type="button"
            data-scenario={each.id}
            data-event={JSON.stringify(each.event, undefined, 2)}
            data-expectation={each.expectation}
            data-forged={each.forged ? 'true' : 'false'}
            aria-pressed="false"
          >
            {each.title}
          </button>
        ))}
      </fieldset>
      <p id="expectation" class="hint" role="status">
        Choose an event. “Customer” first and “Charge” after it is a good start.
      </p>
      <label for="event">The event, to change as you like</label>
      <textarea id="event" rows={14} spellcheck={false} autocomplete="off" />
      <div class="row">
        <button type="button" id="send" class="primary">
          Sign and send
        </button>
        <label class="inline">
          <input type="checkbox" id="forged" /> with a forged signature
        </label>
      </div>
      <h3 id="happens">What happens</h3>
      <ol id="story" class="story" aria-labelledby="happens" aria-live="polite">
        <li class="hint">Nothing has been sent from this page yet.</li>
      </ol>
    </section>
  </Layout>
);

export const CheckLine: FC<{ check: Check }> = ({ check: { name, ok, remedy } }) => (
  <li class={ok ? 'good' : 'bad'}>
    <span aria-hidden="true">{ok ? '✔' : '✘'}</span> {ok ? '' : 'Failed: '}
    {name}
    {remedy ? <p class="hint">{remedy}</p> : null}
  </li>
);

export const StoryStep: FC<{ where: string; text: string; ok?: boolean; detail?: string }> = ({
  where,
  text,
  ok = true,
  detail,
}) => (
  <li class={ok ? 'good' : 'bad'}>
    <strong>{where}</strong> <span>{text}</span> <time>{time(Date.now())}</time>
    {detail ? (
      <pre tabindex={0}>
        <code>{detail}</code>
      </pre>
    ) : null}
  </li>
);

type Rows = ReadonlyMap<string, object>;

/** The rows that an event is about, attribute by attribute, as they were and as they are. */
export const RowsChanged: FC<{ before: Rows; after: Rows }> = ({ before, after }) => {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return (
    <li class="good">
      <strong>Rows</strong> {names.length === 0 ? <span>there is no row for this, before or after</span> : null}
      {names.map((name) => (
        <RowChange name={name} before={before.get(name) ?? {}} after={after.get(name) ?? {}} />
      ))}
    </li>
  );
};

const RowChange: FC<{ name: string; before: object; after: object }> = ({ name, before, after }) => {
  const [old, now] = [before as Record<string, unknown>, after as Record<string, unknown>];
  const attributes = [...new Set([...Object.keys(now), ...Object.keys(old)])];
  const changed = attributes.filter((each) => show(old[each]) !== show(now[each]));
  return (
    <Scroll label={name}>
      <table>
        <caption>
          {name}{' '}
          <span class="hint">{changed.length === 0 ? 'nothing changed' : `${changed.length} attributes changed`}</span>
        </caption>
        <thead>
          <tr>
            <th scope="col">Attribute</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {attributes.map((each) => (
            <tr class={changed.includes(each) ? 'changed' : ''}>
              <th scope="row">{each}</th>
              <td>{show(old[each])}</td>
              <td>{show(now[each])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
};

function show(value: unknown): string {
  return value === undefined ? '–' : String(value);
}
