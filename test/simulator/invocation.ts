// One invocation of the worker function: the world's `processBatch`, whose requests wait for the scheduler.

import { mustBeRetried } from '../../contract/outcomes.js';
import { resume } from './pauses.js';
import type { Worker, World } from './world.js';

/** Starts on the worker's messages; what comes of it is written into the world. */
export function invoke(world: World, worker: Worker): void {
  resume(worker);
  world
    .processBatch(
      { tables: world.engine.tables, client: clientOf(worker) as never, signal: signalOf(worker) as never },
      world.settings,
      worker.messages.map(({ id, body }) => ({ messageId: id, body })),
    )
    .then(
      (results) => {
        if (worker.state !== 'dead') report(world, worker, results);
      },
      (error) => {
        world.broken ??= `processBatch throws: ${error}`;
        release(world, worker);
      },
    );
}

/** The worker is gone, and its messages are in nobody's hands. */
export function release(world: World, worker: Worker): void {
  for (const message of worker.messages) message.holders--;
  world.workers.splice(world.workers.indexOf(worker), 1);
}

/** An error as the SDK throws it. */
export function sdkError(name: 'AbortError' | 'TimeoutError'): Error {
  return Object.assign(new Error('simulated'), { name });
}

function clientOf(worker: Worker) {
  return {
    send: ({ constructor: { name }, input }: { constructor: { name: string }; input: unknown }) =>
      new Promise((resolve, reject) => {
        if (worker.state === 'timed out') reject(sdkError('AbortError'));
        else worker.requests.push({ worker, name, input, resolve, reject, attempts: 1 });
      }),
  };
}

function signalOf(worker: Worker) {
  return {
    throwIfAborted() {
      if (worker.state === 'timed out') throw sdkError('AbortError');
    },
  };
}

/** The queue forgets the messages that the worker does not report as failed. */
function report(world: World, worker: Worker, results: Awaited<ReturnType<World['processBatch']>>): void {
  const failed = new Set<string>();
  for (const result of results) {
    if (result.outcome === 'not_understood') world.broken ??= `${result.messageId} is not understood: ${result.reason}`;
    if (mustBeRetried(result)) failed.add(result.messageId);
  }
  for (const message of worker.messages) if (!failed.has(message.id)) message.acknowledged = true;
  worker.state = 'done';
  world.finished++;
  release(world, worker);
  const reported = failed.size > 0 ? `; it reports as failed ${[...failed].join(', ')}` : '';
  world.record?.(`worker ${worker.number} is done${reported}`);
}
