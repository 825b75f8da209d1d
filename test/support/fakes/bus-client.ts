// A client of EventBridge that reaches a bus in this process without HTTP, for proofs that send millions of events.

import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { PutEvents } from '../../../functions/feed/entries.js';
import type { EventBus } from '../../../local/event-bus.js';

/** @param before is called with the entries of each request; what it throws, the request throws */
export function busClient(
  bus: EventBus,
  before: (entries: readonly PutEventsRequestEntry[]) => void = () => {},
): PutEvents {
  return {
    send: (async ({ input }: { input: { Entries: PutEventsRequestEntry[] } }) => {
      before(input.Entries);
      const entries = input.Entries.map(({ Time, ...entry }) => ({
        ...entry,
        ...(Time ? { Time: Time.getTime() / 1000 } : {}),
      }));
      return { Entries: bus.put(entries as Parameters<EventBus['put']>[0]) };
    }) as never,
  };
}
