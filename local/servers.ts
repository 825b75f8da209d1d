// HTTP servers of the local stack: opened on 127.0.0.1 alone, and closed without cutting off a request.

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LocalStackError } from './error.js';

/** @returns the port. @param port 0: any free one @throws {LocalStackError} if the port is taken */
export async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new LocalStackError(
              `port ${port} is taken: stop what listens there, or choose another with --port (0: any free one)`,
            )
          : error,
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

export async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await closed;
}
