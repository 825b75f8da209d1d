/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Set up, and the testing suite.

import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { explain, OperatorError } from '../../cli/errors.js';
import { postSigned } from '../../cli/sample-events.js';
import { type Check, verify } from '../../cli/verify.js';
import { fragments, type Send } from '../fragments.js';
import type { Entry, History } from '../history.js';
import { page } from '../page.js';
import { SetupPage } from '../pages/setup.js';
import { CheckLine, RowsChanged, StoryStep, TestingPage } from '../pages/testing.js';
import type { Shared } from '../parts.js';
import { rowsOf } from '../rows.js';
import { scenarios } from '../scenarios.js';
import { changesIn, describeOutcome } from '../words.js';

/** How long the worker is waited for, in milliseconds: the queue's window, and patience. */
const PATIENCE = 20_000;

export function testingRoutes(shared: Shared): Hono {
  const { stack, target } = shared;
  const app = new Hono();

  app.get('/', async (c) => {
    const [signingSecret = ''] = await target.signingSecrets.read();
    return page(c, <SetupPage stack={stack} signingSecret={signingSecret} />);
  });

  app.get('/testing', (c) => {
    const run = randomBytes(3).toString('hex');
    const events = scenarios(run, Math.floor(Date.now() / 1000) - 60, stack.settings);
    return page(c, <TestingPage settings={stack.settings} scenarios={events} />);
  });

  app.post('/testing/verify', (c) =>
    fragments(
      c,
      async (send) => {
        const sent: Promise<void>[] = [];
        const output = {
          item: (check: object) => {
            sent.push(send('verify-results', <CheckLine check={check as Check} />, { append: true }));
          },
          say() {},
          progress() {},
        };
        await verify(target, { deadline: PATIENCE / 1000 }, output);
        await Promise.all(sent);
      },
      (error, send) => send('verify-results', <StoryStep where="Stopped" text={explain(error).message} ok={false} />),
    ),
  );

  app.post('/testing/send', async (c) => {
    const { event, forged } = await c.req.json<{ event?: unknown; forged?: unknown }>();
    return fragments(
      c,
      (send) => sendAndFollow(shared, String(event ?? ''), forged === true, send),
      (error, send) =>
        send('story', <StoryStep where="Stopped" text={explain(error).message} ok={false} />, { append: true }),
    );
  });
  return app;
}

/** Sends one event as it is written, and tells of it until its rows are there. */
async function sendAndFollow({ stack, target, history }: Shared, body: string, forged: boolean, send: Send) {
  const tell = (where: string, text: string, options: { ok?: boolean; detail?: string } = {}) =>
    send('story', <StoryStep where={where} text={text} {...options} />, { append: true });
  const changes = changesIn(body, stack.settings);
  const before = await rowsOf(target, changes);
  const [secret] = await target.signingSecrets.read();
  if (secret === undefined) throw new OperatorError('no signing secret is stored');
  const eventId = idOf(body);
  const outcome = eventId === undefined ? undefined : follow(history, eventId);
  try {
    await tell(
      'Request',
      `POST ${stack.webhookUrl}, ${Buffer.byteLength(body)} bytes, signed${forged ? ' with another secret' : ''}`,
    );
    const answer = await postSigned(stack.webhookUrl, body, forged ? 'whsec_forged' : secret);
    await tell('Answer', String(answer.status || 'none'), { ok: answer.status === 200, detail: answer.body });
    if (answer.status !== 200 || !outcome) return;
    const received = await outcome.until((entry) => entry !== undefined, 2_000);
    if (received && received.outcome !== 'queued' && received.outcome.match(/unsupported_type|livemode_mismatch/)) {
      await tell('Ingest', describeOutcome(received, { changes }));
      return;
    }
    await tell('Queue', 'accepted; the worker takes it within the queue’s window of 2 seconds');
    const applied = await outcome.until((entry) => entry.outcome !== 'queued', PATIENCE);
    if (!applied) {
      await tell('Worker', 'has not told of it yet: see the live feed', { ok: false });
      return;
    }
    const ok = !['failed', 'not_understood'].includes(applied.outcome);
    const after = await rowsOf(target, changes);
    const row = [...after.values()].find((each) => 'transaction_id' in each);
    await tell('Worker', describeOutcome(applied, { changes, ...(row ? { row: row as never } : {}) }), { ok });
    await send('story', <RowsChanged before={before} after={after} />, { append: true });
  } finally {
    outcome?.stop();
  }
}

/** Waits for what the functions tell of an event from now on. */
function follow(history: History, eventId: string) {
  const known = new Set(history.entries().map(({ sequence }) => sequence));
  let latest: Entry | undefined;
  let wake = () => {};
  const unsubscribe = history.subscribe((entry) => {
    if (entry.eventId !== eventId || known.has(entry.sequence)) return;
    latest = entry;
    wake();
  });
  return {
    async until(wanted: (entry: Entry) => boolean, milliseconds: number): Promise<Entry | undefined> {
      const end = Date.now() + milliseconds;
      while (Date.now() < end) {
        if (latest && wanted(latest)) return latest;
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, 200);
        });
      }
      return undefined;
    },
    stop: unsubscribe,
  };
}

function idOf(body: string): string | undefined {
  try {
    const { id } = JSON.parse(body);
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}
