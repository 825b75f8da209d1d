// The testing suite: signs its own events, follows each into the tables of a stack, and removes its rows.

import { sendEvents } from '../functions/queue/send-events.js';
import { OperatorError } from './errors.js';
import type { Output } from './output.js';
import { postSigned } from './sample-events.js';
import type { Target } from './target.js';
import { createStory, removeEarlierRuns, type Story } from './verify-story.js';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** It was not run, because one that it depends on failed or was late; then `ok` is false. */
  readonly skipped?: true;
  /** What to do about it. A check that is `ok` can have a remedy too: then it is a warning. */
  readonly remedy?: string;
}

export interface VerifyOptions {
  readonly url?: string;
  /** How long to wait for each row, in seconds. */
  readonly deadline: number;
  /** Stops the checks; the rows are removed all the same. */
  readonly signal?: AbortSignal;
}

/** How long rows that must not change are watched, in milliseconds: longer than the queue's batching window. */
const WATCH = 4000;
/** Milliseconds to wait for rows after an interruption, in place of the whole deadline. */
const INTERRUPTED_DEADLINE = 10_000;

/** @returns the checks; each is printed as it ends, and the rows that they made are removed in the end */
export async function verify(
  target: Target,
  { url = target.webhookUrl, deadline, signal }: VerifyOptions,
  output: Pick<Output, 'item' | 'say'>,
): Promise<Check[]> {
  const checks = createChecks(output, signal);
  const way = url === '' ? wayByQueue(target) : await wayByWebhook(target, url);
  const arrives = (holds: () => Promise<boolean>) => until(holds, deadline * 1000, signal);

  await removeEarlierRuns(target);
  const story = createStory(target);
  const accepts = await way.check(checks, story);
  await checkReconcileKey(checks, target);
  if (!accepts) return checks.done;
  try {
    await followStory(checks, story, way.post, arrives);
  } finally {
    const milliseconds = signal?.aborted ? INTERRUPTED_DEADLINE : deadline * 1000;
    if (!(await cleanUp(story, milliseconds))) {
      output.say('Some events have not been applied yet. The next `verify` removes the rows that they will make.');
    }
  }
  return checks.done;
}

type Post = (event: object, options?: { readonly key?: string; readonly at?: number }) => Promise<number>;

/** How the events of the story get in. */
interface Way {
  readonly post: Post;
  /** @returns whether events can get in */
  check(checks: Checks, story: Story): Promise<boolean>;
}

async function wayByWebhook(target: Target, url: string): Promise<Way> {
  const [secret] = await target.signingSecrets.read();
  const post: Post = async (event, { key = secret ?? '', at = Date.now() } = {}) =>
    (await postSigned(url, JSON.stringify(event), key, at)).status;
  return { post, check: (checks, story) => checkEndpoint(checks, story, { url, post, secret }) };
}

/** Without a webhook. Only Stripe can put events on the bus of its partner event source. */
function wayByQueue({ eventBridge, sqs, queueUrl }: Target): Way {
  if (!eventBridge) throw new OperatorError('the webhook’s URL is not known: name it with --url', 2);
  return {
    async post(event) {
      await sendEvents(sqs, queueUrl, [event]);
      return 200;
    },
    async check(checks) {
      checks.warn(
        'the way from Stripe through EventBridge to the queue was not checked',
        `Only Stripe can put events on the bus ${eventBridge.source}. Send one from Stripe (\`stripe trigger customer.created\` in a sandbox), and look at "Events from EventBridge" on the dashboard. The checks that follow begin at the queue.`,
      );
      return true;
    },
  };
}

function createChecks(output: Pick<Output, 'item'>, signal: AbortSignal | undefined) {
  const done: Check[] = [];
  const add = (check: Check) => {
    done.push(check);
    const mark = check.skipped ? '–' : check.ok ? '✔' : '✘';
    output.item(check, `${mark} ${check.name}${check.remedy ? `\n    ${check.remedy}` : ''}`);
    return check.ok;
  };
  return {
    done,
    /** Once one check has failed, those that depend on it are skipped. */
    async run(name: string, remedy: string, holds: () => Promise<boolean>, dependsOn = true): Promise<boolean> {
      if (!dependsOn || signal?.aborted) {
        const why = signal?.aborted ? 'interrupted' : 'skipped, because a check before it failed or was late';
        return add({ name, ok: false, skipped: true, remedy: why });
      }
      const ok = await holds().catch(() => false);
      if (!ok && signal?.aborted) return add({ name, ok, skipped: true, remedy: 'interrupted' });
      return add({ name, ok, ...(ok ? {} : { remedy }) });
    },
    warn: (name: string, remedy: string) => add({ name, ok: true, remedy }),
  };
}

type Checks = ReturnType<typeof createChecks>;

