/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Set up: what to copy from here into Stripe and into a backend.

import type { FC } from 'hono/jsx';
import { listenCommand } from '../../cli/listen-command.js';
import type { Settings } from '../../contract/settings.js';
import { subscribedTypes } from '../../functions/domain/decide.js';
import { Copy } from '../shell/elements.js';
import { Layout } from '../shell/layout.js';
import { SNIPPETS } from './snippets.js';

export interface SetupPageProps {
  readonly webhookUrl: string;
  readonly settings: Settings;
  readonly signingSecret: string;
}

export const SetupPage: FC<SetupPageProps> = ({ webhookUrl, settings, signingSecret }) => {
  const types = subscribedTypes(settings);
  return (
    <Layout
      title="Set up"
      path="/"
      intro="Stripe Partner Sync credits every payment to the right customer and every customer to the partner who referred them. Refunded payments stop counting. This stack runs on your machine; connect it to Stripe in three steps."
    >
      <Endpoint webhookUrl={webhookUrl} signingSecret={signingSecret} command={listenCommand(webhookUrl, settings)} />
      <EventTypes settings={settings} types={types} />
      <Metadata source={settings.transactionSource} />
      <p class="next">
        <a class="button" href="/testing">
          Try it in the testing suite
        </a>
      </p>
    </Layout>
  );
};

const Endpoint: FC<{ webhookUrl: string; signingSecret: string; command: string }> = ({
  webhookUrl,
  signingSecret,
  command,
}) => (
  <section class="card" aria-labelledby="endpoint">
    <h2 id="endpoint">1. The webhook endpoint</h2>
    <dl class="facts">
      <dt>Webhook URL</dt>
      <dd>
        <code id="webhook-url">{webhookUrl}</code>
        <Copy id="webhook-url" what="the webhook URL" />
      </dd>
      <dt>Signing secret</dt>
      <dd>
        <code id="signing-secret" data-secret={signingSecret}>
          whsec_••••••••••••
        </code>
        <button type="button" class="quiet" data-reveal="signing-secret" aria-pressed="false">
          Reveal
        </button>
        <Copy id="signing-secret" what="the signing secret" />
      </dd>
      <dt>Forward your test events</dt>
      <dd>
        <code id="listen">{command}</code>
        <Copy id="listen" what="the command" />
      </dd>
    </dl>
    <p class="hint">
      <code>stripe listen</code> prints its own signing secret. Restart the stack with{' '}
      <code>npm start -- --signing-secret whsec_…</code> so that it accepts that secret too.
    </p>
  </section>
);

const EventTypes: FC<{ settings: Settings; types: readonly string[] }> = ({ settings, types }) => (
  <section class="card" aria-labelledby="events">
    <h2 id="events">2. The events to select in Stripe</h2>
    <p>
      Choose the payload style <em>snapshot</em>. The list depends on the settings of this stack:
    </p>
    <ul class="ticks" aria-label="Settings">
      {Object.entries(settings).map(([name, value]) => (
        <li>
          {name}: {String(value)}
        </li>
      ))}
    </ul>
    <p>Event types:</p>
    <ul class="ticks" aria-label="Event types">
      {types.map((type) => (
        <li>
          <code>{type}</code>
        </li>
      ))}
    </ul>
    <pre id="event-list" hidden>
      {types.join(',')}
    </pre>
    <Copy id="event-list" what="the event types" />
  </section>
);

const Metadata: FC<{ source: Settings['transactionSource'] }> = ({ source }) => (
  <section class="card" aria-labelledby="metadata">
    <h2 id="metadata">3. The metadata in your backend</h2>
    <p>
      <code>customer_key</code> identifies a customer on your platform. <code>partner_key</code> names the partner who
      referred them; you can send <code>gspk</code> from the referral link instead. <code>product_key</code> names a
      product that has its own reward.
    </p>
    {SNIPPETS.map(({ language, customer, charge, subscription }, i) => (
      <details name="language" {...(i === 0 ? { open: true } : {})}>
        <summary>{language}</summary>
        <Snippet id={`customer-${i}`} title="When you create a customer" language={language} code={customer} />
        {source === 'charge' ? (
          <Snippet
            id={`payment-${i}`}
            title="On the payment itself, if it has no Stripe customer"
            language={language}
            code={charge}
          />
        ) : (
          <Snippet
            id={`payment-${i}`}
            title="On the subscription: its invoices carry the metadata"
            language={language}
            code={subscription}
          />
        )}
      </details>
    ))}
  </section>
);

const Snippet: FC<{ id: string; title: string; language: string; code: string }> = ({ id, title, language, code }) => (
  <figure class="snippet">
    <figcaption>
      {title}
      <Copy id={id} what={`the ${language} code: ${title}`} />
    </figcaption>
    <pre tabindex={0}>
      <code id={id}>{code}</code>
    </pre>
  </figure>
);
