// A proxy between the functions and DynamoDB that refuses requests as AWS would.

import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of requests: they pass, the function's role may not send them, or the next few are throttled. */
export type Treatment = 'pass' | 'deny' | { readonly throttle: number };

export interface ThrottledRequest {
  readonly kind: 'Read' | 'Write';
  readonly table: string;
}

export interface DynamoDBProxy {
  readonly endpoint: string;
  treat(treatment: Treatment): void;
  stop(): Promise<void>;
}

const WRITES = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);
const TYPE_PREFIX = 'com.amazonaws.dynamodb.v20120810#';

/** @param onThrottle called for each table of a request that was throttled */
export async function startDynamoDBProxy(
  target: string,
  onThrottle: (request: ThrottledRequest) => void,
): Promise<DynamoDBProxy> {
  const { hostname, port } = new URL(target);
  let treatment: Treatment = 'pass';
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const refuse = (type: string) =>
      outgoing.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify({ __type: type }));
    if (treatment === 'deny') return void refuse('com.amazon.coral.service#AccessDeniedException');
    if (typeof treatment === 'object' && treatment.throttle > 0) {
      treatment = { throttle: treatment.throttle - 1 };
      const operation = String(incoming.headers['x-amz-target']).split('.').at(-1)!;
      const kind = WRITES.has(operation) ? 'Write' : 'Read';
      for (const table of tablesOf(JSON.parse(body.toString()))) onThrottle({ kind, table });
      return void refuse(`${TYPE_PREFIX}ThrottlingException`);
    }
    const { host: _, ...headers } = incoming.headers;
    const passed = forward(
      {
        hostname,
        port,
        method: incoming.method,
        path: incoming.url,
        headers: { ...headers, host: `${hostname}:${port}` },
      },
      (response) => {
        outgoing.writeHead(response.statusCode!, response.headers);
        response.pipe(outgoing);
      },
    );
    passed.on('error', () => incoming.socket.destroy());
    passed.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    treat(next) {
      treatment = next;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function tablesOf({ TableName, RequestItems }: { TableName?: string; RequestItems?: object }): string[] {
  return TableName === undefined ? Object.keys(RequestItems ?? {}) : [TableName];
}
