// Histories of Stripe events, and ways to put them through the worker's own code.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../../contract/settings.js';
import type { StoreContext } from '../../../functions/store/requests.js';
import { type Processed, processBatch } from '../../../functions/worker/process-batch.js';

export interface Event {
  readonly id: string;
  readonly type: string;
  readonly created: number;
  /** The version of Stripe's API that rendered it. */
  readonly api_version?: string;
  readonly livemode: boolean;
  readonly data: { readonly object: Record<string, unknown> };
}

export interface Example {
  readonly name: string;
  readonly rule: string;
  readonly settings: Omit<Settings, 'livemode'>;
  readonly events: readonly Event[];
  readonly customers: readonly Record<string, unknown>[];
  readonly transactions: readonly Record<string, unknown>[];
}

/** The worked examples of the contract: a history, and the rows it ends in. */
export function examples(): Example[] {
  const folder = join(__dirname, '..', '..', 'examples');
  return readdirSync(folder).map((file) => ({
    ...JSON.parse(readFileSync(join(folder, file), 'utf8')),
    name: file.replace('.json', ''),
  }));
}

/** Puts events through the worker in batches; what fails is delivered again, as the queue would. */
export async function deliver(
  connection: StoreContext,
  settings: Settings,
  batches: readonly (readonly Event[])[],
): Promise<Processed[]> {
  const results: Processed[] = [];
  for (const batch of batches) {
    const messages = batch.map((event, i) => ({ messageId: String(i), body: JSON.stringify(event) }));
    results.push(...(await processBatch(connection, settings, messages)));
  }
  return results;
}

export function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, i) =>
    permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]),
  );
}

/** After this many receipts a message becomes a dead letter. */
const TRIES = 5;

/** Delivers batches one after the other, and what failed again, as the queue would. @throws where a message would become a dead letter */
export async function deliverUntilDone(
  connection: StoreContext,
  settings: Settings,
  batches: readonly (readonly Event[])[],
): Promise<void> {
  for (const batch of batches) {
    let left = batch.map((event) => ({ messageId: event.id, body: JSON.stringify(event) }));
    for (let attempt = 0; left.length > 0; attempt++) {
      if (attempt === TRIES) throw new Error('the message would have moved to the dead-letter queue');
      const results = await processBatch(connection, settings, left);
      const failed = new Set(results.filter(({ outcome }) => outcome === 'failed').map(({ messageId }) => messageId));
      left = left.filter(({ messageId }) => failed.has(messageId));
    }
  }
}
