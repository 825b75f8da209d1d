// Whether the events that Stripe delivers and those that `reconcile` fetches are rendered in the same API version.

import type { Stripe } from 'stripe';
import { STRIPE_API_VERSION, withRateLimitRetry } from '../functions/stripe/client.js';
import { explain } from './errors.js';
import type { Output } from './output.js';

/** Where Stripe delivers events. */
type Receiver = 'endpoint' | 'destination';

/**
 * Prints one warning if both versions are known and differ. Never throws because of Stripe: `connect` has done its work by then.
 *
 * @param version the receiver's, fixed when it was created; null or undefined if it uses the account's
 */
export async function warnIfVersionsDiffer(
  stripe: Stripe,
  receiver: Receiver,
  version: string | null | undefined,
  output: Output,
): Promise<void> {
  if (!version) return;
  let account: string | undefined;
  try {
    account = await accountVersion(stripe);
  } catch (error) {
    if (!(error as { type?: string }).type?.startsWith('Stripe')) throw error;
    return output.say(
      `Could not compare the API versions of the ${receiver} and of the account’s events. ${explain(error).message}`,
    );
  }
  if (account === undefined || account === version) return;
  output.item(
    { what: 'versions differ', [receiver]: version, account },
    `Warning: Stripe delivers events to this ${receiver} in API version ${version}, but the account’s newest event is in version ${account}.
An event that \`reconcile\` fetches can therefore differ from the delivered one; the tables keep the data of the greater version.
${remedy(receiver, version, account)}`,
  );
}

/**
 * The version that `reconcile` gets events in: that of the account's newest event, as no field of the account says it.
 *
 * "Each event data is rendered according to Stripe API version at its creation time, specified in event object `api_version`
 * attribute (not according to your current Stripe API version or `Stripe-Version` header)."
 * https://docs.stripe.com/api/events/list
 *
 * @returns undefined if there is no such event in the last 30 days
 */
async function accountVersion(stripe: Stripe): Promise<string | undefined> {
  const { data } = await withRateLimitRetry(() => stripe.events.list({ limit: 100 }));
  // A connected account's event has an `account`, and need not be in the platform's version.
  return data.find(({ account, api_version }) => !account && api_version)?.api_version ?? undefined;
}

/** Neither an endpoint nor a destination can change its version, so only a new one or another version of the account helps. */
function remedy(receiver: Receiver, version: string, account: string): string {
  const upgrade =
    'Upgrade the account’s default API version in Stripe’s Workbench, once everything else that uses it is ready';
  const recreate =
    receiver === 'endpoint'
      ? 'run `disconnect`, `connect`, and then `reconcile --all` for the events in between'
      : 'run `disconnect --event-bridge` and `connect --event-bridge`, deploy with the new event source, and then run `reconcile --all` for the events in between';
  if (account === STRIPE_API_VERSION) return `To use ${account} for both, ${recreate}.`;
  if (account < version) return `${upgrade}.`;
  if (account < STRIPE_API_VERSION) return `${upgrade}. Then ${recreate}.`;
  return `This release is tested with version ${STRIPE_API_VERSION}: look for a newer release of stripe-partner-sync.`;
}
