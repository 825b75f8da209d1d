// How a request takes effect on the tables: whole or item by item, now or later.

import { describe, isWrite, type Part, partsOf } from './requests.js';
import type { Request, World } from './world.js';

/** What a request is answered with. */
export interface Answer {
  readonly output?: unknown;
  readonly error?: unknown;
}

/** Applies what is left of a request. @returns its answer; a condition that does not hold is an answer, too */
export function apply(world: World, request: Request, stale: boolean): Answer {
  try {
    if (!request.left) return { output: world.engine.answer(request.name, request.input, stale) };
    while (request.left.length > 0) applyPart(world, request, 0, stale);
    return { output: { Responses: request.read } };
  } catch (error) {
    if (!isFailedCondition(error)) throw error;
    return { error };
  }
}

/** Reads or writes one item of a batch request, and keeps what was read for the answer. @returns the item */
export function applyPart(world: World, request: Request, index: number, stale: boolean): Part {
  request.left ??= partsOf(request.name, request.input);
  const part = request.left.splice(index, 1)[0]!;
  const { Responses } = world.engine.answer(part.name, part.input, stale) as { Responses?: Record<string, unknown[]> };
  for (const [table, items] of Object.entries(Responses ?? {})) {
    request.read ??= {};
    request.read[table] = [...(request.read[table] ?? []), ...items];
  }
  return part;
}

/** The answer of a batch request of which only a part was read or written. */
export function partialAnswer(request: Request): Answer {
  const unprocessed: Record<string, { Keys: unknown[] } | unknown[]> = {};
  for (const { input } of request.left!) {
    for (const [table, each] of Object.entries(input.RequestItems as Record<string, { Keys: unknown[] } | unknown[]>)) {
      const known = unprocessed[table];
      if (Array.isArray(each)) unprocessed[table] = [...((known as unknown[]) ?? []), ...each];
      else unprocessed[table] = { ...each, Keys: [...((known as { Keys: unknown[] })?.Keys ?? []), ...each.Keys] };
    }
  }
  return {
    output:
      request.name === 'BatchGetCommand'
        ? { Responses: request.read, UnprocessedKeys: unprocessed }
        : { UnprocessedItems: unprocessed },
  };
}

/** Leaves a copy of each write in the network, which may land any time later. */
export function holdUp(world: World, request: Request): void {
  if (!isWrite(request.name)) return;
  const parts: readonly { name: string; input: unknown }[] =
    request.name === 'BatchWriteCommand' ? (request.left ?? partsOf(request.name, request.input)) : [request];
  for (const { name, input } of parts)
    world.copies.push({
      worker: request.worker.number,
      state: request.worker.state,
      name,
      input,
      what: describe(name, input),
    });
}

export function isFailedCondition(error: unknown): boolean {
  return (error as Error).name === 'ConditionalCheckFailedException';
}