/** @returns whether the endpoint accepts signed events */
async function checkEndpoint(
  checks: Checks,
  story: Story,
  { url, post, secret }: { readonly url: string; readonly post: Post; readonly secret: string | undefined },
): Promise<boolean> {
  const reachable = await checks.run(
    'the webhook is reachable',
    `Nothing answers at ${url}: check that the stack is deployed and its domain is set up.`,
    async () => (await post({}, { key: 'whsec_forged' })) !== 0,
  );
  await checks.run(
    'a forged signature is refused',
    'The endpoint accepts unsigned events, so it does not belong to this stack.',
    async () => (await post(story.customer.event, { key: 'whsec_forged' })) === 400,
    reachable,
  );
  await checks.run(
    'an old timestamp is refused',
    'The endpoint accepts replayed events, so it does not belong to this stack.',
    async () => (await post(story.customer.event, { at: Date.now() - 301_000 })) === 400,
    reachable,
  );
  const stored = await checks.run(
    'a signing secret is stored',
    'Store the endpoint’s secret, or run `connect`: see docs/deploy.md.',
    async () => secret !== undefined,
  );
  return reachable && stored;
}

/** Without a key nothing fetches what Stripe could not deliver; a stack can run that way. */
async function checkReconcileKey(checks: Checks, target: Target): Promise<void> {
  const stored = await target.hasReconcileKey().catch(() => undefined);
  if (stored !== false) return;
  checks.warn(
    'reconcile has no Stripe API key',
    'Warning: events that Stripe could not deliver are not fetched. Store a restricted key: see docs/operations.md.',
  );
}

const REFUSED =
  'The webhook refuses events signed with the stored secret. A new secret takes up to a minute to be picked up: try again.';
const LATE =
  'The rows did not appear in time: look at the dashboard, the worker’s errors and the dead letters, or raise --deadline.';

async function followStory(
  checks: Checks,
  story: Story,
  post: Post,
  arrives: (holds: () => Promise<boolean>) => Promise<boolean>,
): Promise<void> {
  const send = async (step: Story['customer']) => {
    const accepted = (await post(step.event)) === 200;
    if (accepted) story.sent.add(step);
    return accepted;
  };
  const customerSent = await checks.run('a signed customer is accepted', REFUSED, () => send(story.customer));
  const customer = await checks.run(
    'a customer reaches the tables',
    LATE,
    () => arrives(story.customer.applied),
    customerSent,
  );
  const chargeSent = await checks.run('a signed payment is accepted', REFUSED, () => send(story.paid), customer);
  const recorded = await checks.run(
    'a payment is recorded under its customer',
    LATE,
    () => arrives(story.paid.applied),
    chargeSent,
  );
  const same = async (step: Story['customer']) => (await send(step)) && (await stays(story.paid.applied));
  const duplicate = await checks.run(
    'a duplicate changes nothing',
    'The row changed when the same event arrived again.',
    () => same(story.paid),
    recorded,
  );
  const older = await checks.run(
    'an older event that arrives late changes nothing',
    'An older event overwrote a newer one.',
    () => same(story.olderPaid),
    duplicate,
  );
  await followReversals(checks, story, older, async (step) => (await send(step)) && (await arrives(step.applied)));
}

/** Refunds and disputes, each of which is undone in the end. */
async function followReversals(
  checks: Checks,
  { refund, refundFailed, dispute }: Story,
  recorded: boolean,
  takesEffect: (step: Story['customer']) => Promise<boolean>,
): Promise<void> {
  const steps: readonly (readonly [name: string, step: Story['customer']])[] = [
    ['a refund takes the payment back', refund],
    ['a refund that fails gives it back', refundFailed],
    ...(dispute
      ? ([
          ['a lost dispute takes the payment back', dispute.lost],
          ['a dispute that is won gives it back', dispute.won],
        ] as const)
      : []),
  ];
  let ok = recorded;
  for (const [name, step] of steps) ok = await checks.run(name, LATE, () => takesEffect(step), ok);
}

/** @returns whether no event can make a row again: all that were accepted have been applied */
async function cleanUp(story: Story, milliseconds: number): Promise<boolean> {
  const applied = await until(() => story.settled(), milliseconds);
  await story.remove();
  // An event whose effect could not be seen, such as the duplicate, may still be in flight: watch, and remove again.
  for (const end = Date.now() + WATCH; Date.now() < end; await sleep(250))
    if (await story.isLeft()) await story.remove();
  return applied;
}

async function until(holds: () => Promise<boolean>, milliseconds: number, signal?: AbortSignal): Promise<boolean> {
  for (const end = Date.now() + milliseconds; ; await sleep(250)) {
    if (signal?.aborted) return false;
    if (await holds()) return true;
    if (Date.now() > end) return false;
  }
}

async function stays(holds: () => Promise<boolean>): Promise<boolean> {
  for (const end = Date.now() + WATCH; Date.now() < end; await sleep(250)) if (!(await holds())) return false;
  return true;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
