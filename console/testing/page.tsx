/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The page of the testing suite: the checks of `verify`, and single events to send and follow into the rows.

import type { FC } from 'hono/jsx';
import type { Settings } from '../../contract/settings.js';
import { Layout } from '../shell/layout.js';
import type { Scenario } from './scenarios.js';

export const TestingPage: FC<{ settings: Settings; scenarios: readonly Scenario[] }> = ({ settings, scenarios }) => (
  <Layout
    title="Testing suite"
    path="/testing"
    styles={['testing.css']}
    scripts={['testing.js']}
    intro={`This stack takes transactions from ${settings.transactionSource}s. The page signs every event and sends it over HTTP, as Stripe does.`}
  >
    <section class="card" aria-labelledby="checks">
      <h2 id="checks">Check the whole stack</h2>
      <p>The checks send signed events through the webhook and compare the rows. They remove their rows afterwards.</p>
      <button type="button" id="verify" class="primary">
        Run the checks
      </button>{' '}
      <progress id="verify-progress" aria-label="Checks running" hidden />
      <ol id="verify-results" class="checks" aria-live="polite" />
    </section>
    <section class="card" aria-labelledby="events">
      <h2 id="events">Send one event and watch it</h2>
      <fieldset class="choices">
        <legend class="hidden">Which event</legend>
        {scenarios.map((each, i) => (
          <ScenarioButton scenario={each} chosen={i === 0} />
        ))}
      </fieldset>
      <p id="expectation" class="hint" role="status">
        {scenarios[0]!.expectation}
      </p>
      <label for="event">The event; you can edit it</label>
      <textarea id="event" rows={14} spellcheck={false} autocomplete="off">
        {format(scenarios[0]!)}
      </textarea>
      <div class="row">
        <button type="button" id="send" class="primary">
          Sign and send
        </button>
        <label class="inline">
          <input type="checkbox" id="forged" autocomplete="off" /> with a forged signature
        </label>
      </div>
      <h3 id="happens">What happens</h3>
      <ol id="story" class="story" aria-labelledby="happens" aria-live="polite">
        <li class="hint">You have not sent an event yet.</li>
      </ol>
    </section>
  </Layout>
);

const ScenarioButton: FC<{ scenario: Scenario; chosen: boolean }> = ({ scenario, chosen }) => (
  <button
    type="button"
    data-event={format(scenario)}
    data-expectation={scenario.expectation}
    data-forged={scenario.forged ? 'true' : 'false'}
    aria-pressed={chosen ? 'true' : 'false'}
  >
    {scenario.title}
  </button>
);

function format({ event }: Scenario): string {
  return JSON.stringify(event, undefined, 2);
}
