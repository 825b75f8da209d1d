// The console's server. Its pages are loaded when they are first asked for, so that the stack starts no later for them.

import { createServer, type RequestListener, type Server } from 'node:http';
import type { StackFile } from '../contract/stack-file.js';
import type { ActivityLog } from './activity.js';
import type { EventBus } from './event-bus.js';
import { close, listen } from './servers.js';
import type { ResolvedResource, Template } from './template.js';

/** What the console is given of the stack that it shows. */
export interface ConsoleContext {
  readonly stack: StackFile;
  readonly template: Template;
  /** What the template's resources are called here. */
  readonly resources: ReadonlyMap<string, ResolvedResource>;
  readonly activity: ActivityLog;
  /** Where the change feed's events are, if it runs. */
  readonly changeFeed?: EventBus;
}

export interface Console {
  readonly listener: RequestListener;
  close(): void;
}

export type ConsoleFactory = (context: ConsoleContext) => Promise<Console>;

/** @param port if it is taken, any free one. A page that is open finds it again after a restart. @returns the URL */
export async function serveConsole(
  factory: ConsoleFactory,
  port: number,
  context: () => ConsoleContext,
  onStop: (stop: () => Promise<void>) => void,
): Promise<string> {
  const server = createConsoleServer(factory, context);
  const taken = await listen(server, port).catch(() => listen(server, 0));
  onStop(() => {
    // A page that is open holds a stream that never ends.
    server.closeAllConnections();
    return close(server);
  });
  return `http://127.0.0.1:${taken}/`;
}

function createConsoleServer(factory: ConsoleFactory, context: () => ConsoleContext): Server {
  let opening: Promise<Console> | undefined;
  const server = createServer((request, response) => {
    opening ??= factory(context());
    opening.then(
      ({ listener }) => listener(request, response),
      (error) => {
        opening = undefined;
        process.stderr.write(`The console could not be loaded: ${error instanceof Error ? error.message : error}\n`);
        response.writeHead(500, { 'content-type': 'text/plain' }).end('The console could not be loaded.');
      },
    );
  });
  server.on('close', () => opening?.then(({ close }) => close()));
  return server;
}
