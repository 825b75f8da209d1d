// A proxy between the functions and DynamoDB that refuses requests as AWS would.

import { type HttpProxy, startProxy } from '../support/fakes/proxy.js';

/** What becomes of requests: they pass, the function's role may not send them, or the next few are throttled. */
export type Treatment = 'pass' | 'deny' | { readonly throttle: number };

export interface ThrottledRequest {
  readonly kind: 'Read' | 'Write';
  readonly table: string;
}

export interface DynamoDBProxy extends HttpProxy {
  treat(treatment: Treatment): void;
}

const WRITES = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);
const TYPE_PREFIX = 'com.amazonaws.dynamodb.v20120810#';

/** @param onThrottle called for each table of a request that was throttled */
export async function startDynamoDBProxy(
  target: string,
  onThrottle: (request: ThrottledRequest) => void,
): Promise<DynamoDBProxy> {
  let treatment: Treatment = 'pass';
  const proxy = await startProxy(target, ({ incoming, outgoing, body, pass }) => {
    const refuse = (type: string) =>
      outgoing.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify({ __type: type }));
    const pipe = () =>
      pass((response) => {
        outgoing.writeHead(response.statusCode!, response.headers);
        response.pipe(outgoing);
      });
    // The streams are another service, and not the worker's.
    if (String(incoming.headers['x-amz-target']).startsWith('DynamoDBStreams')) return pipe();
    if (treatment === 'deny') return void refuse('com.amazon.coral.service#AccessDeniedException');
    if (typeof treatment === 'object' && treatment.throttle > 0) {
      treatment = { throttle: treatment.throttle - 1 };
      const operation = String(incoming.headers['x-amz-target']).split('.').at(-1)!;
      const kind = WRITES.has(operation) ? 'Write' : 'Read';
      for (const table of tablesOf(JSON.parse(body.toString()))) onThrottle({ kind, table });
      return void refuse(`${TYPE_PREFIX}ThrottlingException`);
    }
    pipe();
  });
  return {
    ...proxy,
    treat(next) {
      treatment = next;
    },
  };
}

function tablesOf({ TableName, RequestItems }: { TableName?: string; RequestItems?: object }): string[] {
  return TableName === undefined ? Object.keys(RequestItems ?? {}) : [TableName];
}
