// A store whose requests a test can watch, hold up, or answer in the engine's place.

import type { StoreContext } from '../../../functions/store/requests.js';

/** @param answer gets the command's name (such as `PutCommand`), its input, and `send`, which passes it on to the engine */
export function intercepted(
  engine: StoreContext,
  answer: (name: string, input: Readonly<Record<string, unknown>>, send: () => Promise<unknown>) => unknown,
): StoreContext {
  const send = async (command: { constructor: { name: string }; input: Record<string, unknown> }, options: object) =>
    answer(command.constructor.name, command.input, () => engine.client.send(command as never, options));
  return { ...engine, client: { send: send as never } };
}
