/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Set up: everything to copy from here into Stripe and into a back-end.

import type { FC } from 'hono/jsx';
import type { StackFile } from '../../contract/stack-file.js';
import { subscribedTypes } from '../../functions/domain/decide.js';
import { SNIPPETS } from '../snippets.js';
import { Copy, Layout } from './layout.js';

export const SetupPage: FC<{ stack: StackFile; signingSecret: string }> = ({ stack, signingSecret }) => {
  const { webhookUrl, settings } = stack;
  return (
    <Layout
      title="Set up"
      path="/"
      intro="Every payment under the right customer, every refund taken away again, each customer tied to the partner who referred them. This stack runs on this machine alone; three things connect it to Stripe."
    >
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
          <dt>Your own test events</dt>
          <dd>
            <code id="listen">stripe listen --forward-to {webhookUrl}</code>
            <Copy id="listen" what="the command" />
          </dd>
        </dl>
        <p class="hint">
          <code>stripe listen</code> prints a signing secret of its own: start the stack again with{' '}
          <code>npm start -- --signing-secret whsec_…</code>, and it is valid too.
        </p>
      </section>
      <section class="card" aria-labelledby="events">
        <h2 id="events">2. The events to tick in Stripe</h2>
        <p>
          For the current settings (transactions from {settings.transactionSource}s, partial refunds:{' '}
          {settings.partialRefund}, mode: {settings.livemode}), with the payload style <em>snapshot</em>:
        </p>
        <ul class="ticks">
          {subscribedTypes(settings).map((type) => (
            <li>
              <code>{type}</code>
            </li>
          ))}
        </ul>
        <pre id="event-list" hidden>
          {subscribedTypes(settings).join(',')}
        </pre>
        <Copy id="event-list" what="the event types" />
      </section>
      <section class="card" aria-labelledby="metadata">
        <h2 id="metadata">3. The metadata in your back-end</h2>
        <p>
          <code>customer_key</code> is whatever identifies a customer on your platform, <code>partner_key</code> the
          partner who referred them (or <code>gspk</code>, as the referral link carries it), <code>product_key</code> a
          product with a reward of its own.
        </p>
        {SNIPPETS.map(({ language, customer, charge }, i) => (
          <details name="language" {...(i === 0 ? { open: true } : {})}>
            <summary>{language}</summary>
            <SnippetBlock id={`customer-${i}`} title="When a customer is created" language={language} code={customer} />
            <SnippetBlock
              id={`charge-${i}`}
              title="Without a customer in Stripe: on the payment itself"
              language={language}
              code={charge}
            />
          </details>
        ))}
      </section>
      <p class="next">
        <a class="button" href="/testing">
          See it work in the testing suite
        </a>
      </p>
    </Layout>
  );
};

const SnippetBlock: FC<{ id: string; title: string; language: string; code: string }> = ({
  id,
  title,
  language,
  code,
}) => (
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
