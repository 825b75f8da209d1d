// The event destination in Stripe that puts events on an Amazon EventBridge bus, with exactly the event types that the settings need.
// Its shape: https://docs.stripe.com/api/v2/core/event-destinations/create

import type { Stripe } from 'stripe';
import type { Settings } from '../contract/settings.js';
import { isWantedMode, subscribedTypes } from '../functions/domain/decide.js';
import { STRIPE_API_VERSION, withRateLimitRetry } from '../functions/stripe/client.js';
import { warnIfVersionsDiffer } from './api-versions.js';
import { OperatorError } from './errors.js';
import type { Output } from './output.js';

/** Where the events go. */
export interface Bus {
  readonly accountId: string;
  readonly region: string;
}

export interface Destination {
  /** What Stripe shows, such as `stage prod`. Tells the destinations of several stacks in one account apart. */
  readonly name: string;
  /** The partner event source that the stack already has: then the destination is the one that feeds it. */
  readonly source?: string | undefined;
  readonly settings: Settings;
  readonly bus: Bus;
}

type EventDestination = Omit<
  Awaited<ReturnType<Stripe['v2']['core']['eventDestinations']['retrieve']>>,
  'lastResponse'
>;

/**
 * The account and the region of a queue, which are those of its stack.
 *
 * @throws {OperatorError} if neither the queue's URL nor the options say
 */
export function busOf(queueUrl: string, accountId: string | undefined, region: string | undefined): Bus {
  const [, regionOfQueue, accountOfQueue] =
    /^https:\/\/sqs\.([a-z0-9-]+)\.amazonaws\.com\/(\d{12})\//.exec(queueUrl) ?? [];
  const bus = { accountId: accountId ?? accountOfQueue ?? '', region: region ?? regionOfQueue ?? '' };
  if (!/^\d{12}$/.test(bus.accountId))
    throw new OperatorError('say which AWS account the events go to: --aws-account and its 12 digits', 2);
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(bus.region))
    throw new OperatorError('say which AWS region the events go to: --aws-region, such as eu-west-1', 2);
  return bus;
}

/** Idempotent: changes only what differs. Prints the partner event source, which the next deployment needs. */
export async function connectEventBridge(
  stripe: Stripe,
  destination: Destination,
  { dryRun }: { readonly dryRun: boolean },
  output: Output,
): Promise<void> {
  const { settings, bus } = destination;
  const wanted = subscribedTypes(settings);
  const found = await find(stripe, destination);
  const enabled = found?.enabled_events ?? [];
  const place = `account ${bus.accountId}, ${bus.region}`;
  const differences = [
    ...(found ? [] : [{ what: 'create destination', value: place }]),
    ...wanted.filter((type) => !enabled.includes(type)).map((value) => ({ what: 'add event', value })),
    ...enabled.filter((type) => !wanted.includes(type)).map((value) => ({ what: 'remove event', value })),
  ];
  for (const difference of differences)
    output.item(difference, `${dryRun ? 'would ' : ''}${difference.what}  ${difference.value}`);
  if (differences.length === 0)
    output.item(
      { what: 'nothing to do', value: place },
      `The destination for ${place} already has the right event types.`,
    );
  const made = dryRun ? found : differences.length === 0 ? found! : await write(stripe, destination, found);
  if (made) sayWhatIsNext(made, output);
  // A thin destination has no version: the worker fetches its snapshot events, in the account's.
  await warnIfVersionsDiffer(stripe, 'destination', made ? made.snapshot_api_version : STRIPE_API_VERSION, output);
}

export async function disconnectEventBridge(stripe: Stripe, destination: Destination, output: Output): Promise<void> {
  const found = await find(stripe, destination);
  const { accountId, region } = destination.bus;
  const value = `account ${accountId}, ${region}`;
  if (!found) return output.item({ what: 'nothing to do', value }, `Stripe has no destination for ${value}.`);
  await withRateLimitRetry(() => stripe.v2.core.eventDestinations.del(found.id));
  output.item({ what: 'delete destination', value }, `deleted the destination for ${value}`);
}

/** One whose event source was deleted in AWS never works again: Stripe disables it, and a new one is needed. */
async function find(stripe: Stripe, { name, source, bus }: Destination): Promise<EventDestination | undefined> {
  return withRateLimitRetry(async () => {
    for await (const each of stripe.v2.core.eventDestinations.list({ limit: 100 })) {
      const to = each.amazon_eventbridge;
      if (!to || to.aws_event_source_status === 'deleted') continue;
      if (to.aws_account_id !== bus.accountId || to.aws_event_source_arn.split(':')[3] !== bus.region) continue;
      if (source === undefined ? each.name === titleOf(name) : sourceOf(each) === source) return each;
    }
    return undefined;
  });
}

async function write(
  stripe: Stripe,
  { name, settings, bus }: Destination,
  found: EventDestination | undefined,
): Promise<EventDestination> {
  const { eventDestinations } = stripe.v2.core;
  const enabled_events = subscribedTypes(settings);
  if (found) return withRateLimitRetry(() => eventDestinations.update(found.id, { enabled_events }));
  const made = await withRateLimitRetry(() =>
    eventDestinations.create({
      name: titleOf(name),
      type: 'amazon_eventbridge',
      event_payload: 'snapshot',
      snapshot_api_version: STRIPE_API_VERSION,
      events_from: ['self'],
      enabled_events,
      amazon_eventbridge: { aws_account_id: bus.accountId, aws_region: bus.region },
    }),
  );
  if (isWantedMode(made, settings.livemode)) return made;
  // The rule would let none of its events through.
  await eventDestinations.del(made.id);
  throw new OperatorError(
    `the API key belongs to Stripe’s ${made.livemode ? 'live' : 'test'} mode, and the stack wants ${settings.livemode} events: use a key of that mode`,
    2,
  );
}

function titleOf(name: string): string {
  return name === '' ? 'stripe-partner-sync' : `stripe-partner-sync, ${name}`;
}

/** `arn:aws:events:REGION::event-source/aws.partner/stripe.com/ed_…` */
function sourceOf({ amazon_eventbridge }: EventDestination): string {
  const arn = amazon_eventbridge?.aws_event_source_arn ?? '';
  return arn.slice(arn.indexOf('/') + 1);
}

function sayWhatIsNext(destination: EventDestination, output: Output): void {
  const source = sourceOf(destination);
  const status = destination.amazon_eventbridge?.aws_event_source_status;
  const next =
    status === 'active'
      ? 'AWS has accepted it: events arrive.'
      : `Next, within 7 days: set eventBridgeSource: '${source}' in lib/stages.ts or in the construct’s props, and deploy.`;
  output.item({ what: 'event source', value: source, status }, `event source  ${source} (${status})\n${next}`);
}
