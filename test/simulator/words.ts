// The steps of a run in words, for a reader of its record.

import type { Fate } from './actions.js';
import type { Answer } from './effects.js';
import { describe, detail, isWrite } from './requests.js';
import type { Request, Worker } from './world.js';

/** What a write sets, in front of what became of it. */
export function written(name: string, input: unknown): string {
  const { Item, ExpressionAttributeValues } = input as {
    Item?: unknown;
    ExpressionAttributeValues?: Record<string, unknown>;
  };
  if (name === 'PutCommand') return ` {${detail(Item)}}`;
  if (name !== 'UpdateCommand') return '';
  const values = Object.entries(ExpressionAttributeValues ?? {}).map(([key, value]) => [key.slice(1), value]);
  return ` {${values.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(', ')}}`;
}

/** What became of a request. */
export function outcome(request: Request, fate: Fate, { output, error }: Answer): string {
  const effect = error
    ? 'its condition does not hold'
    : output === undefined || isWrite(request.name)
      ? 'landed'
      : found(output);
  const sets = written(request.name, request.input);
  switch (fate) {
    case 'landed':
      return `${sets}: ${effect}`;
    case 'landed-stale':
      return `, as it was before: ${effect}`;
    case 'landed-resent':
      return `${sets}: ${effect}; the answer is lost, and the SDK sends it again`;
    case 'late-resent':
      return `${sets}: held up in the network, and the SDK sends it again`;
    case 'failed':
      return `${sets}: failed without effect`;
    case 'landed-failed':
      return `${sets}: ${effect}; the answer is lost, and the worker sees a failure`;
    case 'late-failed':
      return `${sets}: held up in the network, and the worker sees a failure`;
    case 'partly':
      return `: answered, the rest unprocessed: ${request.left!.map(({ what }) => what).join(' + ')}`;
  }
}

function found(output: unknown): string {
  const { Responses, Items } = output as { Responses?: Record<string, unknown[]>; Items?: unknown[] };
  const items = [...Object.values(Responses ?? {}).flat(), ...(Items ?? [])] as Record<string, unknown>[];
  if (items.length === 0) return 'found nothing';
  return `found ${items
    .map((item) => `${item.sk ?? item.transaction_id ?? item.customer_key}${detail(item) ? ` {${detail(item)}}` : ''}`)
    .join(' and ')}`;
}

/** The writes that a worker leaves behind when it dies or its time is over. */
export function underWay(worker: Worker): string {
  const writes = worker.requests.filter(({ name }) => isWrite(name));
  return writes.length === 0
    ? ''
    : `, with under way: ${writes.map(({ name, input }) => describe(name, input)).join('; ')}`;
}
