// What is done to the local stack so that each alarm goes off for its real cause.

import { RETRIED_FOR } from '../../lib/change-feed.js';
import { PERIOD } from '../../lib/metric-source.js';
import { charge, event } from '../support/builders/events.js';
import { until } from '../support/until.js';
import type { Concurrency } from './clock.js';
import { QUIET_HOURS, SOURCE, type StackUnderDrill, THROTTLE } from './stack.js';

export interface Drill {
  /** The id of the alarm's construct. */
  readonly alarm: string;
  /** What was done, how it was ended, and where the values of the alarm's metric come from: for the table in docs/runbook.md. */
  readonly did: string;
  readonly ended: string;
  readonly values: string;
  /** Runs in each period while the cause lasts; `first` in the first of them. */
  cause(drill: DrillContext, first: boolean): Promise<void>;
  /** Ends the cause. */
  end?(drill: DrillContext): Promise<void>;
}

export interface DrillContext {
  readonly stack: StackUnderDrill;
  readonly concurrency: Concurrency;
  /** How many invocations of a function failed so far. */
  failures(functionName: string): number;
  /** How many lines with this outcome the functions have printed so far. */
  lines(outcome: string): number;
}

/** An engine that the drills did not start may have the rows of an earlier run. */
const RUN = Date.now().toString(36);
let posted = 0;
export const payment = (fields: Record<string, unknown> = {}) => {
  const id = ++posted;
  return event('charge.succeeded', charge({ id: `ch_drill_${RUN}_${id}`, ...fields }), id, `evt_drill_${RUN}_${id}`);
};

/** What a stack does when all is well: an event arrives and is applied. */
export async function allIsWell({ stack }: Pick<DrillContext, 'stack'>): Promise<void> {
  await mustAnswer(stack, 200, payment());
  await until(async () => (await stack.counts()).events === 0, 60_000);
}

async function mustAnswer(stack: StackUnderDrill, expected: number, body: object, secret?: string): Promise<void> {
  const status = await stack.post(body, secret);
  if (status !== expected) throw new Error(`the webhook answered ${status} instead of ${expected}`);
}

const NOT_AN_AMOUNT = { amount: 'a lot' };
/** Posts an event and waits until a batch with it is with the worker: received, and gathered for the batch window of 2 seconds. */
async function handToWorker(stack: StackUnderDrill): Promise<void> {
  const { inFlight } = await stack.counts();
  await mustAnswer(stack, 200, payment());
  await until(async () => (await stack.counts()).inFlight > inFlight, 20_000);
  await sleep(2_500);
}

/** Stops a function's process, gives it work, kills it, and waits until that invocation has failed. */
async function killAtWork(drill: DrillContext, name: string, giveWork: () => Promise<void>, patience: number) {
  const before = drill.failures(name);
  const pid = drill.stack.pids()[name]!;
  process.kill(pid, 'SIGSTOP');
  await giveWork();
  process.kill(pid, 'SIGKILL');
  await until(() => drill.failures(name) > before, patience);
}

type Cause = Pick<Drill, 'did' | 'ended' | 'cause' | 'end'>;

const DENIED: Cause = {
  did: 'DynamoDB denied every request of the worker, and one event was posted.',
  ended: 'The permission was given back.',
  async cause(drill, first) {
    const { stack } = drill;
    stack.dynamodb.treat('deny');
    if (first) await mustAnswer(stack, 200, payment());
    // The worker retries what is in the queue, so each period sees a failure.
    const before = drill.lines('failed');
    await until(() => drill.lines('failed') > before, 30_000);
  },
  async end({ stack }) {
    stack.dynamodb.treat('pass');
    await until(async () => (await stack.counts()).events === 0, 30_000);
  },
};

const POISONED: Cause = {
  did: 'An event was posted that is signed, but whose amount is not a number.',
  ended: 'The dead letter was deleted.',
  async cause({ stack }, first) {
    if (!first) return;
    await mustAnswer(stack, 200, payment(NOT_AN_AMOUNT));
    await until(async () => (await stack.counts()).deadLetters === 1, 60_000);
  },
  end: ({ stack }) => stack.deleteDeadLetters(),
};

/** Until the feed has sent what is in the streams. */
async function changesAreSent(drill: DrillContext): Promise<void> {
  const before = drill.lines('sent');
  await until(() => drill.lines('sent') > before, 30_000);
}

const REFUSED: Cause = {
  did: 'EventBridge refused every change, and one event was posted.',
  ended: 'EventBridge accepted changes again.',
  async cause(drill, first) {
    const { stack } = drill;
    stack.acceptChanges(false);
    if (first) await mustAnswer(stack, 200, payment());
    const before = drill.lines('failed');
    await until(() => drill.lines('failed') > before, 30_000);
  },
  async end(drill) {
    drill.stack.acceptChanges(true);
    await changesAreSent(drill);
  },
};

/** As Lambda writes it: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html */
const GIVEN_UP = JSON.stringify({
  requestContext: { condition: 'RecordAgeExceeded', approximateInvokeCount: 1 },
  DDBStreamBatchInfo: {
    batchSize: 1,
    streamArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/transactions/stream/1',
  },
});

