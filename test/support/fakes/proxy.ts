// An HTTP proxy whose requests a test may answer itself, delay or cut off.

import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpProxy {
  readonly endpoint: string;
  stop(): Promise<void>;
}

export interface ProxiedRequest {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly body: Buffer;
  /** Sends the request on, without the header `x-fault`. A connection that breaks breaks the sender's, too. */
  pass(onResponse: (response: IncomingMessage) => void): void;
}

/** @param handle answers each request, or passes it on */
export async function startProxy(endpoint: string, handle: (request: ProxiedRequest) => void): Promise<HttpProxy> {
  const { hostname, port } = new URL(endpoint);
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const pass: ProxiedRequest['pass'] = (onResponse) => {
      const { 'x-fault': _, ...headers } = incoming.headers;
      const { method, url: path } = incoming;
      const options = { hostname, port, method, path, headers: { ...headers, host: `${hostname}:${port}` } };
      forward(options, onResponse)
        .on('error', () => incoming.socket.destroy())
        .end(body);
    };
    handle({ incoming, outgoing, body, pass });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
