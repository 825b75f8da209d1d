/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Sends one event to the webhook and reports each step until its rows are written.

import { OperatorError } from '../../cli/errors.js';
import { postSigned } from '../../cli/sample-events.js';
import type { Target } from '../../cli/target.js';
import { mustBeRetried, type WorkerOutcome } from '../../contract/outcomes.js';
import type { StackFile } from '../../contract/stack-file.js';
import type { Transaction } from '../../reader/reader.js';
import { rowsAffectedBy } from '../events/affected-rows.js';
import type { Entry, History } from '../events/history.js';
import { changesIn, describeOutcome } from '../events/outcome-words.js';
import type { Send } from '../shell/fragments.js';
import { RowsChanged, StoryStep, type StoryStepProps } from './story.js';

/** How long to wait for the worker, in milliseconds: the batching window of the queue is two seconds. */
const WORKER_DEADLINE = 20_000;
const INGEST_DEADLINE = 2_000;

export interface SendOptions {
  readonly stack: StackFile;
  readonly target: Target;
  readonly history: History;
  /** The event as JSON, as it was typed. */
  readonly body: string;
  /** Sign with a secret that is not the stack's. */
  readonly forged: boolean;
}

/** @throws {OperatorError} when no signing secret is stored */
export async function sendAndFollow({ stack, target, history, body, forged }: SendOptions, send: Send): Promise<void> {
  const tell = (step: StoryStepProps) => send('story', <StoryStep {...step} />, { append: true });
  const changes = changesIn(body, stack.settings);
  const before = await rowsAffectedBy(target, changes);
  const [secret] = await target.signingSecrets.read();
  if (secret === undefined) throw new OperatorError('No signing secret is stored: restart the stack.');
  const eventId = idOf(body);
  const outcome = eventId === undefined ? undefined : follow(history, eventId);
  try {
    const signed = forged ? 'signed with a wrong secret' : 'signed';
    await tell({ where: 'Request', text: `POST ${stack.webhookUrl}, ${Buffer.byteLength(body)} bytes, ${signed}` });
    const response = await postSigned(stack.webhookUrl, body, forged ? 'whsec_forged' : secret);
    await tell({
      where: 'Response',
      text: String(response.status || 'none'),
      ok: response.status === 200,
      detail: response.body,
    });
    if (response.status !== 200 || !outcome) return;

    const received = await outcome.until(() => true, INGEST_DEADLINE);
    if (received?.outcome === 'unsupported_type' || received?.outcome === 'livemode_mismatch') {
      await tell({ where: 'Ingest', text: describeOutcome(received, { changes }) });
      return;
    }
    await tell({ where: 'Queue', text: 'accepted; the worker receives it within two seconds' });
    const processed = await outcome.until((entry) => entry.outcome !== 'queued', WORKER_DEADLINE);
    if (!processed) {
      await tell({ where: 'Worker', text: 'no outcome yet: see the live feed', ok: false });
      return;
    }
    const after = await rowsAffectedBy(target, changes);
    const row = [...after.values()].find((each): each is Transaction => 'transaction_id' in each);
    await tell({
      where: 'Worker',
      text: describeOutcome(processed, { changes, ...(row ? { row } : {}) }),
      ok: !mustBeRetried({ outcome: processed.outcome as WorkerOutcome }),
    });
    await send('story', <RowsChanged before={before} after={after} />, { append: true });
  } finally {
    outcome?.stop();
  }
}

/** Waits for log lines about an event from now on. */
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
    async until(isWanted: (entry: Entry) => boolean, milliseconds: number): Promise<Entry | undefined> {
      const end = Date.now() + milliseconds;
      while (Date.now() < end) {
        if (latest && isWanted(latest)) return latest;
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