/** Only where the change feed runs: on an engine that has streams. */
const FEED_DRILLS: readonly Drill[] = [
  {
    alarm: 'FeedDelayed',
    ...REFUSED,
    values: 'derived: the changes that the feed failed to send, and the drill’s clock',
  },
  {
    alarm: 'FeedErrors',
    did: 'The process of the feed was killed while it had a change.',
    ended: 'The local stack restarted it, and the change was sent.',
    values: 'failed invocations',
    async cause(drill) {
      const change = async () => {
        await allIsWell(drill);
        // Time for the stream to be read.
        await sleep(2_000);
      };
      await killAtWork(drill, 'feed', change, 20_000);
      await changesAreSent(drill);
    },
  },
  {
    alarm: 'FeedFailures',
    ...REFUSED,
    did: `${REFUSED.did} After ${RETRIED_FOR.toHours()} hours the drill put the message into the queue that Lambda leaves when it gives up.`,
    ended: `${REFUSED.ended} \`redrive --feed --all\` sent every row and deleted the message.`,
    values: 'derived: the emulated queue, and the drill’s clock (nothing local gives up)',
    async cause(drill, first) {
      if (first) {
        refusedPeriods = 0;
        await REFUSED.cause(drill, first);
      }
      if (++refusedPeriods * PERIOD.toSeconds() === RETRIED_FOR.toSeconds()) await drill.stack.feedFailure(GIVEN_UP);
    },
    async end(drill) {
      await REFUSED.end!(drill);
      await drill.stack.redriveFeed();
    },
  },
];
let refusedPeriods = 0;

/** Alarms whose metrics count what nothing on this machine does, and what is tested instead. */
export const NOT_DRILLED: Readonly<Record<string, string>> = {
  EventBridgeLost:
    'Not drilled: it counts what EventBridge could deliver neither to the queue nor to the dead letters, and no emulator of EventBridge has dead letters. Its definition is tested (`test/lib/event-bridge-source.test.ts`).',
};

const PIPELINE_DRILLS: readonly Drill[] = [
  {
    alarm: 'Webhook5xx',
    did: 'The list of signing secrets was emptied and ingest restarted. An event was posted each minute.',
    ended: 'The secret was stored again.',
    values: 'responses of the local gateway',
    async cause({ stack }, first) {
      if (first) {
        stack.storeSecret('signingsecrets', '{"signingSecrets":[]}');
        await restart(stack, 'ingest');
      }
      await mustAnswer(stack, 503, payment());
    },
    async end({ stack }) {
      stack.storeSecret('signingsecrets');
      await restart(stack, 'ingest');
    },
  },
  {
    alarm: 'Webhook429',
    did: `Many forgeries were posted in parallel until the webhook answered 429. (\`throttle\` was ${THROTTLE.rate} requests per second, bursts of ${THROTTLE.burst}.)`,
    ended: 'The flood ended, and the webhook accepted an event again.',
    values: 'access log of the local gateway, and the template’s metric filter',
    async cause({ stack }) {
      for (const end = Date.now() + 60_000; Date.now() < end; ) {
        const wave = Array.from({ length: 50 }, () => stack.post(payment(), 'whsec_forged'));
        const statuses = await Promise.all(wave);
        if (statuses.includes(429)) return;
        if (statuses.some((status) => status !== 400)) throw new Error(`forgeries were answered with ${statuses}`);
      }
      throw new Error('the webhook never answered 429');
    },
    async end({ stack }) {
      await until(async () => (await stack.post(payment())) === 200, 20_000);
      // The other drills need a whole burst.
      await sleep((THROTTLE.burst / THROTTLE.rate) * 1000);
    },
  },
  {
    alarm: 'NoEventsReceived',
    did: `Nothing was posted. (\`quietHours\` was ${QUIET_HOURS}.)`,
    ended: 'An event was posted.',
    values: 'ingest’s log, and the template’s metric filters',
    async cause() {},
  },
  {
    alarm: 'Refused',
    did: 'In each period, 5 events were posted with the right signature and 20 with a forged one.',
    ended: 'The forgeries stopped.',
    values: 'ingest’s log, and the template’s metric filters',
    async cause({ stack }) {
      for (let i = 0; i < 5; i++) await mustAnswer(stack, 200, payment());
      for (let i = 0; i < 20; i++) await mustAnswer(stack, 400, payment(), 'whsec_forged');
    },
  },
  {
    alarm: 'IngestErrors',
    did: 'The process of ingest was killed while it handled a request.',
    ended: 'The local stack restarted it, as Lambda does.',
    values: 'failed invocations',
    async cause(drill) {
      let answer: Promise<number> | undefined;
      const request = async () => {
        answer = drill.stack.post(payment());
        await sleep(200);
      };
      await killAtWork(drill, 'ingest', request, 5_000);
      if ((await answer) !== 503) throw new Error('a crash of ingest was not answered with 503');
    },
    end: ({ stack }) => until(async () => (await stack.post(payment())) === 200, 20_000),
  },
  {
    alarm: 'IngestThrottles',
    did: 'The account had one instance left, and 5 events arrived at the same time.',
    ended: 'The account had instances again.',
    values: 'derived: invocations that overlap (nothing local throttles)',
    async cause({ stack, concurrency }) {
      concurrency.left = 1;
      const { ingest } = stack.pids();
      process.kill(ingest!, 'SIGSTOP');
      const answers = Array.from({ length: 5 }, () => stack.post(payment()));
      await sleep(300);
      process.kill(ingest!, 'SIGCONT');
      await Promise.all(answers);
    },
    async end({ concurrency }) {
      concurrency.left = Number.POSITIVE_INFINITY;
    },
  },
  {
    alarm: 'WorkerThrottles',
    did: 'The account had one instance left, and two batches were ready at the same time.',
    ended: 'The account had instances again.',
    values: 'derived: invocations that overlap (nothing local throttles)',
    async cause({ stack, concurrency }) {
      concurrency.left = 1;
      const { worker } = stack.pids();
      process.kill(worker!, 'SIGSTOP');
      await handToWorker(stack);
      await handToWorker(stack);
      process.kill(worker!, 'SIGCONT');
      await until(async () => (await stack.counts()).events === 0, 30_000);
    },
    async end({ concurrency }) {
      concurrency.left = Number.POSITIVE_INFINITY;
    },
  },
  {
    alarm: 'EventsFailed',
    ...DENIED,
    values: 'metrics that the worker printed',
  },
  {
    alarm: 'OldestMessage',
    ...DENIED,
    values: 'derived: the emulated queue, and the drill’s clock',
  },
  {
    alarm: 'EventsNotUnderstood',
    ...POISONED,
    values: 'metrics that the worker printed',
  },
  {
    alarm: 'DeadLetters',
    ...POISONED,
    values: 'the emulated queue',
  },
  {
    alarm: 'DeadLettersExpiring',
    ...POISONED,
    did: `${POISONED.did} Its dead letter was left alone.`,
    values: 'derived: the emulated queue, and the drill’s clock',
  },
  {
    alarm: 'EventBridgeDeadLetters',
    did: 'A message was put into the queue as EventBridge puts it there if the event queue refuses an event.',
    ended: '`redrive --all` sent the event to the queue, and it reached its row.',
    values: 'the emulated queue (no emulator of EventBridge has dead letters)',
    async cause({ stack }, first) {
      if (!first) return;
      const detail = payment();
      await stack.sourceDeadLetter(
        JSON.stringify({ version: '0', 'detail-type': detail.type, source: SOURCE, detail }),
      );
    },
    async end(drill) {
      const applied = () => drill.lines('recorded') + drill.lines('waiting');
      const before = applied();
      await drill.stack.redrive();
      await until(() => applied() > before, 30_000);
    },
  },
  {
    alarm: 'WorkerErrors',
    did: 'The process of the worker was killed while it had a batch.',
    ended: 'The local stack restarted it, and the batch was retried.',
    values: 'failed invocations',
    cause: (drill) => killAtWork(drill, 'worker', () => handToWorker(drill.stack), 5_000),
    end: ({ stack }) => until(async () => (await stack.counts()).events === 0, 30_000),
  },
  {
    alarm: 'TablesThrottled',
    did: 'In each period, DynamoDB throttled two requests of the worker.',
    ended: 'DynamoDB accepted everything again.',
    values: 'derived: what a proxy in front of the emulated DynamoDB refused',
    async cause({ stack }) {
      stack.dynamodb.treat({ throttle: 2 });
      await allIsWell({ stack });
    },
    async end({ stack }) {
      stack.dynamodb.treat('pass');
    },
  },
  {
    alarm: 'ReconcileErrors',
    did: 'A revoked API key was stored, and reconcile ran each hour against a fake of Stripe’s API.',
    ended: 'The key was removed.',
    values: 'failed invocations',
    async cause({ stack }) {
      stack.storeSecret('stripeapikey', '{"apiKey":"rk_test_revoked"}');
      const { failed } = await stack.reconcile();
      if (!failed) throw new Error('reconcile did not fail with a revoked key');
    },
    async end({ stack }) {
      stack.storeSecret('stripeapikey');
      if ((await stack.reconcile()).failed) throw new Error('reconcile failed without a key');
    },
  },
];

/** @param changeFeed whether it runs */
export function drillsOf(changeFeed: boolean): readonly Drill[] {
  return changeFeed ? [...PIPELINE_DRILLS, ...FEED_DRILLS] : PIPELINE_DRILLS;
}

export const FEED_ALARMS: readonly string[] = FEED_DRILLS.map(({ alarm }) => alarm);

/** Ends a process; the local stack starts another, as Lambda starts a new instance. */
async function restart(stack: StackUnderDrill, functionName: string): Promise<void> {
  const pid = stack.pids()[functionName]!;
  process.kill(pid, 'SIGKILL');
  await until(() => stack.pids()[functionName] !== pid, 10_000);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
